-- +goose Up
CREATE TABLE IF NOT EXISTS db_mark (
    id {id} NOT NULL PRIMARY KEY
) {{table: narrow}};
