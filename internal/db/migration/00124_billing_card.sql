-- +goose Up
CREATE TABLE IF NOT EXISTS billing_card (
    site_id    {word} NOT NULL,
    id         {id} NOT NULL,
    gateway    {word} NOT NULL,
    state      {word} NOT NULL,
    place      {int} NOT NULL,
    idem_key   {id},
    token_key  {id},
    reason     {word},
    code       {text},
    papers     {bytes} NOT NULL,
    created_at {time} NOT NULL,
    PRIMARY KEY (site_id, id),
    UNIQUE (id),
    UNIQUE (site_id, idem_key),
    UNIQUE (token_key)
) {{table}};
