-- +goose Up
-- what certificates that are asked for need, sealed: account, keys, certificates, challenges
CREATE TABLE IF NOT EXISTS certificate (
    name       {word} NOT NULL,
    sealed     {bytes} NOT NULL,
    written_at {time} NOT NULL,
    PRIMARY KEY (name)
) {{table}};
