-- +goose Up
CREATE TABLE IF NOT EXISTS account (
    site_id   {word} NOT NULL,
    available {amount} NOT NULL,
    held      {amount} NOT NULL,
    spent     {amount} NOT NULL,
    seq       {int} NOT NULL,
    at        {time} NOT NULL,
    hash      {bytes} NOT NULL,
    frees     {int} NOT NULL,
    free_sum  {bytes} NOT NULL,
    PRIMARY KEY (site_id)
) {{table: fillfactor=50}};
