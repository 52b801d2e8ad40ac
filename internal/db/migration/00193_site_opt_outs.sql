-- +goose Up
-- what opt-outs the site has: 0 none, 1 some of advertising alone, 3 some of everything
ALTER TABLE site ADD COLUMN {{absent}} opt_outs {int} NOT NULL DEFAULT 0;
