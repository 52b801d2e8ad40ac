-- +goose Up
CREATE TABLE IF NOT EXISTS price (
    owner     {word} NOT NULL,
    channel   {word} NOT NULL,
    since     {time} NOT NULL,
    unit_cost {amount} NOT NULL,
    PRIMARY KEY (owner, channel, since)
) {{table}};
