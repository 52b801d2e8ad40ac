-- +goose Up
-- who has which role on which site, or ('') on all
CREATE TABLE IF NOT EXISTS access_member (
    site_id    {word} NOT NULL,
    user_id    {id} NOT NULL,
    role       {word} NOT NULL,
    created_at {time} NOT NULL,
    PRIMARY KEY (site_id, user_id, role),
    UNIQUE (user_id, site_id, role)
) {{table}};
