-- +goose Up
CREATE TABLE IF NOT EXISTS event (
    site_id {word} NOT NULL,
    id      {id} NOT NULL,
    type    {word} NOT NULL,
    ref     {word} NOT NULL,
    data    {text} NOT NULL,
    at      {time} NOT NULL,
    PRIMARY KEY (site_id, id)
) {{table}};
