-- +goose Up
CREATE TABLE IF NOT EXISTS site_installation (
    name       {word} NOT NULL PRIMARY KEY,
    stored     {bytes} NOT NULL,
    created_at {time} NOT NULL
) {{table}};
