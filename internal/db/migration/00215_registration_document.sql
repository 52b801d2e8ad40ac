-- +goose Up
-- what a site shows to have a sender number registered, sealed with its key
CREATE TABLE IF NOT EXISTS registration_document (
    site_id  {word} NOT NULL,
    number   {word} NOT NULL,
    id       {id} NOT NULL,
    kind     {word} NOT NULL,
    media    {word} NOT NULL,
    size     {int} NOT NULL,
    title    {bytes} NOT NULL,
    body     {bytes} NOT NULL,
    added_at {time} NOT NULL,
    PRIMARY KEY (site_id, number, id)
) {{table}};
