-- +goose Up
-- ways in by a provider of OpenID Connect that were gone to their end, so that none is gone twice
CREATE TABLE IF NOT EXISTS identity_state (
    digest     {word} NOT NULL PRIMARY KEY,
    expires_at {time} NOT NULL
) {{table}};
