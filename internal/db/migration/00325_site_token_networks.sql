-- +goose Up
-- the networks that a token may be used from; absent or empty = any
ALTER TABLE site_token ADD COLUMN {{absent}} networks {text};
