-- +goose Up
-- the processes that run, and those that were not heard of for less than an hour
CREATE TABLE IF NOT EXISTS signal_process (
    id         {id} NOT NULL PRIMARY KEY,
    host       {text} NOT NULL,
    pid        {int} NOT NULL,
    roles      {text} NOT NULL,
    version    {text} NOT NULL,
    ahead      {int} NOT NULL,
    started_at {time} NOT NULL,
    seen_at    {time} NOT NULL
) {{table: fillfactor=70}};
