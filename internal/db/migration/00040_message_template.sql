-- +goose Up
CREATE TABLE IF NOT EXISTS template (
    site_id    {word} NOT NULL,
    code       {word} NOT NULL,
    name       {text} NOT NULL,
    channel    {text} NOT NULL,
    body       {text} NOT NULL,
    buttons    {text} NOT NULL,
    state      {word} NOT NULL,
    providers  {text} NOT NULL,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    PRIMARY KEY (site_id, code)
) {{table}};
