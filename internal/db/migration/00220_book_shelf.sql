-- +goose Up
-- what a site's address book holds; whoever changes the book locks this row first
CREATE TABLE IF NOT EXISTS book_shelf (
    site_id  {word} NOT NULL PRIMARY KEY,
    contacts {int} NOT NULL,
    sets     {int} NOT NULL
) {{table: fillfactor=70}};
