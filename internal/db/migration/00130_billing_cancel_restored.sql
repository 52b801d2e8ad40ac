-- +goose Up
-- the ledger's entry that restored the credit of a refused cancellation; 0 = none did
ALTER TABLE billing_cancel ADD COLUMN {{absent}} restored_seq {int} NOT NULL DEFAULT 0;
