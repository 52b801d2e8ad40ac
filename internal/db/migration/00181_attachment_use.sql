-- +goose Up
-- a message that is not final and needs an attachment
CREATE TABLE IF NOT EXISTS attachment_use (
    site_id       {word} NOT NULL,
    attachment_id {id} NOT NULL,
    message_id    {id} NOT NULL,
    PRIMARY KEY (site_id, attachment_id, message_id),
    UNIQUE (site_id, message_id, attachment_id)
) {{table: narrow}};
