-- +goose Up
-- how many recipients of a paced message are let go, in their order
ALTER TABLE message ADD COLUMN {{absent}} released {int} NOT NULL DEFAULT 0;
