-- +goose Up
CREATE TABLE IF NOT EXISTS batch (
    site_id      {word} NOT NULL,
    message_id   {id} NOT NULL,
    no           {int} NOT NULL,
    state        {word} NOT NULL,
    size         {int} NOT NULL,
    class_counts {text} NOT NULL,
    body         {bytes} NOT NULL,
    finder       {bytes} NOT NULL,
    PRIMARY KEY (site_id, message_id, no)
) {{table: fillfactor=70}};
