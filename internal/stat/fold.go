package stat

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
)

// Place is where a row of stat_delta stands in the order of folding. The zero Place is
// before all of them.
type Place struct {
	site string
	id   id.ID
}

// Folded is what one fold did.
type Folded struct {
	Rows  int   // so many rows were folded
	Stuck int   // so many had to stay, because their sums do not fit
	Last  Place // where the next fold goes on
	End   bool  // there was nothing more to fold behind Last
}

// Fold moves up to limit committed rows that stand after a place from stat_delta into
// stat_day, within the transaction: together they are there or nothing of it is. Rows
// that another fold has taken are passed over.
func Fold(tx *db.Tx, after Place, limit int) (Folded, error) {
	rows, err := claim(tx, after, limit)
	if err != nil || len(rows) == 0 {
		return Folded{Last: after, End: true}, err
	}
	out := Folded{Last: rows[len(rows)-1].Place, End: len(rows) < limit}
	groups := fitting(gather(rows))
	if err := lockDays(tx, groups); err != nil {
		return Folded{}, fmt.Errorf("lock %d rows of days: %w", len(groups), err)
	}
	groups = fitting(groups)
	for _, g := range groups {
		out.Rows += len(g.ids)
	}
	out.Stuck = len(rows) - out.Rows
	if err := write(tx, groups); err != nil {
		return Folded{}, fmt.Errorf("fold %d rows of statistics: %w", out.Rows, err)
	}
	return out, nil
}

// delta is a row of stat_delta.
type delta struct {
	Place
	slot    slot
	figures Figures
}

// claim locks the next rows in the order of the primary key. A walk goes on behind the
// last row, so it does not step again over what it has deleted. The first condition
// says less than the second, but MariaDB can look up only that one.
func claim(tx *db.Tx, after Place, limit int) ([]delta, error) {
	rows, err := tx.Claim(`SELECT id, site_id, kst_day, channel, strategy, provider,
		delivered, failed, fell_back, expired, cancelled, cost, refunded, upstream, priced FROM stat_delta
		WHERE site_id >= ? AND (site_id, id) > (?, ?) ORDER BY site_id, id LIMIT ?`, after.site, after.site, after.id[:], limit)
	list, err := db.Collect(rows, err, func(r *sql.Rows) (d delta, err error) {
		err = r.Scan(append(append([]any{&d.id}, d.slot.into()...), d.figures.into()...)...)
		d.site = d.slot.site
		return d, err
	})
	if err != nil {
		return nil, fmt.Errorf("claim statistics to fold: %w", err)
	}
	return list, nil
}

// group is rows of stat_delta that go into one row of stat_day.
type group struct {
	slot
	ids    []id.ID
	sum    Figures // of the rows, and then with the day's own
	broken error   // the sum does not fit
}

func (g *group) add(f Figures) {
	if g.broken == nil {
		g.sum, g.broken = g.sum.Plus(f)
	}
}

// gather adds rows up by what they are about, in the order of slots.
func gather(rows []delta) []*group {
	found := map[slot]*group{}
	var out []*group
	for _, r := range rows {
		g := found[r.slot]
		if g == nil {
			g = &group{slot: r.slot}
			found[r.slot], out = g, append(out, g)
		}
		g.ids = append(g.ids, r.id)
		g.add(r.figures)
	}
	slices.SortFunc(out, func(a, b *group) int { return a.slot.compare(b.slot) })
	return out
}

// fitting leaves out groups whose sums do not fit: one number that cannot be must not
// hold up the others. Their rows stay, and who reads them hears of it.
func fitting(groups []*group) []*group {
	return slices.DeleteFunc(groups, func(g *group) bool { return g.broken != nil })
}

// lockDays makes sure that every group's row of stat_day is there, locks it, and adds
// its figures to the group's.
func lockDays(tx *db.Tx, groups []*group) error {
	if len(groups) == 0 {
		return nil
	}
	cols := columnsOf(groups, (*group).about, func(*group) Figures { return Figures{} })
	if err := tx.Later(nil, func() error {
		return tx.InsertAbsent("stat_day", slotColumns[:], "site_id", cols...)
	}); err != nil {
		return err
	}
	found := map[slot]*group{}
	for _, g := range groups {
		found[g.slot] = g
	}
	rows, err := tx.LookupForUpdate("stat_day", append(slotColumns[:], figureColumns[:]...), cols[:len(slotColumns)]...)
	days, err := db.Collect(rows, err, func(r *sql.Rows) (struct{}, error) {
		var s slot
		var f Figures
		err := r.Scan(append(s.into(), f.into()...)...)
		if g := found[s]; g != nil && err == nil {
			g.add(f)
		}
		return struct{}{}, err
	})
	if err == nil && len(days) != len(groups) {
		err = fmt.Errorf("%d were there: %w", len(days), db.ErrStale)
	}
	return err
}

func (g *group) about() slot { return g.slot }

// write stores the days and deletes the rows that are in them now. They are locked, so
// all of them must still be there.
func write(tx *db.Tx, groups []*group) error {
	if err := tx.UpdateMany("stat_day", slotColumns[:], columnsOf(groups, (*group).about, func(g *group) Figures { return g.sum })...); err != nil {
		return err
	}
	var sites []string
	var ids []id.ID
	for _, g := range groups {
		ids = append(ids, g.ids...)
		sites = append(sites, slices.Repeat([]string{g.site}, len(g.ids))...)
	}
	n, err := tx.DeleteMany("stat_delta", db.Col("site_id", sites), db.Col("id", ids))
	if err == nil && n != int64(len(ids)) {
		err = fmt.Errorf("%d of %d rows were there to delete: %w", n, len(ids), db.ErrStale)
	}
	return err
}

// foldAtOnce keeps each folding transaction short; SQLite's only writer waits for it.
const foldAtOnce = 500

// FoldAll walks once through stat_delta, folding in short transactions, and says how
// many rows it folded. Several processes may do so at once: they share the work. Rows
// whose sums do not fit are an ErrOverflow, after all others have been folded.
func FoldAll(ctx context.Context, d *db.DB) (int64, error) {
	var folded, stuck int64
	for last := (Place{}); ; {
		var f Folded
		err := d.Update(ctx, "stat_fold", func(tx *db.Tx) (err error) {
			f, err = Fold(tx, last, foldAtOnce)
			return err
		})
		if err != nil {
			return folded, fmt.Errorf("fold statistics: %w", err)
		}
		folded, stuck, last = folded+int64(f.Rows), stuck+int64(f.Stuck), f.Last
		if f.End {
			break
		}
	}
	if stuck > 0 {
		return folded, fmt.Errorf("fold statistics: %d rows stay unfolded: %w", stuck, ErrOverflow)
	}
	return folded, nil
}
