-- +goose Up
-- what an upload is: empty = a body that arrives in pieces, list = a list that is kept
ALTER TABLE upload ADD COLUMN {{absent}} kind {word} NOT NULL DEFAULT '';
