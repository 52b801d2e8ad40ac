-- +goose Up
-- one event for one endpoint; due is set while it waits
CREATE TABLE IF NOT EXISTS webhook_delivery (
    site_id     {word} NOT NULL,
    endpoint_id {id} NOT NULL,
    seq         {int} NOT NULL,
    event_id    {id} NOT NULL,
    type        {word} NOT NULL,
    state       {word} NOT NULL,
    due         {time},
    tries       {int} NOT NULL,
    attempts    {int} NOT NULL,
    status      {int} NOT NULL,
    event_at    {time} NOT NULL,
    ended_at    {time} NOT NULL,
    PRIMARY KEY (site_id, endpoint_id, seq),
    UNIQUE (site_id, endpoint_id, event_at, event_id),
    UNIQUE (site_id, endpoint_id, due, seq),
    UNIQUE (site_id, endpoint_id, state, seq)
) {{table: fillfactor=70}};
