-- +goose Up
-- somebody that a site knows: number, name and variables are sealed, finger finds the number
CREATE TABLE IF NOT EXISTS book_contact (
    site_id    {word} NOT NULL,
    id         {id} NOT NULL,
    finger     {id} NOT NULL,
    sealed     {bytes} NOT NULL,
    consent_at {time} NOT NULL,
    created_at {time} NOT NULL,
    changed_at {time} NOT NULL,
    PRIMARY KEY (site_id, id),
    UNIQUE (site_id, finger)
) {{table: fillfactor=70}};
