-- +goose Up
-- where a site wants its events; address, secrets and description are sealed
CREATE TABLE IF NOT EXISTS webhook_endpoint (
    site_id       {word} NOT NULL,
    id            {id} NOT NULL,
    state         {word} NOT NULL,
    reason        {word} NOT NULL,
    topics        {text} NOT NULL,
    sealed        {bytes} NOT NULL,
    seq           {int} NOT NULL,
    failures      {int} NOT NULL,
    failing_since {time} NOT NULL,
    resting_until {time} NOT NULL,
    slow          {bool} NOT NULL,
    created_at    {time} NOT NULL,
    changed_at    {time} NOT NULL,
    disabled_at   {time} NOT NULL,
    PRIMARY KEY (site_id, id)
) {{table: fillfactor=70}};
