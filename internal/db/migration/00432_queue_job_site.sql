-- +goose Up
-- the jobs of one site, when it is erased or its clock is moved
CREATE INDEX {{absent}} job_site ON job (site_id);
