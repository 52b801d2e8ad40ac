-- +goose Up
-- what proves which number a forgotten recipient had, to whoever names the number, while a carrier may report on him or bill him
CREATE TABLE IF NOT EXISTS forgotten (
    site_id    {word} NOT NULL,
    message_id {id} NOT NULL,
    seq        {int} NOT NULL,
    digest     {id} NOT NULL,
    until      {time} NOT NULL,
    PRIMARY KEY (site_id, message_id, seq),
    UNIQUE (until, site_id, message_id, seq)
) {{table: narrow}};
