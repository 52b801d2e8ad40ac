package series

import (
	"database/sql"
	"fmt"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
)

// Shift brings the next times of a site's series forward, and the ends of those that end. One
// that lies within that time comes now, and is not missed; of several the first does, and the
// others are counted from the true calendar. A firing that has begun keeps its time, by which
// it is known. A next time that meets an earlier firing of its series is put a microsecond
// before it, since it is another one.
func (s *Service) Shift(tx *db.Tx, siteID string, by time.Duration) error {
	type moved struct {
		id                 id.ID
		starts, ends, next db.Time
	}
	rows, err := tx.ForUpdate(`SELECT id, starts_at, ends_at, next_at FROM series WHERE site_id = ? AND state IN ('active', 'paused') ORDER BY site_id, id`, siteID)
	list, err := db.Collect(rows, err, func(r *sql.Rows) (m moved, err error) {
		return m, r.Scan(&m.id, &m.starts, &m.ends, &m.next)
	})
	if err != nil {
		return fmt.Errorf("find series of %s: %w", siteID, err)
	}
	earlier := func(t db.Time) db.Time {
		if t == 0 {
			return 0
		}
		return t.Add(-by)
	}
	for _, m := range list {
		next := earlier(m.next)
		if m.next > tx.Now {
			next = max(next, tx.Now)
		}
		if next != 0 {
			if next, err = free(tx, siteID, m.id, next); err != nil {
				return err
			}
		}
		_, err := tx.Exec(`UPDATE series SET starts_at = ?, ends_at = ?, next_at = ? WHERE site_id = ? AND id = ?`,
			earlier(m.starts), earlier(m.ends), next, siteID, m.id)
		if err != nil {
			return fmt.Errorf("shift series %s: %w", m.id, err)
		}
	}
	return nil
}

// free gives the last moment up to a time at which a series has not fired.
func free(tx *db.Tx, siteID string, of id.ID, upTo db.Time) (db.Time, error) {
	rows, err := tx.Query(`SELECT at FROM series_firing WHERE site_id = ? AND series_id = ? AND at <= ? ORDER BY at DESC`, siteID, of, upTo)
	taken, err := db.Collect(rows, err, func(r *sql.Rows) (at db.Time, err error) { return at, r.Scan(&at) })
	if err != nil {
		return 0, fmt.Errorf("read firings of series %s: %w", of, err)
	}
	for _, at := range taken {
		if at != upTo {
			break
		}
		upTo--
	}
	return upTo, nil
}
