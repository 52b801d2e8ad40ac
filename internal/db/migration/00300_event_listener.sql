-- +goose Up
-- which families of a site's events somebody outside wants; no row = none
CREATE TABLE IF NOT EXISTS event_listener (
    site_id  {word} NOT NULL PRIMARY KEY,
    families {int} NOT NULL
) {{table: narrow}};
