-- +goose Up
-- when its site was told that it fails; 0 = not since it last answered
ALTER TABLE webhook_endpoint ADD COLUMN {{absent}} warned_at {time} NOT NULL DEFAULT 0;
