-- +goose Up
-- the end of a site's chain on one Korean day, signed
CREATE TABLE IF NOT EXISTS credit_head (
    site_id   {word} NOT NULL,
    kst_day   {word} NOT NULL,
    seq       {int} NOT NULL,
    hash      {bytes} NOT NULL,
    available {amount} NOT NULL,
    held      {amount} NOT NULL,
    spent     {amount} NOT NULL,
    signer    {word} NOT NULL,
    signature {bytes} NOT NULL,
    PRIMARY KEY (site_id, kst_day)
) {{table}};
