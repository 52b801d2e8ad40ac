-- +goose Up
-- whether the site's people want to be told of each message that is done
ALTER TABLE site ADD COLUMN {{absent}} notify_done {int} NOT NULL DEFAULT 0;
