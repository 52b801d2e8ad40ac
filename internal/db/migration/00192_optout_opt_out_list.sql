-- +goose Up
-- how a site's list of opt-outs stands
CREATE TABLE IF NOT EXISTS opt_out_list (
    site_id     {word} NOT NULL,
    advertising {int} NOT NULL,
    everything  {int} NOT NULL,
    digest      {bytes} NOT NULL,
    changed_at  {time} NOT NULL,
    PRIMARY KEY (site_id)
) {{table: fillfactor=70, narrow}};
