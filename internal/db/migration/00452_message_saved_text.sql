-- +goose Up
-- texts that a site keeps to be sent again; content is sealed
CREATE TABLE IF NOT EXISTS saved_text (
    site_id    {word} NOT NULL,
    id         {id} NOT NULL,
    content    {bytes} NOT NULL,
    uses       {amount} NOT NULL,
    used_at    {time} NOT NULL,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    PRIMARY KEY (site_id, id)
) {{table}};
