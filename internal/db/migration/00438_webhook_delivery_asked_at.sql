-- +goose Up
-- when it was last asked for again; 0 = never
ALTER TABLE webhook_delivery ADD COLUMN {{absent}} asked_at {time} NOT NULL DEFAULT 0;
