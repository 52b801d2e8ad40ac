-- +goose Up
-- under which idempotency key the message was accepted
ALTER TABLE message ADD COLUMN {{absent}} reply {id};
