-- +goose Up
-- the 080 numbers that a site's advertisements bore: who calls an old one has opted out too
CREATE TABLE IF NOT EXISTS site_opt_out_number (
    number  {word} NOT NULL,
    site_id {word} NOT NULL,
    PRIMARY KEY (number, site_id)
) {{table}};
