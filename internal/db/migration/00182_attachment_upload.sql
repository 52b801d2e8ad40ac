-- +goose Up
-- what an account at a provider calls an attachment that was uploaded there, and until when
CREATE TABLE IF NOT EXISTS attachment_upload (
    site_id       {word} NOT NULL,
    attachment_id {id} NOT NULL,
    provider      {word} NOT NULL,
    upstream_id   {text} NOT NULL,
    uploaded_at   {time} NOT NULL,
    expires_at    {time} NOT NULL,
    PRIMARY KEY (site_id, attachment_id, provider)
) {{table: narrow}};
