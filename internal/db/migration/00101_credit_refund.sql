-- +goose Up
CREATE TABLE IF NOT EXISTS credit_refund (
    site_id    {word} NOT NULL,
    id         {id} NOT NULL,
    message_id {id} NOT NULL,
    channel    {word} NOT NULL,
    amount     {amount} NOT NULL,
    takes      {text} NOT NULL,
    idem       {text},
    idem_key   {id},
    at         {time} NOT NULL,
    PRIMARY KEY (site_id, id),
    UNIQUE (site_id, message_id, id),
    UNIQUE (site_id, idem_key)
) {{table}};
