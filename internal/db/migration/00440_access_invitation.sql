-- +goose Up
-- who was asked to have roles on a site, or ('') on all, and has not said yet
CREATE TABLE IF NOT EXISTS access_invitation (
    site_id    {word} NOT NULL,
    id         {id} NOT NULL,
    email      {word} NOT NULL,
    sealed     {bytes} NOT NULL,
    roles      {text} NOT NULL,
    password   {word} NOT NULL,
    invited_by {word} NOT NULL,
    created_at {time} NOT NULL,
    expires_at {time} NOT NULL,
    PRIMARY KEY (site_id, id),
    UNIQUE (email, site_id, id)
) {{table}};
