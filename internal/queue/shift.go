package queue

import (
	"database/sql"
	"fmt"
	"slices"
	"time"

	"creditmsg/internal/db"
)

// Shift brings the jobs of one site forward by a time, those of the kinds of except left
// out, as if that much of it had passed for them. What is in somebody's hands stays there
// until its lease ends in the true time. A job that comes too early finds nothing to do and
// puts itself back, as after every Put.
//
// It is for sites whose clock is moved by hand.
func (q *Queue) Shift(tx *db.Tx, site string, by time.Duration, except ...string) error {
	names, err := ofSite(tx, site)
	if err != nil {
		return err
	}
	names = slices.DeleteFunc(names, func(n name) bool { return slices.Contains(except, n.kind) })
	slices.SortFunc(names, name.compare)
	found, err := lock(tx, names)
	if err != nil {
		return fmt.Errorf("shift jobs of %s: %w", site, err)
	}
	var rows []*row
	for _, n := range names {
		if r := found[n]; r != nil && r.shift(tx.Now, by) {
			rows = append(rows, r)
		}
	}
	if err := store(tx, rows); err != nil {
		return fmt.Errorf("shift jobs of %s: %w", site, err)
	}
	q.ring(tx, rows)
	return nil
}

func ofSite(tx *db.Tx, site string) ([]name, error) {
	rows, err := tx.Query(`SELECT kind, job_key FROM job WHERE site_id = ?`, site)
	names, err := db.Collect(rows, err, func(r *sql.Rows) (n name, err error) { return n, r.Scan(&n.kind, &n.key) })
	if err != nil {
		return nil, fmt.Errorf("find jobs of %s: %w", site, err)
	}
	return names, nil
}

// Keys gives the keys of a site's jobs of a kind, in no order.
func (q *Queue) Keys(tx *db.Tx, site, kind string) ([]string, error) {
	names, err := ofSite(tx, site)
	var keys []string
	for _, n := range names {
		if n.kind == kind {
			keys = append(keys, n.key)
		}
	}
	return keys, err
}

// shift brings one job forward; it reports whether anything of it changed.
func (r *row) shift(now db.Time, by time.Duration) bool {
	if r.due == never {
		return false // buried, or in somebody's hands and not asked for since
	}
	r.due, r.turn = r.due.Add(-by), r.turn.Add(-by)
	if r.lease.IsZero() {
		r.free(now)
	}
	return true
}

// Busy counts the jobs of a site that are due or being worked on.
func (q *Queue) Busy(tx *db.Tx, site string) (n int64, err error) {
	err = tx.QueryRow(`SELECT COUNT(*) FROM job WHERE site_id = ? AND state <> ? AND (lease IS NOT NULL OR due <= ?)`,
		site, string(buried), tx.Now).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count the work of %s: %w", site, err)
	}
	return n, nil
}
