-- +goose Up
-- the withdrawal that a cancellation is a part of
ALTER TABLE billing_cancel ADD COLUMN {{absent}} withdrawal_id {id};
