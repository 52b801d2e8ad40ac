-- +goose Up
-- from this much available credit on somebody wants to know; by default nobody ever does
ALTER TABLE account ADD COLUMN {{absent}} watch_from {amount} NOT NULL DEFAULT 9223372036854775807;
