-- +goose Up
CREATE TABLE IF NOT EXISTS book_member (
    site_id    {word} NOT NULL,
    group_id   {id} NOT NULL,
    contact_id {id} NOT NULL,
    PRIMARY KEY (site_id, group_id, contact_id),
    UNIQUE (site_id, contact_id, group_id)
) {{table: narrow}};
