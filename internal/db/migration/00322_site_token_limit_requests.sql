-- +goose Up
-- how many requests of a token are allowed a minute; 0 = any number, -1 = as many as the installation allows
ALTER TABLE site_token ADD COLUMN {{absent}} limit_requests {int} NOT NULL DEFAULT -1;
