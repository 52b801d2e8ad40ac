-- +goose Up
-- whom papers are made out to: a site, or the operator
CREATE TABLE IF NOT EXISTS paper_profile (
    owner  {word} NOT NULL,
    sealed {bytes} NOT NULL,
    at     {time} NOT NULL,
    PRIMARY KEY (owner)
) {{table}};
