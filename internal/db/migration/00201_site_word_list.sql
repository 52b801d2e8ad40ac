-- +goose Up
-- how a list of words that texts must not have stands; that of no site is the installation's
CREATE TABLE IF NOT EXISTS site_word_list (
    site_id    {word} NOT NULL,
    digest     {int} NOT NULL,
    words      {int} NOT NULL,
    changed_at {time} NOT NULL,
    PRIMARY KEY (site_id)
) {{table: fillfactor=70, narrow}};
