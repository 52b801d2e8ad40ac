package main

import (
	"context"

	"creditmsg/internal/server"
)

// marginVerb compares what sites pay with what the vendors charge.
type marginVerb struct {
	Site string   `arg:"" optional:"" help:"The site; without one all together, and --by site tells them apart."`
	From string   `placeholder:"DAY" help:"The first day, Korean time, such as 2026-11-01; without it 30 days end with the last one."`
	To   string   `placeholder:"DAY" help:"The last day, inclusive; without it today."`
	By   []string `placeholder:"WORD" help:"day (the default), channel, strategy, provider or site; repeated or with commas between for several."`
	database
}

// Help is shown below the flags' own help.
func (marginVerb) Help() string {
	return `The vendors' charges are those that providers[].cost named when a message was delivered;
"unpriced" counts deliveries for which none was named.`
}

// Run shows the margins.
func (v *marginVerb) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		out, err := p.Margin(ctx, server.StatsQuery{Site: v.Site, From: v.From, To: v.To, By: v.By})
		if err != nil {
			return nil, nil, err
		}
		return out, func(t *table) { showMargin(t, out) }, nil
	})
}

func showMargin(t *table, m server.Margin) {
	head, total := make([]any, len(m.GroupBy)), make([]any, len(m.GroupBy))
	for i, by := range m.GroupBy {
		head[i], total[i] = by, ""
	}
	total[0] = "total"
	t.row(append(head, "delivered", "revenue", "upstream cost", "margin", "rate", "unpriced")...)
	for _, l := range m.Data {
		names := make([]any, len(m.GroupBy))
		for i, by := range m.GroupBy {
			names[i] = nameOf(server.StatsLine{Site: l.Site, Day: l.Day, Channel: l.Channel, Strategy: l.Strategy, Provider: l.Provider}, by)
		}
		t.row(append(names, marginOf(l)...)...)
	}
	t.row(append(total, marginOf(m.Total)...)...)
}

func marginOf(l server.MarginLine) []any {
	return []any{grouped(l.Delivered), wonOf(l.Revenue), wonOf(l.Upstream), wonOf(l.Margin), orDash(l.Rate), grouped(l.Unpriced)}
}
