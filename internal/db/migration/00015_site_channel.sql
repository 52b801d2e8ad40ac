-- +goose Up
CREATE TABLE IF NOT EXISTS site_channel (
    site_id    {word} NOT NULL,
    digest     {id} NOT NULL,
    name       {text} NOT NULL,
    sender_key {word} NOT NULL,
    providers  {text} NOT NULL,
    created_at {time} NOT NULL,
    PRIMARY KEY (site_id, digest)
) {{table}};
