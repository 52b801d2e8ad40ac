-- +goose Up
-- one time at which a series fired, or did not
CREATE TABLE IF NOT EXISTS series_firing (
    site_id    {word} NOT NULL,
    series_id  {id} NOT NULL,
    at         {time} NOT NULL,
    outcome    {word} NOT NULL,
    skipped    {int} NOT NULL,
    message_id {id},
    code       {word} NOT NULL,
    done_at    {time} NOT NULL,
    PRIMARY KEY (site_id, series_id, at)
) {{table: fillfactor=70}};
