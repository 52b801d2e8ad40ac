-- +goose Up
CREATE TABLE IF NOT EXISTS job (
    job_key    {word} NOT NULL,
    kind       {word} NOT NULL,
    id         {id} NOT NULL,
    lane       {word} NOT NULL,
    site_id    {word} NOT NULL,
    state      {word} NOT NULL,
    place      {time} NOT NULL,
    due        {time} NOT NULL,
    turn       {time} NOT NULL,
    rev        {int} NOT NULL,
    tries      {int} NOT NULL,
    lease      {id},
    dropped    {bool} NOT NULL,
    why        {word} NOT NULL,
    weight     {int} DEFAULT 1 NOT NULL,
    PRIMARY KEY (job_key, kind),
    UNIQUE (lane, kind, state, place, job_key)
) {{table: fillfactor=70, narrow}};
