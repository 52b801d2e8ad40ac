package delivery

import (
	"fmt"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
)

// Handed is a call that was handed over, or may have been.
type Handed struct {
	ID         id.ID
	UpstreamID string // what the provider calls it; may be empty
	At         db.Time
	Legs       []Reference
}

// CallFilter says which calls are wanted.
type CallFilter struct {
	Account     string
	From, Until db.Time // handed over at or after, and before
	After       id.ID   // the call to go on behind
	Limit       int
}

// planAhead bounds how long before its hand-over a call was planned, and how far its id,
// which bears the clock of the machine that planned it, is from the database's time.
const planAhead = 2 * 24 * time.Hour

// Calls gives calls of an account in the order of their ids, those that certainly were not
// made left out. next is the call to go on behind, zero when there are no more.
func Calls(tx *db.Tx, f CallFilter) (list []Handed, next id.ID, err error) {
	after := id.From(f.From.Add(-planAhead).Time())
	if !f.After.IsZero() {
		after = f.After
	}
	rows, err := tx.Query(`SELECT `+attemptColumns+` FROM attempt WHERE id > ? AND id < ? AND provider = ? ORDER BY id LIMIT ?`,
		after, id.From(f.Until.Add(planAhead).Time()), f.Account, f.Limit)
	calls, err := db.Collect(rows, err, scanAttempt)
	if err != nil {
		return nil, next, fmt.Errorf("read calls of %s: %w", f.Account, err)
	}
	for _, a := range calls {
		if a.mayBeTaken() && a.CalledAt >= f.From && a.CalledAt < f.Until {
			list = append(list, Handed{a.ID, a.UpstreamID, a.CalledAt, a.legs()})
		}
	}
	if len(calls) == f.Limit {
		next = calls[len(calls)-1].ID
	}
	return list, next, nil
}

// mayBeTaken reports whether the provider took the call, as far as anybody knows.
func (a attempt) mayBeTaken() bool {
	return a.State == answered || a.State == unknown || a.State == calling || a.State == closed && !a.CalledAt.IsZero()
}

// legs names everyone in the call with step and try.
func (a attempt) legs() []Reference {
	var out []Reference
	for _, g := range a.Groups {
		for _, p := range (attempt{Groups: []group{g}}).places() {
			out = append(out, Reference{Place: p, Step: g.Step, Try: g.Try})
		}
	}
	return out
}
