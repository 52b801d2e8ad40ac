-- +goose Up
-- a template of a site at one provider account: what the vendor has of it, what is wished, and
-- which act on it was begun and is not known to have ended
CREATE TABLE IF NOT EXISTS kakao_template (
    site_id     {word} NOT NULL,
    id          {id} NOT NULL,
    code        {word} NOT NULL,
    account     {word} NOT NULL,
    channel_id  {text} NOT NULL,
    template_id {text},
    name        {text} NOT NULL,
    digest      {id},
    told        {id},
    state       {word},
    wish        {word},
    remark      {text},
    purpose     {text},
    doing       {word},
    began_at    {time},
    tries       {int} NOT NULL,
    problem     {text},
    comments    {text},
    look_at     {time} NOT NULL,
    looked_at   {time},
    created_at  {time} NOT NULL,
    PRIMARY KEY (site_id, id),
    UNIQUE (site_id, code, account),
    UNIQUE (account, look_at, site_id, id)
) {{table: fillfactor=70}};
