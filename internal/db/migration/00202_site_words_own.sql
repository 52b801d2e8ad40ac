-- +goose Up
-- digest of the site's own list of words that its texts must not have; 0 = it is empty
ALTER TABLE site ADD COLUMN {{absent}} words_own {int} NOT NULL DEFAULT 0;
