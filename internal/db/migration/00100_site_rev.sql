-- +goose Up
CREATE TABLE IF NOT EXISTS site_rev (
    site_id {word} NOT NULL PRIMARY KEY,
    rev     {int} NOT NULL
) {{table: fillfactor=70, narrow}};
