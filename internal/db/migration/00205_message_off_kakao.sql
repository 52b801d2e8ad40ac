-- +goose Up
-- numbers that were reported not to be Kakao users, where that may spare somebody a detour
CREATE TABLE IF NOT EXISTS off_kakao (
    site_id {word} NOT NULL,
    number  {id} NOT NULL,
    seen_at {time} NOT NULL,
    PRIMARY KEY (site_id, number),
    UNIQUE (seen_at, site_id, number)
) {{table: fillfactor=70, narrow}};
