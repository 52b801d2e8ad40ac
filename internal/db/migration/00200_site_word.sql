-- +goose Up
-- words that texts must not have; those of no site are the installation's
CREATE TABLE IF NOT EXISTS site_word (
    site_id  {word} NOT NULL,
    letters  {id} NOT NULL,
    word     {text} NOT NULL,
    added_at {time} NOT NULL,
    PRIMARY KEY (site_id, letters)
) {{table: narrow}};
