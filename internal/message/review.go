package message

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"strings"
	"unicode/utf8"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/event"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
)

// A site may want large messages to be approved by a second person. Such a message is
// accepted like any other, with the credit for its worst case held and its prices frozen, but
// nothing of it goes before somebody else than who sent it says so. It expires like one that
// is paused.

// ReviewState is where a review stands.
type ReviewState string

// The states of a review.
const (
	ReviewWanted   ReviewState = "wanted"
	ReviewApproved ReviewState = "approved"
	ReviewRejected ReviewState = "rejected"
)

// Review is the look of a second person at a message.
type Review struct {
	Message   Key
	State     ReviewState
	AskedBy   string // the token or person that sent the message, or last wrote the series which did
	AskedAt   db.Time
	DecidedBy string  // "" = nobody yet
	DecidedAt db.Time // 0 = not yet
	Reason    string  // why it was rejected
}

// mostReason is the longest reason of a rejection, in characters.
const mostReason = 500

// asker is who must not approve the message: what a series sends is the word of whoever wrote it.
func (r Request) asker() string { return cmp.Or(r.AskedBy, r.By) }

// reviewed reports whether a draft has to be approved before it goes.
func (d *Draft) reviewed() bool {
	return d.reviewAbove > 0 && d.accepted > d.reviewAbove && !d.request.Test
}

// Held reports whether nothing is handed over until somebody says so.
func (s State) Held() bool { return s == StatePaused || s == StateReview }

// askReviews writes the reviews that accepted messages want, with an event each.
func (s *Service) askReviews(tx *db.Tx, in []joining, messages []*Message, held []int) error {
	var list []*Message
	var by []string
	for _, i := range held {
		if messages[i].State == StateReview {
			list, by = append(list, messages[i]), append(by, in[i].draft.request.asker())
		}
	}
	if len(list) == 0 {
		return nil
	}
	n := len(list)
	err := tx.InsertMany("review", db.Col("site_id", pick(list, func(m *Message) string { return m.Site })), db.Col("message_id", pick(list, func(m *Message) id.ID { return m.ID })),
		db.Same("state", string(ReviewWanted), n), db.Col("asked_by", by), db.Same("asked_at", tx.Now, n))
	if err != nil {
		return fmt.Errorf("ask for reviews: %w", err)
	}
	return credit.Announce(tx, s.queue, pick(list, func(m *Message) event.Event { return messageEvent(m, "message.review") })...)
}

var reviewColumns = []string{"site_id", "message_id", "state", "asked_by", "asked_at", "decided_by", "decided_at", "reason"}

func scanReview(r *sql.Rows) (v Review, err error) {
	return v, r.Scan(&v.Message.Site, &v.Message.ID, &v.State, &v.AskedBy, &v.AskedAt, db.Maybe(&v.DecidedBy), db.Maybe(&v.DecidedAt), db.Maybe(&v.Reason))
}

type reviewLookup func(table string, cols []string, key ...db.Column) (*sql.Rows, error)

// ReviewOf reads the review of a message; !wanted = it never needed one.
func ReviewOf(tx *db.Tx, m Key) (v Review, wanted bool, err error) { return readReview(tx.Lookup, m) }

func readReview(look reviewLookup, m Key) (v Review, wanted bool, err error) {
	rows, err := look("review", reviewColumns, db.Col("site_id", []string{m.Site}), db.Col("message_id", []id.ID{m.ID}))
	found, err := db.Collect(rows, err, scanReview)
	if err != nil {
		return v, false, fmt.Errorf("read the review of message %s: %w", m.ID, err)
	}
	if len(found) == 0 {
		return v, false, nil
	}
	return found[0], true, nil
}

// Approve lets a message go that waits for its review: at its time, or at once. by must not be
// who sent it, nor who last wrote the series that did. Approving one that was approved changes
// nothing. Faults: NotFound, Denied, StateConflict.
func (s *Service) Approve(ctx context.Context, key Key, by string) (*Message, error) {
	return s.decide(ctx, key, by, ReviewApproved, "", func(tx *db.Tx, m *Message) error {
		next := StateAccepted
		if m.ScheduledAt > tx.Now {
			next = StateScheduled
		} else { // from now on it is valid as long as it was meant to be
			m.ScheduledAt = tx.Now
			if err := s.newTimeFits(tx, m); err != nil {
				return err
			}
			if _, err := tx.Exec(`UPDATE message SET scheduled_at = ? WHERE site_id = ? AND id = ?`, m.ScheduledAt, m.Site, m.ID); err != nil {
				return fmt.Errorf("set the time of message %s: %w", m.ID, err)
			}
		}
		if err := s.turn(tx, m, next); err != nil {
			return err
		}
		return s.queue.Put(tx, launchJob(m.Key, m.Due()))
	})
}

// Reject cancels a message that waits for its review, and gives back what was held for it. Who
// sent it may do that too. Rejecting one that was rejected changes nothing. Faults: as Approve.
func (s *Service) Reject(ctx context.Context, key Key, by, reason string) (*Message, error) {
	reason = strings.TrimSpace(reason)
	if utf8.RuneCountInString(reason) > mostReason {
		return nil, fault.Check("/reason", "want at most %d characters", mostReason)
	}
	return s.decide(ctx, key, by, ReviewRejected, reason, func(tx *db.Tx, m *Message) error {
		if err := s.turn(tx, m, StateCancelling); err != nil {
			return err
		}
		return s.queue.Put(tx, cancelJob(m.Key, tx.Now))
	})
}

// decide writes what became of a review, and what follows.
func (s *Service) decide(ctx context.Context, key Key, by string, to ReviewState, reason string, act func(*db.Tx, *Message) error) (*Message, error) {
	return s.change(ctx, "message_review", "", key, func(tx *db.Tx, m *Message) error {
		v, wanted, err := readReview(tx.LookupForUpdate, key)
		switch {
		case err != nil:
			return err
		case wanted && v.State == to:
			return nil
		case !wanted || v.State != ReviewWanted || m.State != StateReview:
			return conflict(m, string(to))
		case to == ReviewApproved && by == v.AskedBy:
			return fault.New(fault.Denied, fault.CodeForbidden, "message %s was sent by you; somebody else has to approve it", m.ID.Text(id.Message))
		}
		_, err = tx.Exec(`UPDATE review SET state = ?, decided_by = ?, decided_at = ?, reason = ? WHERE site_id = ? AND message_id = ?`,
			string(to), by, tx.Now, reason, key.Site, key.ID)
		if err != nil {
			return fmt.Errorf("decide on message %s: %w", m.ID, err)
		}
		was := m.standing()
		if err := act(tx, m); err != nil {
			return err
		}
		return noteReview(tx, m, v, to, by, reason, was)
	})
}

// ReviewsWaiting counts the messages that wait for a second person, but for those of sites whose
// ids are like except, a pattern of SQL, and tells since when the first one does; 0 = none. What
// was cancelled, or expired, before anybody looked at it waits no more, whatever its review says.
func ReviewsWaiting(tx *db.Tx, except string) (n int64, since db.Time, err error) {
	err = tx.QueryRow(`SELECT COUNT(*), COALESCE(MIN(r.asked_at), 0) FROM review r
		JOIN message m ON m.site_id = r.site_id AND m.id = r.message_id
		WHERE r.state = ? AND m.state = ? AND r.site_id NOT LIKE ?`, string(ReviewWanted), string(StateReview), except).Scan(&n, &since)
	if err != nil {
		return 0, 0, fmt.Errorf("count reviews that wait: %w", err)
	}
	return n, since, nil
}
