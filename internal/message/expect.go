package message

import (
	"fmt"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/korea"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/stat"
)

// reach is how many of a site's lately ended legs arrived, by channel.
type reach [provider.Channels]struct{ arrived, tried int64 }

const (
	reachDays  = 30  // that are learned from
	reachKnown = 100 // legs that say something; before, every leg is taken to arrive
)

// learnReach reads what a site's last thirty days teach.
func learnReach(tx *db.Tx, siteID string) (r reach, err error) {
	today := tx.Now.Time()
	rows, err := stat.Read(tx, siteID, stat.Query{From: korea.Day(today.Add(-(reachDays - 1) * 24 * time.Hour)), Until: korea.Day(today), By: stat.ByChannel})
	if err != nil {
		return r, fmt.Errorf("learn the reach of %s: %w", siteID, err)
	}
	for _, row := range rows {
		if tried := row.Delivered + row.Failed + row.Expired; tried >= reachKnown {
			r[row.Channel].arrived, r[row.Channel].tried = row.Delivered, tried
		}
	}
	return r, nil
}

// expected is what classes with so many recipients will likely cost: of each step the
// share that arrives, of those whom the steps before did not reach. The classes' sum was
// found to fit.
func (r reach) expected(list []Class, count []int64) (sum money.Amount) {
	for i, c := range list {
		left := func(a money.Amount) money.Amount { return a }
		for _, s := range c.Steps {
			all, _ := s.Price.Times(count[i]) // at most the worst case
			here, before := r[s.Channel], left
			if here.tried == 0 {
				sum += before(all)
				break
			}
			sum += before(all).Share(here.arrived, here.tried)
			left = func(a money.Amount) money.Amount { return before(a).Share(here.tried-here.arrived, here.tried) }
		}
	}
	return sum
}
