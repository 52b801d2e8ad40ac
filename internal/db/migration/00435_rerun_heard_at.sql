-- +goose Up
-- how far the second reading of a comparison came, in which other letters are heard; 0 = it has not begun
ALTER TABLE rerun ADD COLUMN {{absent}} heard_at {time} NOT NULL DEFAULT 0;
