-- +goose Up
CREATE TABLE IF NOT EXISTS site_token (
    id           {id} NOT NULL PRIMARY KEY,
    site_id      {word} NOT NULL,
    name         {text} NOT NULL,
    abilities    {text} NOT NULL,
    digest       {word} NOT NULL,
    last4        {word} NOT NULL,
    created_at   {time} NOT NULL,
    expires_at   {time} NOT NULL,
    revoked_at   {time} NOT NULL,
    last_used_at {time} NOT NULL,
    UNIQUE (digest),
    UNIQUE (site_id, id)
) {{table: fillfactor=70}};
