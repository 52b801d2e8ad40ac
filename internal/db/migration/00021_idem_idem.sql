-- +goose Up
CREATE TABLE IF NOT EXISTS idem (
    site_id     {word} NOT NULL,
    digest      {id} NOT NULL,
    id          {id} NOT NULL,
    fingerprint {bytes} NOT NULL,
    status      {int} NOT NULL,
    body        {bytes},
    expires_at  {time} NOT NULL,
    PRIMARY KEY (site_id, digest),
    UNIQUE (expires_at, site_id, digest)
) {{table: fillfactor=70}};
