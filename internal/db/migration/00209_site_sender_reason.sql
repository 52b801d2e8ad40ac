-- +goose Up
-- why the operator decided on a number as he did, for its site
ALTER TABLE site_sender ADD COLUMN {{absent}} reason {text};
