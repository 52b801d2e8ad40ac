-- +goose Up
-- to how many recipients a token may send a minute; 0 = any number, -1 = as many as the installation allows
ALTER TABLE site_token ADD COLUMN {{absent}} limit_recipients {int} NOT NULL DEFAULT -1;
