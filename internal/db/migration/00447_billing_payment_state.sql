-- +goose Up
-- the payments that wait for something, of all sites
CREATE INDEX {{absent}} billing_payment_state ON billing_payment (state, site_id);
