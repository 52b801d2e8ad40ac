package message

import (
	"database/sql"
	"fmt"
	"slices"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
)

// lookedAt is how many messages are looked at together.
const lookedAt = 500

// ScheduledHeld is what the scheduled messages of a site hold. Each has a job that launches it, so
// that those which were sent long ago are not looked at.
func (s *Service) ScheduledHeld(tx *db.Tx, siteID string) (held money.Amount, err error) {
	keys, err := s.queue.Keys(tx, siteID, KindLaunch)
	if err != nil {
		return 0, err
	}
	ids := make([]id.ID, len(keys))
	for i, key := range keys {
		if ids[i], err = id.ParseBare(key); err != nil {
			return 0, fmt.Errorf("read job key %q: %w", key, err)
		}
	}
	for some := range slices.Chunk(ids, lookedAt) {
		rows, err := tx.Lookup("message", []string{"id", "state"}, db.Same("site_id", siteID, len(some)), db.Col("id", some))
		var waiting []id.ID
		_, err = db.Collect(rows, err, func(r *sql.Rows) (one id.ID, err error) {
			var state State
			if err = r.Scan(&one, &state); err == nil && state == StateScheduled {
				waiting = append(waiting, one)
			}
			return one, err
		})
		if err != nil {
			return 0, fmt.Errorf("find the scheduled messages of site %s: %w", siteID, err)
		}
		open, err := s.ledger.Reservations(tx, siteID, waiting...)
		if err != nil {
			return 0, err
		}
		for _, r := range open {
			held += r.Open
		}
	}
	return held, nil
}
