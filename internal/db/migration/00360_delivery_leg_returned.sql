-- +goose Up
-- legs that were given back to their site, each once, whoever found out that it was not delivered
CREATE TABLE IF NOT EXISTS leg_returned (
    leg         {id} NOT NULL,
    id          {id} NOT NULL,
    returned_by {word} NOT NULL,
    at          {time} NOT NULL,
    PRIMARY KEY (leg)
) {{table}};
