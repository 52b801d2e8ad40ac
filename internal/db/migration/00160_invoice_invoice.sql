-- +goose Up
-- what a carrier billed to one of our accounts, as one file of it says
CREATE TABLE IF NOT EXISTS invoice (
    id           {id} NOT NULL,
    provider     {word} NOT NULL,
    digest       {id} NOT NULL,
    run          {id} NOT NULL,
    state        {word} NOT NULL,
    kst_month    {word} NOT NULL,
    line_count   {int} NOT NULL,
    billed_count {int} NOT NULL,
    amount       {amount} NOT NULL,
    stated       {amount},
    agreed       {text} NOT NULL,
    tally        {text} NOT NULL,
    created_at   {time} NOT NULL,
    compared_at  {time} NOT NULL,
    posted_at    {time} NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (provider, digest),
    UNIQUE (provider, kst_month, id)
) {{table: fillfactor=70}};
