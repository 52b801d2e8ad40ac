-- +goose Up
-- since when a document stays, whatever becomes of its number: it was approved or blocked then; 0 = it may be removed
ALTER TABLE registration_document ADD COLUMN {{absent}} kept_at {time} NOT NULL DEFAULT 0;
