package delivery

import (
	"fmt"

	"creditmsg/internal/db"
)

// Backlog is what should have been mended by now and was not.
type Backlog struct {
	Calls   int64   // provider calls without an answer whose time to be looked at is over
	Letters int64   // delivery reports that are stored and not applied
	Oldest  db.Time // since when the oldest of both waits; 0 = there is none
}

// Overdue counts what stands still since before a time. A little of it is usual
// while processes run; it is theirs to mend.
func Overdue(tx *db.Tx, since db.Time) (b Backlog, err error) {
	for _, state := range []attemptState{planned, calling, unknown} {
		var n int64
		var oldest db.Time
		err := tx.QueryRow(`SELECT COUNT(*), MIN(ask_at) FROM attempt WHERE state = ? AND ask_at < ?`, string(state), since).Scan(&n, db.Maybe(&oldest))
		if err != nil {
			return Backlog{}, fmt.Errorf("count calls left behind: %w", err)
		}
		b.Calls += n
		b.noteOldest(oldest)
	}
	var oldest db.Time
	err = tx.QueryRow(`SELECT COUNT(*), MIN(received_at) FROM inbox WHERE state = ? AND received_at < ?`, string(inboxNew), since).Scan(&b.Letters, db.Maybe(&oldest))
	if err != nil {
		return Backlog{}, fmt.Errorf("count letters left behind: %w", err)
	}
	b.noteOldest(oldest)
	return b, nil
}

func (b *Backlog) noteOldest(t db.Time) {
	if !t.IsZero() && (b.Oldest.IsZero() || t < b.Oldest) {
		b.Oldest = t
	}
}
