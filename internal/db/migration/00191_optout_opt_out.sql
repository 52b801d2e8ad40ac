-- +goose Up
-- whom a site may not write to; the number is the alias that its key makes of it
CREATE TABLE IF NOT EXISTS opt_out (
    site_id  {word} NOT NULL,
    number   {id} NOT NULL,
    id       {id} NOT NULL,
    scope    {word} NOT NULL,
    source   {word} NOT NULL,
    added_at {time} NOT NULL,
    PRIMARY KEY (site_id, number),
    UNIQUE (site_id, added_at, number)
) {{table: narrow}};
