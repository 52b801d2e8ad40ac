-- +goose Up
-- when the message goes that the words were claimed for, as was to be expected then
ALTER TABLE recent ADD COLUMN {{absent}} goes_at {time} NOT NULL DEFAULT 0;
