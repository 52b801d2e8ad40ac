package audit

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
)

// LeastKept is the shortest time for which entries can be kept, and UsualKept the usual one.
const (
	LeastKept = 31 * 24 * time.Hour
	UsualKept = 5 * 366 * 24 * time.Hour
)

// sweptAction is what the log says of its own entries when they are deleted.
const sweptAction = "audit.swept"

// sweepChunk is how many entries are deleted together.
const sweepChunk = 500

// Sweep deletes the entries of Korean months that ended longer ago than entries are kept
// (0 = UsualKept). That it does is an entry too, by which Verify knows that they are not
// missing. Their seals stay.
func Sweep(ctx context.Context, d *db.DB, keep time.Duration) error {
	if keep == 0 {
		keep = UsualKept
	}
	for first, more := true, true; more; first = false {
		err := d.Update(ctx, "audit_sweep", func(tx *db.Tx) (err error) {
			more, err = sweepSome(tx, keep, first)
			return err
		})
		if err != nil {
			return fmt.Errorf("sweep the audit log: %w", err)
		}
	}
	return nil
}

func sweepSome(tx *db.Tx, keep time.Duration, first bool) (more bool, err error) {
	since, err := korea.ParseMonth(korea.Month(tx.Now.Add(-max(keep, LeastKept)).Time()))
	if err != nil {
		return false, err
	}
	end := id.From(since)
	rows, err := tx.Query(`SELECT site_id, id FROM audit WHERE id < ? ORDER BY id LIMIT ?`, end[:], sweepChunk)
	type name struct {
		site string
		id   id.ID
	}
	list, err := db.Collect(rows, err, func(r *sql.Rows) (n name, err error) { return n, r.Scan(&n.site, &n.id) })
	if err != nil || len(list) == 0 {
		return false, err
	}
	if first {
		if err := Note(tx, Change{Action: sweptAction, After: Fields{"since": korea.Day(since)}}); err != nil {
			return false, err
		}
	}
	sites, ids := make([]string, len(list)), make([]id.ID, len(list))
	for i, n := range list {
		sites[i], ids[i] = n.site, n.id
	}
	_, err = tx.DeleteMany("audit", db.Col("site_id", sites), db.Col("id", ids))
	return len(list) == sweepChunk, err
}
