-- +goose Up
CREATE TABLE IF NOT EXISTS credit_usage (
    site_id       {word} NOT NULL,
    message_id    {id} NOT NULL,
    channel       {word} NOT NULL,
    id            {id} NOT NULL,
    seq           {int} NOT NULL,
    quantity      {int} NOT NULL,
    unit_cost     {amount} NOT NULL,
    refund_amount {amount} NOT NULL,
    created_at    {time} NOT NULL,
    PRIMARY KEY (site_id, message_id, channel),
    UNIQUE (site_id, id, message_id, channel)
) {{table: fillfactor=70}};
