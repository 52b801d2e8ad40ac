-- +goose Up
-- events that nobody gave to those who listen yet; over all sites, since they are given in the order in which they happened
CREATE TABLE IF NOT EXISTS event_pending (
    id      {id} NOT NULL PRIMARY KEY,
    site_id {word} NOT NULL,
    type    {word} NOT NULL,
    at      {time} NOT NULL
) {{table: narrow}};
