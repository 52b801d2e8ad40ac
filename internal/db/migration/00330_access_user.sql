-- +goose Up
-- people with an account: their addresses by a keyed digest, what is personal sealed
CREATE TABLE IF NOT EXISTS access_user (
    id           {id} NOT NULL PRIMARY KEY,
    email        {word} NOT NULL,
    sealed       {bytes} NOT NULL,
    password     {text} NOT NULL,
    state        {word} NOT NULL,
    factor       {bytes},
    factor_new   {bytes},
    factor_step  {int} NOT NULL,
    recovery     {text},
    created_at   {time} NOT NULL,
    signed_in_at {time} NOT NULL,
    UNIQUE (email)
) {{table: fillfactor=70}};
