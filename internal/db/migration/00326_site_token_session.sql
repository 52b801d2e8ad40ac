-- +goose Up
-- 1 = it was given to a person who signed in
ALTER TABLE site_token ADD COLUMN {{absent}} session {int} NOT NULL DEFAULT 0;
