package main

import (
	"context"
	"regexp"
	"strings"

	"creditmsg/internal/server"
)

// creditVerb works on the credit of sites.
type creditVerb struct {
	Add  creditAdd  `cmd:"" help:"Give credit to a site, or take some with a negative amount."`
	Show creditShow `cmd:"" help:"Show a site's credit and its newest entries."`
}

type creditAdd struct {
	Site    string `arg:"" help:"The site."`
	Amount  string `arg:"" help:"Won, such as 15000 or -500.50; negative only for an adjustment."`
	Reason  string `required:"" placeholder:"TEXT" help:"Why, for whoever reads the ledger later."`
	Kind    string `enum:"paid,bonus,adjustment" default:"adjustment" placeholder:"KIND" help:"paid, bonus or adjustment (the default)."`
	Expires string `placeholder:"DAY" help:"The last day of paid credit or a bonus, such as 2026-12-31; it ends at midnight, Korean time."`
	database
}

// Run books the credit.
func (v *creditAdd) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		e, err := p.AddCredit(ctx, server.TopUp{Site: v.Site, Amount: signed(v.Amount), Kind: v.Kind, Reason: signed(v.Reason), Expires: v.Expires})
		if err != nil {
			return nil, nil, err
		}
		return e, func(t *table) {
			t.row("entry", e.Seq)
			t.row("booked", wonOf(e.Amount)+", "+e.Debit+" → "+e.Credit)
			t.row("available", wonOf(e.Available))
		}, nil
	})
}

// minus is the minus sign proper. An argument such as -500 would be read as flags; with
// this sign in front it is not.
const minus = "\u2212"

var negative = regexp.MustCompile(`^-[0-9][0-9.,]*$`)

// shielded gives the arguments of credit add with negative amounts that can be read.
func shielded(args []string) []string {
	if len(args) < 2 || args[0] != "credit" || args[1] != "add" {
		return args
	}
	out := make([]string, len(args))
	for i, a := range args {
		if out[i] = a; negative.MatchString(a) {
			out[i] = minus + a[1:]
		}
	}
	return out
}

// signed undoes shielded.
func signed(text string) string {
	if rest, is := strings.CutPrefix(text, minus); is {
		return "-" + rest
	}
	return text
}

type creditShow struct {
	Site string `arg:"" help:"The site."`
	database
}

// Run shows the purse.
func (v *creditShow) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		c, err := p.Credit(ctx, v.Site)
		if err != nil {
			return nil, nil, err
		}
		return c, func(t *table) {
			t.row("balance", wonOf(c.Balance))
			t.row("available", wonOf(c.Available))
			t.row("held", wonOf(c.Held))
			t.row("spent", wonOf(c.Spent))
			for _, e := range c.Entries {
				t.row("entry "+day(e.At), e.Kind+" "+wonOf(e.Amount)+" ("+e.Debit+" → "+e.Credit+") "+e.Note)
			}
		}, nil
	})
}
