-- +goose Up
-- what was last heard of a provider account's money and list of sender numbers; told = the
-- operator knows that its balance is below the threshold
CREATE TABLE IF NOT EXISTS vendor_account (
    account       {word} NOT NULL PRIMARY KEY,
    unit          {word},
    balance       {amount},
    balance_at    {time},
    balance_wrong {text},
    told          {bool} NOT NULL,
    senders_at    {time},
    senders_wrong {text}
) {{table: fillfactor=70}};
