-- +goose Up
-- how many recipients and what cost a site may have in a day and a month; 0 = as many as it wants
CREATE TABLE IF NOT EXISTS credit_cap (
    site_id          {word} NOT NULL,
    layer            {word} NOT NULL,
    recipients_day   {int} NOT NULL,
    recipients_month {int} NOT NULL,
    won_day          {amount} NOT NULL,
    won_month        {amount} NOT NULL,
    PRIMARY KEY (site_id, layer)
) {{table: narrow}};
