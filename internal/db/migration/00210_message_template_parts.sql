-- +goose Up
-- what a template has besides its body and buttons, as JSON; null = nothing
ALTER TABLE template ADD COLUMN {{absent}} parts {text};
