-- +goose Up
-- what the vendors charge for what was delivered, as far as it is known
ALTER TABLE stat_day ADD COLUMN {{absent}} upstream {amount} NOT NULL DEFAULT 0;
