-- +goose Up
CREATE TABLE IF NOT EXISTS site (
    id         {word} NOT NULL PRIMARY KEY,
    name       {text} NOT NULL,
    state      {word} NOT NULL,
    created_at {time} NOT NULL
) {{table}};
