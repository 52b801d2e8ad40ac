-- +goose Up
CREATE TABLE IF NOT EXISTS billing_difference (
    gateway  {word} NOT NULL,
    day      {word} NOT NULL,
    id       {id} NOT NULL,
    kind     {word} NOT NULL,
    order_id {text} NOT NULL,
    ref      {text} NOT NULL,
    site_id  {word},
    ours     {amount} NOT NULL,
    theirs   {amount} NOT NULL,
    at       {time} NOT NULL,
    PRIMARY KEY (gateway, day, id)
) {{table}};
