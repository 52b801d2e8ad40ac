-- +goose Up
-- secrets that a token had before it was rotated, and until when each is still good
CREATE TABLE IF NOT EXISTS site_token_old (
    digest   {word} NOT NULL PRIMARY KEY,
    site_id  {word} NOT NULL,
    token_id {id} NOT NULL,
    until    {time} NOT NULL,
    UNIQUE (site_id, token_id, digest)
) {{table: fillfactor=70}};
