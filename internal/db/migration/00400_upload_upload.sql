-- +goose Up
-- a large body that arrives in pieces
CREATE TABLE IF NOT EXISTS upload (
    site_id    {word} NOT NULL,
    id         {id} NOT NULL,
    state      {word} NOT NULL,
    size       {amount} NOT NULL,
    created_at {time} NOT NULL,
    PRIMARY KEY (site_id, id),
    UNIQUE (created_at, site_id, id)
) {{table}};
