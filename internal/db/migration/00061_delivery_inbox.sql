-- +goose Up
CREATE TABLE IF NOT EXISTS inbox (
    id          {id} NOT NULL,
    provider    {word} NOT NULL,
    state       {word} NOT NULL,
    received_at {time} NOT NULL,
    applied_at  {time} NOT NULL,
    reports     {int} NOT NULL,
    body        {bytes} NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (state, received_at, id)
) {{table: fillfactor=70}};
