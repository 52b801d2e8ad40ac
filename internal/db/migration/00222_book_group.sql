-- +goose Up
-- a name for some contacts, sealed; finger finds the name
CREATE TABLE IF NOT EXISTS book_group (
    site_id    {word} NOT NULL,
    id         {id} NOT NULL,
    finger     {id} NOT NULL,
    sealed     {bytes} NOT NULL,
    members    {int} NOT NULL,
    created_at {time} NOT NULL,
    PRIMARY KEY (site_id, id),
    UNIQUE (site_id, finger)
) {{table: fillfactor=70}};
