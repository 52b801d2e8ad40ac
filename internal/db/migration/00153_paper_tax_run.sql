-- +goose Up
-- a month whose tax invoices were issued, with what else was told of it
CREATE TABLE IF NOT EXISTS paper_tax_run (
    kst_month {word} NOT NULL,
    id        {id} NOT NULL,
    issued_at {time} NOT NULL,
    sealed    {bytes} NOT NULL,
    PRIMARY KEY (kst_month)
) {{table}};
