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
	err = p.d.View(ctx, "operator_stats", func(tx *db.Tx) error {
		q, err := stat.Ask(tx.Now.Time(), asked.From, asked.To, asked.By...)
		if err != nil {
			return err
		}
		var rows []stat.Row
		if asked.Site == "" {
			rows, err = stat.ReadAll(tx, q)
		} else if _, err = site.Find(tx, asked.Site); err == nil {
			rows, err = stat.Read(tx, asked.Site, q)
		}
		if err == nil {
			out, err = stat.Tell(q, rows)
		}
		return err
	})
	return out, err
}
