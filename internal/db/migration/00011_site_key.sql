-- +goose Up
CREATE TABLE IF NOT EXISTS site_key (
    site_id    {word} NOT NULL PRIMARY KEY,
    stored     {bytes},
    created_at {time} NOT NULL
) {{table}};
