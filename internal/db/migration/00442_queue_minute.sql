-- +goose Up
-- what one process did of the jobs of a kind in a minute, times in microseconds; a row lives for two days
CREATE TABLE IF NOT EXISTS queue_minute (
    minute       {time} NOT NULL,
    lane         {word} NOT NULL,
    kind         {word} NOT NULL,
    process      {id} NOT NULL,
    done         {int} NOT NULL,
    again        {int} NOT NULL,
    failed       {int} NOT NULL,
    buried       {int} NOT NULL,
    timed        {int} NOT NULL,
    waited       {int} NOT NULL,
    longest_wait {int} NOT NULL,
    took         {int} NOT NULL,
    longest_run  {int} NOT NULL,
    PRIMARY KEY (minute, lane, kind, process)
) {{table: fillfactor=70, narrow}};
