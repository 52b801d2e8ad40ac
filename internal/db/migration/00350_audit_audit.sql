-- +goose Up
-- who changed what, of a site or ('') of the installation; rows are only ever added, until they are too old
CREATE TABLE IF NOT EXISTS audit (
    site_id     {word} NOT NULL,
    id          {id} NOT NULL,
    at          {time} NOT NULL,
    actor_kind  {word} NOT NULL,
    actor_id    {word} NOT NULL,
    actor_name  {text} NOT NULL,
    address     {word} NOT NULL,
    request     {text} NOT NULL,
    operation   {word} NOT NULL,
    action      {word} NOT NULL,
    ref         {text} NOT NULL,
    asked_by    {text} NOT NULL,
    approved_by {text} NOT NULL,
    was         {text} NOT NULL,
    became      {text} NOT NULL,
    PRIMARY KEY (site_id, id),
    UNIQUE (id)
) {{table}};
