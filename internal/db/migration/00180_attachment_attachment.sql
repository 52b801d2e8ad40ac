-- +goose Up
-- a picture of a site; its bytes are in the blob store, sealed like its name
CREATE TABLE IF NOT EXISTS attachment (
    site_id    {word} NOT NULL,
    id         {id} NOT NULL,
    digest     {id} NOT NULL,
    name       {bytes} NOT NULL,
    size       {int} NOT NULL,
    width      {int} NOT NULL,
    height     {int} NOT NULL,
    created_at {time} NOT NULL,
    used_at    {time} NOT NULL,
    PRIMARY KEY (site_id, id),
    UNIQUE (site_id, digest),
    UNIQUE (used_at, site_id, id)
) {{table: fillfactor=70}};
