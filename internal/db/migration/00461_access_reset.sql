-- +goose Up
-- links that set a forgotten password, by the digests of their tokens
CREATE TABLE IF NOT EXISTS access_reset (
    id         {id} NOT NULL PRIMARY KEY,
    user_id    {id} NOT NULL,
    digest     {word} NOT NULL,
    expires_at {time} NOT NULL,
    UNIQUE (user_id, id),
    UNIQUE (digest)
) {{table}};
