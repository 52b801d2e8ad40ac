-- +goose Up
-- what the differences of a run add up to, by site, account and kind
CREATE TABLE IF NOT EXISTS rerun_sum (
    run_id   {id} NOT NULL,
    site_id  {word} NOT NULL,
    provider {word} NOT NULL,
    kind     {word} NOT NULL,
    legs     {int} NOT NULL,
    spend    {amount} NOT NULL,
    freed    {amount} NOT NULL,
    refund   {amount} NOT NULL,
    loss     {amount} NOT NULL,
    fallback {amount} NOT NULL,
    PRIMARY KEY (run_id, site_id, provider, kind)
) {{table: fillfactor=70}};
