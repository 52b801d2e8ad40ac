-- +goose Up
CREATE TABLE IF NOT EXISTS stat_day (
    site_id   {word} NOT NULL,
    kst_day   {word} NOT NULL,
    channel   {word} NOT NULL,
    strategy  {word} NOT NULL,
    provider  {word} NOT NULL,
    delivered {int} NOT NULL,
    failed    {int} NOT NULL,
    fell_back {int} NOT NULL,
    expired   {int} NOT NULL,
    cancelled {int} NOT NULL,
    cost      {amount} NOT NULL,
    refunded  {amount} NOT NULL,
    PRIMARY KEY (site_id, kst_day, channel, strategy, provider),
    UNIQUE (kst_day, site_id, channel, strategy, provider)
) {{table: fillfactor=70, narrow}};
