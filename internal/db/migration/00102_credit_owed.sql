-- +goose Up
-- what a site owes for credit that it spent and whose payment was taken back
ALTER TABLE account ADD COLUMN {{absent}} owed {amount} NOT NULL DEFAULT 0;
