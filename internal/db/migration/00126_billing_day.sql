-- +goose Up
CREATE TABLE IF NOT EXISTS billing_day (
    gateway      {word} NOT NULL,
    day          {word} NOT NULL,
    transactions {int} NOT NULL,
    payments     {int} NOT NULL,
    differences  {int} NOT NULL,
    at           {time} NOT NULL,
    PRIMARY KEY (gateway, day)
) {{table}};
