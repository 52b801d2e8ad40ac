-- +goose Up
-- a Kakao channel of a site at one provider account: asked for with its manager's number, which
-- is sealed, or registered
CREATE TABLE IF NOT EXISTS kakao_channel (
    site_id    {word} NOT NULL,
    digest     {id} NOT NULL,
    account    {word} NOT NULL,
    name       {text} NOT NULL,
    state      {word} NOT NULL,
    channel_id {text},
    category   {word},
    sealed     {bytes},
    asked_at   {time},
    changed_at {time} NOT NULL,
    PRIMARY KEY (site_id, digest, account)
) {{table}};
