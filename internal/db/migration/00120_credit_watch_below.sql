-- +goose Up
-- below this much available credit somebody wants to know
ALTER TABLE account ADD COLUMN {{absent}} watch_below {amount} NOT NULL DEFAULT 0;
