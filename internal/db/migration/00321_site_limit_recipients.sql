-- +goose Up
-- to how many recipients a site may send a minute; 0 = any number, -1 = as many as the installation allows
ALTER TABLE site ADD COLUMN {{absent}} limit_recipients {int} NOT NULL DEFAULT -1;
