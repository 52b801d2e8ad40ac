-- +goose Up
-- a line of an invoice; no is its line in the file, leg the digest of our reference
CREATE TABLE IF NOT EXISTS invoice_line (
    invoice_id  {id} NOT NULL,
    no          {int} NOT NULL,
    leg         {id},
    ref         {text},
    call_key    {id},
    call_id     {text},
    upstream_id {text},
    mobile      {bytes},
    channel     {word} NOT NULL,
    outcome     {word} NOT NULL,
    code        {word} NOT NULL,
    price       {amount} NOT NULL,
    billed      {bool} NOT NULL,
    sent_at     {time} NOT NULL,
    reported_at {time} NOT NULL,
    PRIMARY KEY (invoice_id, no),
    UNIQUE (invoice_id, leg, no),
    UNIQUE (invoice_id, call_key, no)
) {{table: fillfactor=70}};
