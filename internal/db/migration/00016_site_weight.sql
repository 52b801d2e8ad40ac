-- +goose Up
-- a site's part of the sending when several have much to send
ALTER TABLE site ADD COLUMN {{absent}} weight {int} NOT NULL DEFAULT 1;
