-- +goose Up
-- roles that somebody made, of a site or ('') of the installation
CREATE TABLE IF NOT EXISTS access_role (
    site_id    {word} NOT NULL,
    name       {word} NOT NULL,
    patterns   {text} NOT NULL,
    created_at {time} NOT NULL,
    PRIMARY KEY (site_id, name)
) {{table}};
