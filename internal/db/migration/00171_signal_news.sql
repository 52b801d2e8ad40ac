-- +goose Up
-- what processes tell each other; a row lives for a minute
CREATE TABLE IF NOT EXISTS signal_news (
    at     {time} NOT NULL,
    id     {id} NOT NULL,
    sender {id} NOT NULL,
    topic  {word} NOT NULL,
    body   {bytes} NOT NULL,
    PRIMARY KEY (at, id)
) {{table}};
