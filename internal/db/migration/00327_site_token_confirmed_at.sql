-- +goose Up
-- when the person of a session last gave a second factor; 0 = not yet
ALTER TABLE site_token ADD COLUMN {{absent}} confirmed_at {time} NOT NULL DEFAULT 0;
