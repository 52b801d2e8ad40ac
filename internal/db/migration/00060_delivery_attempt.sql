-- +goose Up
CREATE TABLE IF NOT EXISTS attempt (
    id          {id} NOT NULL,
    provider    {word} NOT NULL,
    state       {word} NOT NULL,
    ask_at      {time} NOT NULL,
    asked       {int} NOT NULL,
    legs        {int} NOT NULL,
    members     {text} NOT NULL,
    upstream_id {text} NOT NULL,
    created_at  {time} NOT NULL,
    called_at   {time} NOT NULL,
    deadline    {time} NOT NULL,
    answered_at {time} NOT NULL,
    reason      {word} NOT NULL,
    code        {word} NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (state, ask_at, id)
) {{table: fillfactor=70}};
