-- +goose Up
-- a message that is sent again and again; what it says and to whom is sealed
CREATE TABLE IF NOT EXISTS series (
    site_id    {word} NOT NULL,
    id         {id} NOT NULL,
    state      {word} NOT NULL,
    cron       {text} NOT NULL,
    missed     {word} NOT NULL,
    starts_at  {time} NOT NULL,
    ends_at    {time} NOT NULL,
    next_at    {time} NOT NULL,
    firing_at  {time} NOT NULL,
    sealed     {bytes} NOT NULL,
    created_at {time} NOT NULL,
    changed_at {time} NOT NULL,
    PRIMARY KEY (site_id, id)
) {{table: fillfactor=70}};
