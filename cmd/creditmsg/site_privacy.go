package main

import (
	"context"

	"creditmsg/internal/server"
)

type siteForget struct {
	ID     string `arg:"" help:"The site."`
	Number string `arg:"" optional:"" help:"The number to forget; without it the erasures so far are listed."`
	database
}

// Run has a number forgotten, or lists what was.
func (v *siteForget) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		if v.Number == "" {
			all, err := p.Erasures(ctx, v.ID)
			return shown(all, err, showErasures)
		}
		e, err := p.ForgetNumber(ctx, v.ID, v.Number)
		return shown(e, err, func(t *table, e server.Erasure) {
			t.row("erasure", e.ID)
			t.row("state", e.State+": workers forget the number where messages are over, and wait for the others")
		})
	})
}

func showErasures(t *table, all server.List[server.Erasure]) {
	t.row("ERASURE", "STATE", "RECIPIENTS", "REJECTIONS", "CONTACTS", "SERIES", "OPEN", "ASKED")
	for _, e := range all.Data {
		t.row(e.ID, e.State, e.Recipients, e.Rejections, e.Contacts, e.Series, e.Open, minute(e.AskedAt))
	}
}

type siteKeep struct {
	ID   string `arg:"" help:"The site."`
	Days *int   `placeholder:"N" help:"Days after a message is over until its recipients are forgotten, 30 to 3650, or 0 for ever."`
	database
}

// Run shows or sets how long recipients are kept.
func (v *siteKeep) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		r, err := p.Retention(ctx, v.ID, v.Days)
		return shown(r, err, func(t *table, r server.Retention) {
			if r.Days == 0 {
				t.row("recipients are kept", "for ever")
				return
			}
			t.row("recipients are kept, days", r.Days)
		})
	})
}

type siteErase struct {
	ID      string `arg:"" help:"The site."`
	Confirm string `required:"" placeholder:"ID" help:"The site once more: this cannot be taken back."`
	Reason  string `required:"" placeholder:"TEXT" help:"Why, for whoever reads the ledger later."`
	Forfeit bool   `help:"Take the credit that is left by an adjustment; otherwise it is in the way."`
	database
}

// Run erases the site.
func (v *siteErase) Run(ctx context.Context, s *streams) error {
	if v.Confirm != v.ID {
		return usageError{"--confirm is not the site: write its id once more, this cannot be taken back"}
	}
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		one, err := p.EraseSite(ctx, v.ID, v.Reason, v.Forfeit)
		return shown(one, err, func(t *table, one server.Site) {
			t.row("site", one.ID)
			t.row("state", one.State+": its key is destroyed, its ledger stays")
		})
	})
}
