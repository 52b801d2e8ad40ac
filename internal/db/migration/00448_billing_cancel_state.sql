-- +goose Up
-- the cancellations that wait for something, of all sites
CREATE INDEX {{absent}} billing_cancel_state ON billing_cancel (state, site_id);
