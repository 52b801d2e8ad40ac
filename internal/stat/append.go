package stat

import (
	"fmt"
	"maps"
	"slices"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/provider"
)

// Delta is what one transaction adds to the figures of a site.
type Delta struct {
	Site     string
	Channel  provider.Channel // of the leg; of a recipient without one, that of the step at which he stood
	Strategy string
	Provider string // name of the provider account; empty when none was involved
	Figures
}

// Append adds to the figures of today, which is the Korean day of tx.Now. Deltas about
// the same become one row, and those that add up to nothing become none. The rows may
// wait for the transaction's next statement, as tx.Later does.
func Append(tx *db.Tx, deltas ...Delta) error {
	today, sums := korea.Day(tx.Now.Time()), map[slot]Figures{}
	for _, d := range deltas {
		if err := check(d); err != nil {
			return err
		}
		s := slot{d.Site, today, d.Channel.String(), d.Strategy, d.Provider}
		sum, err := sums[s].Plus(d.Figures)
		if err != nil {
			return fmt.Errorf("append statistics of %s: %w", d.Site, err)
		}
		sums[s] = sum
	}
	maps.DeleteFunc(sums, func(_ slot, f Figures) bool { return f == Figures{} })
	if len(sums) == 0 {
		return nil
	}
	slots := slices.SortedFunc(maps.Keys(sums), slot.compare)
	ids := make([]id.ID, len(slots))
	for i := range ids {
		ids[i] = id.New()
	}
	cols := columnsOf(slots, func(s slot) slot { return s }, func(s slot) Figures { return sums[s] })
	return tx.Later(func(err error) error { return fmt.Errorf("append %d rows of statistics: %w", len(slots), err) }, func() error {
		return tx.InsertMany("stat_delta", append(cols, db.Col("id", ids))...)
	})
}

// longestWord is the most bytes that a {word} column holds.
const longestWord = 64

// check refuses a delta that could not be stored or read again. Deltas are made by the
// program, so this is its mistake, not the user's.
func check(d Delta) error {
	if d.Site == "" || d.Strategy == "" || d.Channel >= provider.Channels || max(len(d.Site), len(d.Strategy), len(d.Provider)) > longestWord {
		return fault.New(fault.Internal, fault.CodeInternal,
			"statistics of %q by %s, strategy %q, provider %q: want a site, a channel, a strategy and short words", d.Site, d.Channel, d.Strategy, d.Provider)
	}
	return nil
}
