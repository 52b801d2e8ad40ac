-- +goose Up
-- from when on the site's messages count for caps; 0 = it has none
ALTER TABLE account ADD COLUMN {{absent}} capped_since {time} NOT NULL DEFAULT 0;
