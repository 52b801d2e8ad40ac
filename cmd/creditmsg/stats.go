package main

import (
	"context"

	"creditmsg/internal/server"
)

// statsVerb counts what became of recipients.
type statsVerb struct {
	Site string   `arg:"" optional:"" help:"The site; or else --all."`
	All  bool     `help:"All sites together; --by site tells them apart."`
	From string   `placeholder:"DAY" help:"The first day, Korean time, such as 2026-11-01; without it 30 days end with the last one."`
	To   string   `placeholder:"DAY" help:"The last day, inclusive; without it today."`
	By   []string `placeholder:"WORD" help:"day (the default), channel, strategy, provider or site; repeated or with commas between for several."`
	database
}

// Help is shown below the flags' own help.
func (statsVerb) Help() string {
	return `Counts are exact at every moment, and are of the day on which something became known.
"reached" is the share of Alimtalk that arrived.`
}

// Run shows the statistics.
func (v *statsVerb) Run(ctx context.Context, s *streams) error {
	if v.All == (v.Site != "") {
		return usageError{"name a site, or all of them with --all"}
	}
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		out, err := p.Stats(ctx, server.StatsQuery{Site: v.Site, From: v.From, To: v.To, By: v.By})
		if err != nil {
			return nil, nil, err
		}
		return out, func(t *table) { showStats(t, out) }, nil
	})
}

// figuresHead names the columns of figures.
var figuresHead = []any{"final", "delivered", "failed", "fell back", "expired", "cancelled", "cost", "refunded", "success", "fallback", "reached"}

func showStats(t *table, s server.Stats) {
	head, total := make([]any, len(s.GroupBy)), make([]any, len(s.GroupBy))
	for i, by := range s.GroupBy {
		head[i], total[i] = by, ""
	}
	total[0] = "total"
	t.row(append(head, figuresHead...)...)
	for _, l := range s.Data {
		names := make([]any, len(s.GroupBy))
		for i, by := range s.GroupBy {
			names[i] = nameOf(l, by)
		}
		t.row(append(names, figuresOf(l)...)...)
	}
	t.row(append(total, figuresOf(s.Total)...)...)
}

// nameOf is what a line is about, in one of its groupings.
func nameOf(l server.StatsLine, by string) string {
	return orDash(map[string]*string{"site": &l.Site, "day": &l.Day, "channel": &l.Channel, "strategy": &l.Strategy, "provider": l.Provider}[by])
}

func figuresOf(l server.StatsLine) []any {
	return []any{
		grouped(l.Final), grouped(l.Delivered), grouped(l.Failed), grouped(l.FellBack), grouped(l.Expired), grouped(l.Cancelled),
		wonOf(l.Cost), wonOf(l.Refunded), orDash(l.Success), orDash(l.Fallback), orDash(l.Kakao),
	}
}

func orDash(text *string) string {
	if text == nil || *text == "" {
		return "-"
	}
	return *text
}
