-- +goose Up
-- what a usage had counted before a later month began to count on
CREATE TABLE IF NOT EXISTS credit_carry (
    site_id    {word} NOT NULL,
    kst_month  {word} NOT NULL,
    message_id {id} NOT NULL,
    channel    {word} NOT NULL,
    quantity   {int} NOT NULL,
    seq        {int} NOT NULL,
    PRIMARY KEY (site_id, kst_month, message_id, channel)
) {{table}};
