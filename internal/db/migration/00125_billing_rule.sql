-- +goose Up
CREATE TABLE IF NOT EXISTS billing_rule (
    site_id     {word} NOT NULL,
    enabled     {bool} NOT NULL,
    threshold   {amount} NOT NULL,
    amount      {amount} NOT NULL,
    target      {amount} NOT NULL,
    card_id     {id},
    daily_cap   {amount} NOT NULL,
    monthly_cap {amount} NOT NULL,
    levels      {text} NOT NULL,
    alerted     {amount} NOT NULL,
    open_id     {id},
    declines    {int} NOT NULL,
    until       {time},
    timer       {time},
    PRIMARY KEY (site_id)
) {{table}};
