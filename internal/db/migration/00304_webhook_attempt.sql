-- +goose Up
-- one request to an endpoint; what it answered, and what went wrong, is sealed
CREATE TABLE IF NOT EXISTS webhook_attempt (
    site_id     {word} NOT NULL,
    endpoint_id {id} NOT NULL,
    seq         {int} NOT NULL,
    no          {int} NOT NULL,
    at          {time} NOT NULL,
    status      {int} NOT NULL,
    result      {word} NOT NULL,
    took_ms     {int} NOT NULL,
    sealed      {bytes},
    PRIMARY KEY (site_id, endpoint_id, seq, no)
) {{table}};
