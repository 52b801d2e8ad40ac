-- +goose Up
-- up to which message the run under way has looked; no id = none is under way
ALTER TABLE privacy_keeping ADD COLUMN {{absent}} passed {id};
