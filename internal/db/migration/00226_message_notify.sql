-- +goose Up
-- whether people are told when the message is done: 0 no, 1 as it asked itself, 2 as its site asked for all
ALTER TABLE message ADD COLUMN {{absent}} notify {int} NOT NULL DEFAULT 0;
