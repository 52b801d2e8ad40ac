-- +goose Up
-- messages to more recipients wait until a second person has approved them; 0 = none does
ALTER TABLE site ADD COLUMN {{absent}} review_above {int} NOT NULL DEFAULT 0;
