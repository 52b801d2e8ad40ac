-- +goose Up
-- a number that a site has to forget
CREATE TABLE IF NOT EXISTS privacy_erasure (
    site_id  {word} NOT NULL,
    id       {id} NOT NULL,
    state    {word} NOT NULL,
    number   {bytes} NOT NULL,
    asked_at {time} NOT NULL,
    done_at  {time} NOT NULL,
    people   {amount} NOT NULL,
    refused  {amount} NOT NULL,
    contacts {int} NOT NULL,
    series   {int} NOT NULL,
    open     {int} NOT NULL,
    stage    {word} NOT NULL,
    place    {id},
    batch    {int} NOT NULL,
    PRIMARY KEY (site_id, id)
) {{table}};
