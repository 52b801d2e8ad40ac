-- +goose Up
-- mails that people are to get, until they are sent; whom and what they are about is sealed
CREATE TABLE IF NOT EXISTS access_letter (
    id         {id} NOT NULL PRIMARY KEY,
    kind       {word} NOT NULL,
    sealed     {bytes} NOT NULL,
    created_at {time} NOT NULL
) {{table}};
