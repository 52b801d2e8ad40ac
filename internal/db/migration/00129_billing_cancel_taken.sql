-- +goose Up
-- the ledger's entry that took the credit back; 0 of what was cancelled before it was noted
ALTER TABLE billing_cancel ADD COLUMN {{absent}} taken_seq {int} NOT NULL DEFAULT 0;
