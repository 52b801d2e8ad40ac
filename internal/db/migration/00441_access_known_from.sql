-- +goose Up
-- the last addresses that somebody signed in from, by keyed digests
ALTER TABLE access_user ADD COLUMN {{absent}} known_from {text};
