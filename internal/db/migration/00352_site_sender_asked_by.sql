-- +goose Up
-- who asked for the number to be approved, of those that were asked for
ALTER TABLE site_sender ADD COLUMN {{absent}} asked_by {text};
