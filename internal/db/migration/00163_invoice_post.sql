-- +goose Up
-- what was posted of an invoice's proposals: one refund for legs of one usage; n is the first difference
CREATE TABLE IF NOT EXISTS invoice_post (
    invoice_id {id} NOT NULL,
    n          {int} NOT NULL,
    site_id    {word} NOT NULL,
    message_id {id} NOT NULL,
    channel    {word} NOT NULL,
    usage_id   {id} NOT NULL,
    refund_id  {id},
    legs       {int} NOT NULL,
    proposed   {amount} NOT NULL,
    amount     {amount} NOT NULL,
    at         {time} NOT NULL,
    PRIMARY KEY (invoice_id, n)
) {{table}};
