-- +goose Up
-- the sender numbers that a provider account lists
CREATE TABLE IF NOT EXISTS vendor_sender (
    number  {word} NOT NULL,
    account {word} NOT NULL,
    state   {word} NOT NULL,
    PRIMARY KEY (number, account)
) {{table: narrow}};
