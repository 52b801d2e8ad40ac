-- +goose Up
-- those of delivered of which it is known
ALTER TABLE stat_delta ADD COLUMN {{absent}} priced {int} NOT NULL DEFAULT 0;
