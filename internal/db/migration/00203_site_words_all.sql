-- +goose Up
-- digest of the installation's list of words that texts must not have; 0 = it is empty
ALTER TABLE site ADD COLUMN {{absent}} words_all {int} NOT NULL DEFAULT 0;
