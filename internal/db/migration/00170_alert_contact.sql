-- +goose Up
-- whom a site wants to be told of its money, sealed with the site's key, and of what
CREATE TABLE IF NOT EXISTS alert_contact (
    site_id    {word} NOT NULL PRIMARY KEY,
    topics     {word} NOT NULL,
    lang       {word} NOT NULL,
    sealed     {bytes} NOT NULL,
    changed_at {time} NOT NULL
) {{table: fillfactor=70}};
