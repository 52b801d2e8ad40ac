package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"creditmsg/internal/server"
)

// verifyStatement proves a statement from files alone.
func (v *ledgerVerify) verifyStatement(s *streams) error {
	statement, err := os.Open(v.Statement)
	if err != nil {
		return v.refused(s, fmt.Errorf("read the statement: %w", err))
	}
	defer statement.Close()
	var entries io.Reader
	if v.Entries != "" {
		f, err := os.Open(v.Entries)
		if err != nil {
			return v.refused(s, fmt.Errorf("read the entries: %w", err))
		}
		defer f.Close()
		entries = bufio.NewReader(f)
	}
	c, err := server.VerifyStatement(statement, entries, v.Key)
	if err != nil {
		return v.refused(s, err)
	}
	if !c.OK {
		err = fmt.Errorf("the statement is not proven: %s", c.Wrong)
	}
	if v.JSON {
		return errors.Join(err, s.print(c))
	}
	if err != nil {
		return err
	}
	t := newTable(s)
	showChecked(t, c, v.Entries != "")
	return t.end()
}

func showChecked(t *table, c server.Checked, entries bool) {
	state := "complete"
	if !c.Complete {
		state = "as far as it goes: the month is not over, or not signed to its end"
	}
	t.row("statement", "proven: "+c.Site+", "+c.Month+" ("+state+")")
	t.row("signed days", c.Heads)
	if entries {
		t.row("entries", grouped(c.Entries)+", each proven")
	}
	t.row("signed by", each(c.Keys))
	if !c.Trusted {
		t.say("Whose keys these are is not proven: give the key that you noted earlier with --key.")
	}
}

type ledgerKey struct {
	New bool `help:"Make another key, which signs from now on. What was signed before stays valid."`
	database
}

// Run shows the public keys.
func (v *ledgerKey) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		list, err := p.SigningKeys(ctx, v.New)
		if err != nil {
			return nil, nil, err
		}
		return list, func(t *table) {
			t.row("KEY", "SINCE", "PUBLIC KEY")
			for _, k := range list.Data {
				t.row(k.ID, day(k.Since), k.PublicKey)
			}
		}, nil
	})
}

type ledgerExport struct {
	Site   string `arg:"" help:"The site."`
	From   string `placeholder:"DAY" help:"The first Korean day, such as 2026-12-01; without it from the first entry on."`
	Until  string `placeholder:"DAY" help:"The last Korean day, included; without it up to now."`
	Format string `enum:"ndjson,csv" default:"ndjson" placeholder:"FORMAT" help:"ndjson (the default) or csv."`
	Notes  bool   `help:"With the notes, which are free text."`
	Out    string `placeholder:"FILE" help:"Where to write them; without it to standard output."`
	configured
}

// Run writes the entries.
func (v *ledgerExport) Run(ctx context.Context, s *streams) error {
	d := database{configured: v.configured}
	_, _, err := d.result(ctx, server.OperatorOptions{}, func(p *server.Operator) (any, func(*table), error) {
		r := server.EntryRange{Site: v.Site, From: v.From, Until: v.Until, Format: v.Format, Notes: v.Notes}
		return nil, nil, d.writeTo(s, v.Out, func(w io.Writer) error { return p.ExportEntries(ctx, r, w) })
	})
	return err
}
