-- +goose Up
-- the letter at which it stands
ALTER TABLE rerun ADD COLUMN {{absent}} heard_id {id};
