-- +goose Up
-- a message that is not final and needs an attachment, or a series that does
CREATE TABLE IF NOT EXISTS attachment_use (
    site_id       {word} NOT NULL,
    attachment_id {id} NOT NULL,
    needed_by     {id} NOT NULL,
    PRIMARY KEY (site_id, attachment_id, needed_by),
    UNIQUE (site_id, needed_by, attachment_id)
) {{table: narrow}};
