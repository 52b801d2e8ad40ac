-- +goose Up
-- how long sites keep whom their messages went to
CREATE TABLE IF NOT EXISTS privacy_keeping (
    site_id {word} NOT NULL PRIMARY KEY,
    days    {int} NOT NULL,
    place   {id},
    ran_at  {time} NOT NULL
) {{table}};
