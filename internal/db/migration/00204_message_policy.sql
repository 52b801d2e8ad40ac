-- +goose Up
-- the strategies of a site's own
CREATE TABLE IF NOT EXISTS policy (
    site_id    {word} NOT NULL,
    name       {word} NOT NULL,
    steps      {text} NOT NULL,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    PRIMARY KEY (site_id, name)
) {{table}};
