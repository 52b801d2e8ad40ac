-- +goose Up
-- a site's request to have given back what a usage cost; open_usage is set while somebody is to decide
CREATE TABLE IF NOT EXISTS billing_refund_request (
    site_id       {word} NOT NULL,
    id            {id} NOT NULL,
    state         {word} NOT NULL,
    usage_id      {id} NOT NULL,
    amount        {amount} NOT NULL,
    refund_id     {id},
    open_usage    {id},
    asked_token   {id},
    decided_token {id},
    papers        {bytes} NOT NULL,
    created_at    {time} NOT NULL,
    decided_at    {time},
    PRIMARY KEY (site_id, id),
    UNIQUE (id),
    UNIQUE (open_usage)
) {{table}};
