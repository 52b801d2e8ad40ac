-- +goose Up
-- the plan of a site from a time on; an empty one is none
CREATE TABLE IF NOT EXISTS site_plan (
    site_id {word} NOT NULL,
    since   {time} NOT NULL,
    plan_id {word} NOT NULL,
    PRIMARY KEY (site_id, since),
    UNIQUE (plan_id, site_id, since)
) {{table}};
