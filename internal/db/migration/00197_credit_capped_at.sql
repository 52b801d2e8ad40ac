-- +goose Up
-- when the reservation was counted for caps; 0 = it was not
ALTER TABLE reservation ADD COLUMN {{absent}} capped_at {time} NOT NULL DEFAULT 0;
