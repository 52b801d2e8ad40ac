-- +goose Up
-- messages that a second person has to approve, and what became of them
CREATE TABLE IF NOT EXISTS review (
    site_id    {word} NOT NULL,
    message_id {id} NOT NULL,
    state      {word} NOT NULL,
    asked_by   {word} NOT NULL,
    asked_at   {time} NOT NULL,
    decided_by {word},
    decided_at {time},
    reason     {text},
    PRIMARY KEY (site_id, message_id)
) {{table}};
