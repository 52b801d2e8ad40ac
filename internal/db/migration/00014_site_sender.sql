-- +goose Up
CREATE TABLE IF NOT EXISTS site_sender (
    site_id    {word} NOT NULL,
    number     {word} NOT NULL,
    state      {word} NOT NULL,
    default_of {word},
    created_at {time} NOT NULL,
    PRIMARY KEY (site_id, number),
    UNIQUE (default_of)
) {{table}};
