-- +goose Up
CREATE TABLE IF NOT EXISTS reservation (
    site_id    {word} NOT NULL,
    message_id {id} NOT NULL,
    seq        {int} NOT NULL,
    reserved   {amount} NOT NULL,
    settled    {amount} NOT NULL,
    released   {amount} NOT NULL,
    takes      {text} NOT NULL,
    classes    {bytes} NOT NULL,
    digest     {bytes},
    PRIMARY KEY (site_id, message_id)
) {{table: fillfactor=70}};
