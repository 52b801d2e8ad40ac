-- +goose Up
-- what whoever keeps it noted of it, sealed; of a list alone
ALTER TABLE upload ADD COLUMN {{absent}} about {bytes};
