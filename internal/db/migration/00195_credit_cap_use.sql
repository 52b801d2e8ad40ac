-- +goose Up
-- what a day or a month of a site with caps has counted, and which share of a cap was told
CREATE TABLE IF NOT EXISTS credit_cap_use (
    site_id         {word} NOT NULL,
    period          {word} NOT NULL,
    recipients      {int} NOT NULL,
    won             {amount} NOT NULL,
    told_recipients {int} NOT NULL,
    told_won        {int} NOT NULL,
    PRIMARY KEY (site_id, period)
) {{table: fillfactor=70, narrow}};
