-- +goose Up
-- the numbers that wait for the operator's decision, of all sites
CREATE INDEX {{absent}} site_sender_state ON site_sender (state, site_id);
