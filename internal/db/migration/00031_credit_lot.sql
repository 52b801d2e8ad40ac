-- +goose Up
CREATE TABLE IF NOT EXISTS lot (
    site_id    {word} NOT NULL,
    seq        {int} NOT NULL,
    kind       {word} NOT NULL,
    opened     {amount} NOT NULL,
    expires_at {time} NOT NULL,
    remaining  {amount} NOT NULL,
    held       {amount} NOT NULL,
    spent      {amount} NOT NULL,
    expired    {amount} NOT NULL,
    cancelled  {amount} NOT NULL,
    live       {bool} NOT NULL,
    PRIMARY KEY (site_id, seq),
    UNIQUE (site_id, live, seq)
) {{table: fillfactor=50}};
