package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"creditmsg/internal/server"
)

// statementVerb writes the statement of a month.
type statementVerb struct {
	Site   string `arg:"" help:"The site."`
	Month  string `arg:"" optional:"" help:"The Korean month, such as 2026-12; without it the months are listed."`
	Format string `enum:",json,csv,xlsx" default:"" placeholder:"FORMAT" help:"json (signed, can be proven), csv or xlsx; without it what --out ends in, else json."`
	Out    string `placeholder:"FILE" help:"Where to write it; without it to standard output."`
	database
}

// Help is shown below the flags' own help.
func (statementVerb) Help() string {
	return `The JSON can be proven by anyone, without this installation: creditmsg ledger verify --statement FILE --key KEY`
}

// Run writes the statement, or lists the months.
func (v *statementVerb) Run(ctx context.Context, s *streams) error {
	if v.Month == "" {
		return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
			list, err := p.Statements(ctx, v.Site)
			if err != nil {
				return nil, nil, err
			}
			return list, func(t *table) {
				t.row("MONTH", "STATE")
				for _, m := range list.Data {
					t.row(m.Month, map[bool]string{true: "running", false: "over"}[m.Running])
				}
			}, nil
		})
	}
	return v.paper(ctx, s, v.Format, v.Out, func(p *server.Operator, format string) ([]byte, error) {
		return p.Statement(ctx, v.Site, v.Month, format)
	}, "csv", "xlsx")
}

// paper writes what the office gives in a format: the one asked for, or else the one of
// endings that the file's name has, or else JSON.
func (v database) paper(ctx context.Context, s *streams, format, file string, give func(p *server.Operator, format string) ([]byte, error), endings ...string) error {
	if ending := strings.TrimPrefix(filepath.Ext(file), "."); format == "" && slices.Contains(endings, ending) {
		format = ending
	}
	if format == "" {
		format = "json"
	}
	if v.JSON && format != "json" {
		return usageError{"--json is another format than " + format}
	}
	var text []byte
	_, _, err := v.result(ctx, server.OperatorOptions{}, func(p *server.Operator) (any, func(*table), error) {
		var err error
		text, err = give(p, format)
		return nil, nil, err
	})
	if err != nil {
		return v.refused(s, err)
	}
	return v.writeTo(s, file, func(w io.Writer) error { _, err := w.Write(text); return err })
}

// refused tells an error in JSON too, where that was asked for.
func (v database) refused(s *streams, err error) error {
	if v.JSON {
		return errors.Join(err, s.print(problem(err)))
	}
	return err
}

// writeTo writes a file, which only its owner may read, or standard output for "". What was
// begun and failed is not left there.
func (v database) writeTo(s *streams, path string, write func(io.Writer) error) error {
	if path == "" {
		return write(s.out)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("write the file: %w", err)
	}
	if err = errors.Join(write(f), f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}
