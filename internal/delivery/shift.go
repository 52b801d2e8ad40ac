package delivery

import (
	"fmt"
	"slices"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
)

// Shift makes a site's calls in doubt as much older as by says, so that they are asked about
// as late and given up as soon as if that time had passed. Calls that are under way, or are
// about to be, keep their times: a request takes as long as it takes. Only the accounts of
// test sites can be meant, whose calls are of one site each.
func (s *Service) Shift(tx *db.Tx, siteID string, by time.Duration) error {
	calls, err := s.callsOf(tx, siteID, unknown)
	if err != nil || len(calls) == 0 {
		return err
	}
	n := len(calls)
	moved := func(name string, of func(attempt) db.Time) db.Column {
		return db.Col(name, pick(calls, func(a attempt) db.Time { return of(a).Add(-by) }))
	}
	err = tx.UpdateMany("attempt", []string{"id", "state"},
		db.Col("id", pick(calls, func(a attempt) id.ID { return a.ID })), db.Same("state", string(unknown), n),
		moved("ask_at", func(a attempt) db.Time { return a.AskAt }), moved("created_at", func(a attempt) db.Time { return a.CreatedAt }),
		moved("called_at", func(a attempt) db.Time { return a.CalledAt }), moved("deadline", func(a attempt) db.Time { return a.Deadline }))
	if err != nil {
		return fmt.Errorf("shift calls of %s: %w", siteID, err)
	}
	return nil
}

// Busy counts the calls of a test site that are under way or about to be, and the letters of
// the accounts of test sites that are not applied yet.
func (s *Service) Busy(tx *db.Tx, siteID string) (int64, error) {
	var n int64
	for _, state := range []attemptState{planned, calling} {
		calls, err := s.callsOf(tx, siteID, state)
		if err != nil {
			return 0, err
		}
		n += int64(len(calls))
	}
	for _, k := range s.carriers.list {
		if !k.Account.Test {
			continue
		}
		var letters int64
		err := tx.QueryRow(`SELECT COUNT(*) FROM inbox WHERE state = ? AND provider = ?`, string(inboxNew), k.Account.Name).Scan(&letters)
		if err != nil {
			return 0, fmt.Errorf("count the letters of %s: %w", k.Account.Name, err)
		}
		n += letters
	}
	return n, nil
}

// callsOf reads the calls of a test site in a state.
func (s *Service) callsOf(tx *db.Tx, siteID string, state attemptState) (list []attempt, err error) {
	for _, k := range s.carriers.list {
		if !k.Account.Test {
			continue
		}
		rows, err := tx.Query(`SELECT `+attemptColumns+` FROM attempt WHERE state = ? AND provider = ? ORDER BY ask_at, id`, string(state), k.Account.Name)
		found, err := db.Collect(rows, err, scanAttempt)
		if err != nil {
			return nil, fmt.Errorf("read calls of %s: %w", siteID, err)
		}
		list = append(list, slices.DeleteFunc(found, func(a attempt) bool { return len(a.Groups) == 0 || a.Groups[0].Site != siteID })...)
	}
	return list, nil
}
