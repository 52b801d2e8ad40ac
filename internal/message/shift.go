package message

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
)

// MostOpen is how many recipients a site may have open for its clock to be moved: all of
// them move in one transaction.
const MostOpen = 20_000

// shiftAtOnce is how many messages one statement names.
const shiftAtOnce = 200

// Shift makes a site's open messages as much older as by says: when they were accepted, are
// to go and were handed over, and what is remembered of whom they went to. A schedule that
// lies within that time comes now: it would not have been missed. What is final keeps its
// times, and so does what is not accepted yet. Conflict (state_conflict) for a
// site with more than MostOpen recipients under way.
func (s *Service) Shift(tx *db.Tx, siteID string, by time.Duration) error {
	open, err := openMessages(tx, siteID)
	if err != nil {
		return err
	}
	var people int64
	for _, m := range open {
		people += m.people
	}
	if people > MostOpen {
		return fault.New(fault.Conflict, fault.CodeStateConflict,
			"%d recipients of %s are under way, and time can be moved for %d at most: cancel a message, or wait until some have ended", people, siteID, MostOpen)
	}
	if err := shiftMessages(tx, siteID, open, by); err != nil {
		return fmt.Errorf("shift messages of %s: %w", siteID, err)
	}
	us := by.Microseconds()
	for _, what := range []string{
		`UPDATE review SET asked_at = asked_at - ? WHERE site_id = ? AND state = 'wanted'`,
		`UPDATE off_kakao SET seen_at = seen_at - ? WHERE site_id = ?`,
	} {
		if _, err := tx.Exec(what, us, siteID); err != nil {
			return fmt.Errorf("shift what is known of messages of %s: %w", siteID, err)
		}
	}
	_, err = tx.Exec(`UPDATE recent SET claimed_at = claimed_at - ?, expires_at = expires_at - ?,
		goes_at = CASE WHEN goes_at = 0 THEN 0 ELSE goes_at - ? END WHERE site_id = ?`, us, us, us, siteID)
	if err != nil {
		return fmt.Errorf("shift what %s sent lately: %w", siteID, err)
	}
	return nil
}

// openMessage is what moves of a message that is not over.
type openMessage struct {
	id                     id.ID
	createdAt, scheduledAt db.Time
	people                 int64 // not final
}

// openMessages locks a site's messages that are not over.
func openMessages(tx *db.Tx, siteID string) ([]openMessage, error) {
	rows, err := tx.ForUpdate(`SELECT id, created_at, scheduled_at, accepted - delivered - failed - expired - cancelled FROM message
		WHERE site_id = ? AND state <> 'draft' AND state <> 'done' AND state <> 'cancelled' ORDER BY site_id, id`, siteID)
	list, err := db.Collect(rows, err, func(r *sql.Rows) (m openMessage, err error) {
		return m, r.Scan(&m.id, &m.createdAt, &m.scheduledAt, &m.people)
	})
	if err != nil {
		return nil, fmt.Errorf("find open messages of %s: %w", siteID, err)
	}
	return list, nil
}

// shiftMessages moves messages whose rows are locked, and those of their people who are not
// final.
func shiftMessages(tx *db.Tx, siteID string, open []openMessage, by time.Duration) error {
	if len(open) == 0 {
		return nil
	}
	scheduled := func(m openMessage) db.Time {
		switch {
		case m.scheduledAt == 0:
			return 0
		case m.scheduledAt > tx.Now:
			return max(m.scheduledAt.Add(-by), tx.Now)
		}
		return m.scheduledAt.Add(-by)
	}
	err := tx.UpdateMany("message", []string{"site_id", "id"}, db.Same("site_id", siteID, len(open)),
		db.Col("id", pick(open, func(m openMessage) id.ID { return m.id })),
		db.Col("created_at", pick(open, func(m openMessage) db.Time { return m.createdAt.Add(-by) })),
		db.Col("scheduled_at", pick(open, scheduled)))
	if err != nil {
		return err
	}
	us := by.Microseconds()
	for some := range slices.Chunk(open, shiftAtOnce) {
		args := []any{us, us, us, siteID}
		for _, m := range some {
			args = append(args, m.id)
		}
		_, err := tx.Exec(`UPDATE recipient SET handed_at = CASE WHEN handed_at = 0 THEN 0 ELSE handed_at - ? END,
			sent_at = CASE WHEN sent_at = 0 THEN 0 ELSE sent_at - ? END, reported_at = CASE WHEN reported_at = 0 THEN 0 ELSE reported_at - ? END
			WHERE site_id = ? AND state IN ('pending', 'sent', 'unknown') AND message_id IN (?`+strings.Repeat(", ?", len(some)-1)+`)`, args...)
		if err != nil {
			return err
		}
	}
	return nil
}
