-- +goose Up
-- a payment (n: which time it became credit) or a cancellation (n = 0) and the tax invoice that it
-- stands in; no = 0 is none, as payment and cancellations made nothing together
CREATE TABLE IF NOT EXISTS paper_tax_item (
    site_id   {word} NOT NULL,
    item_id   {id} NOT NULL,
    n         {int} NOT NULL,
    kst_month {word} NOT NULL,
    no        {int} NOT NULL,
    supply    {amount} NOT NULL,
    vat       {amount} NOT NULL,
    PRIMARY KEY (site_id, item_id, n)
) {{table}};
