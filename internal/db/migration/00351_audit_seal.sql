-- +goose Up
-- what the audit rows of a site were when a Korean day was over, signed
CREATE TABLE IF NOT EXISTS audit_seal (
    site_id   {word} NOT NULL,
    kst_day   {word} NOT NULL,
    entries   {int} NOT NULL,
    digest    {bytes} NOT NULL,
    signer    {word} NOT NULL,
    signature {bytes} NOT NULL,
    PRIMARY KEY (site_id, kst_day),
    UNIQUE (kst_day, site_id)
) {{table}};
