-- +goose Up
-- the messages that wait for a second person, of all sites
CREATE INDEX {{absent}} review_state ON review (state, asked_at);
