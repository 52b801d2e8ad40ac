-- +goose Up
-- since when nothing tells any more whom the message was for
ALTER TABLE message ADD COLUMN {{absent}} forgotten_at {time} NOT NULL DEFAULT 0;
