-- +goose Up
-- the ETag that the reply had
ALTER TABLE idem ADD COLUMN {{absent}} tag {word};
