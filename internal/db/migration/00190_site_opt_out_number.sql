-- +goose Up
-- the 080 number to opt out of the site's advertising by
ALTER TABLE site ADD COLUMN {{absent}} opt_out_number {word} NOT NULL DEFAULT '';
