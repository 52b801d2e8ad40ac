-- +goose Up
-- a tax invoice of an issued month, as it was written
CREATE TABLE IF NOT EXISTS paper_tax_row (
    kst_month {word} NOT NULL,
    no        {int} NOT NULL,
    site_id   {word} NOT NULL,
    kind      {word} NOT NULL,
    supply    {amount} NOT NULL,
    vat       {amount} NOT NULL,
    sealed    {bytes} NOT NULL,
    PRIMARY KEY (kst_month, no)
) {{table}};
