-- +goose Up
-- what sites with a window against duplicates sent to whom, by a digest with the site's key
CREATE TABLE IF NOT EXISTS recent (
    site_id    {word} NOT NULL,
    digest     {id} NOT NULL,
    message_id {id} NOT NULL,
    owner      {id} NOT NULL,
    claimed_at {time} NOT NULL,
    expires_at {time} NOT NULL,
    PRIMARY KEY (site_id, digest),
    UNIQUE (expires_at, site_id, digest)
) {{table: fillfactor=70, narrow}};
