-- +goose Up
-- what of an upload has arrived, in the order of begin_at; the bytes are in the store
CREATE TABLE IF NOT EXISTS upload_piece (
    site_id   {word} NOT NULL,
    upload_id {id} NOT NULL,
    begin_at  {amount} NOT NULL,
    id        {id} NOT NULL,
    size      {int} NOT NULL,
    PRIMARY KEY (site_id, upload_id, begin_at)
) {{table}};
