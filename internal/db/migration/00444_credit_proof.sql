-- +goose Up
-- what the last proof of the whole ledger found, in the one row named all; took in microseconds
CREATE TABLE IF NOT EXISTS credit_proof (
    name         {word} NOT NULL PRIMARY KEY,
    begun_at     {time},
    ended_at     {time},
    took         {int} NOT NULL,
    sites        {int} NOT NULL,
    entries      {int} NOT NULL,
    broken       {int} NOT NULL,
    first_broken {bytes} NOT NULL
) {{table}};
