package server

import (
	"context"

	"creditmsg/internal/db"
	"creditmsg/internal/site"
	"creditmsg/internal/stat"
)

// StatsQuery says which statistics an operator wants.
type StatsQuery struct {
	Site     string   // "" = all sites together
	From, To string   // Korean days, both inclusive; "" = the last 30 days
	By       []string // any of site, day, channel, strategy, provider; none = day
}

type (
	// Stats is the answer to a StatsQuery, in the form of the API.
	Stats = stat.Stats
	// StatsLine is one group of it.
	StatsLine = stat.StatsLine
)

// Stats counts what became of recipients, exactly and at one moment. NotFound, Invalid.
func (p *Operator) Stats(ctx context.Context, asked StatsQuery) (out Stats, err error) {
	q, rows, err := p.figures(ctx, asked)
	if err != nil {
		return out, err
	}
	return stat.Tell(q, rows)
}

type (
	// Margin is what is left of what sites pay, in the form of the API.
	Margin = stat.Margin
	// MarginLine is one group of it.
	MarginLine = stat.MarginLine
)

// Margin compares what sites pay with what the vendors charge. NotFound, Invalid.
func (p *Operator) Margin(ctx context.Context, asked StatsQuery) (out Margin, err error) {
	q, rows, err := p.figures(ctx, asked)
	if err != nil {
		return out, err
	}
	return stat.TellMargin(q, rows)
}

func (p *Operator) figures(ctx context.Context, asked StatsQuery) (q stat.Query, rows []stat.Row, err error) {
	err = p.d.Snapshot(ctx, "operator_stats", func(tx *db.Tx) (err error) {
		if q, err = stat.Ask(tx.Now.Time(), asked.From, asked.To, asked.By...); err != nil {
			return err
		}
		if asked.Site == "" {
			rows, err = stat.ReadAll(tx, q, site.TestPattern)
		} else if _, err = site.Find(tx, asked.Site); err == nil {
			rows, err = stat.Read(tx, asked.Site, q)
		}
		return err
	})
	return q, rows, err
}
