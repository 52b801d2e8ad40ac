-- +goose Up
CREATE TABLE IF NOT EXISTS entry (
    site_id         {word} NOT NULL,
    seq             {int} NOT NULL,
    kind            {word} NOT NULL,
    amount          {amount} NOT NULL,
    debit           {word} NOT NULL,
    credit          {word} NOT NULL,
    available_after {amount} NOT NULL,
    held_after      {amount} NOT NULL,
    subject         {id},
    ref             {text},
    idem            {text},
    at              {time} NOT NULL,
    note            {bytes},
    note_digest     {bytes},
    opens_digest    {bytes},
    takes           {text},
    hash            {bytes} NOT NULL,
    PRIMARY KEY (site_id, seq),
    UNIQUE (site_id, subject, seq)
) {{table}};
