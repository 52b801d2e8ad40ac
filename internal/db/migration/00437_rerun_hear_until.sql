-- +goose Up
-- letters that came before are heard in it; 0 = nobody needs to be
ALTER TABLE rerun ADD COLUMN {{absent}} hear_until {time} NOT NULL DEFAULT 0;
