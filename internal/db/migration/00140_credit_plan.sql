-- +goose Up
-- while behind, the sites above reached do not go by the plan's newest prices yet
CREATE TABLE IF NOT EXISTS plan (
    id         {word} NOT NULL PRIMARY KEY,
    name       {text} NOT NULL,
    behind     {bool} NOT NULL,
    reached    {word} NOT NULL,
    created_at {time} NOT NULL
) {{table}};
