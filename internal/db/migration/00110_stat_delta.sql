-- +goose Up
CREATE TABLE IF NOT EXISTS stat_delta (
    site_id   {word} NOT NULL,
    id        {id} NOT NULL,
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
    PRIMARY KEY (site_id, id)
) {{table: narrow}};
