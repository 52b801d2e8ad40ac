-- +goose Up
-- a site's request to have unused paid credit given back; open_site is set until it has ended
CREATE TABLE IF NOT EXISTS billing_withdrawal (
    site_id       {word} NOT NULL,
    id            {id} NOT NULL,
    state         {word} NOT NULL,
    amount        {amount} NOT NULL,
    fee           {amount} NOT NULL,
    total         {amount} NOT NULL,
    returned      {amount} NOT NULL,
    fee_back      {amount} NOT NULL,
    open_site     {word},
    asked_token   {id},
    decided_token {id},
    papers        {bytes} NOT NULL,
    created_at    {time} NOT NULL,
    decided_at    {time},
    done_at       {time},
    PRIMARY KEY (site_id, id),
    UNIQUE (id),
    UNIQUE (open_site)
) {{table}};
