-- +goose Up
CREATE TABLE IF NOT EXISTS recipient (
    site_id      {word} NOT NULL,
    message_id   {id} NOT NULL,
    seq          {int} NOT NULL,
    class        {int} NOT NULL,
    step         {int} NOT NULL,
    try          {int} NOT NULL,
    state        {word} NOT NULL,
    mobile       {bytes} NOT NULL,
    attempt      {id},
    provider     {word} NOT NULL,
    reason       {word} NOT NULL,
    code         {word} NOT NULL,
    earlier_step {int} NOT NULL,
    handed_at    {time} NOT NULL,
    sent_at      {time} NOT NULL,
    reported_at  {time} NOT NULL,
    history      {text},
    PRIMARY KEY (site_id, message_id, seq)
) {{table: fillfactor=50, narrow}};
