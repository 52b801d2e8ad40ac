-- +goose Up
-- by how many microseconds the clock of a test site was advanced; 0 at every other site
ALTER TABLE site ADD COLUMN {{absent}} clock_ahead {int} NOT NULL DEFAULT 0;
