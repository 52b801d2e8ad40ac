-- +goose Up
-- for how many seconds the same words do not go to the same number again; 0 = they do
ALTER TABLE site ADD COLUMN {{absent}} duplicate_window {int} NOT NULL DEFAULT 0;
