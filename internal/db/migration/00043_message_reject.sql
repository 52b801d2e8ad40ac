-- +goose Up
CREATE TABLE IF NOT EXISTS reject (
    site_id    {word} NOT NULL,
    message_id {id} NOT NULL,
    no         {int} NOT NULL,
    size       {int} NOT NULL,
    body       {bytes} NOT NULL,
    PRIMARY KEY (site_id, message_id, no)
) {{table}};
