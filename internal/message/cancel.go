package message

import (
	"context"
	"database/sql"
	"fmt"

	"creditmsg/internal/db"
	"creditmsg/internal/queue"
)

// Pause holds back every hand-over that has not begun; reports settle as usual
// and fallbacks wait. Pausing a paused message changes nothing.
func (s *Service) Pause(ctx context.Context, key Key) (*Message, error) {
	return s.change(ctx, "message_pause", "message.paused", key, func(tx *db.Tx, m *Message) error {
		switch m.State {
		case StatePaused:
			return nil
		case StateScheduled, StateAccepted:
			return s.turn(tx, m, StatePaused)
		default:
			return conflict(m, "paused")
		}
	})
}

// Resume lets a paused message go on: at its time if that is still to come.
// Resuming a message that is not held back changes nothing.
func (s *Service) Resume(ctx context.Context, key Key) (*Message, error) {
	return s.change(ctx, "message_resume", "message.resumed", key, func(tx *db.Tx, m *Message) error {
		switch m.State {
		case StateScheduled, StateAccepted:
			return nil
		case StatePaused:
			next := StateAccepted
			if m.ScheduledAt > tx.Now {
				next = StateScheduled
			}
			if err := s.turn(tx, m, next); err != nil {
				return err
			}
			return s.queue.Put(tx, launchJob(m.Key, max(m.Due(), tx.Now)))
		default:
			return conflict(m, "resumed")
		}
	})
}

// Cancel takes back everyone who was not handed over; those who were end by
// their report, look-up or expiry. Cancelling twice changes nothing.
func (s *Service) Cancel(ctx context.Context, key Key) (*Message, error) {
	return s.change(ctx, "message_cancel", "message.cancelled", key, func(tx *db.Tx, m *Message) error {
		switch m.State {
		case StateCancelling, StateCancelled:
			return nil
		case StateScheduled, StateAccepted, StatePaused, StateReview:
			if err := s.turn(tx, m, StateCancelling); err != nil {
				return err
			}
			return s.queue.Put(tx, cancelJob(m.Key, tx.Now))
		default:
			return conflict(m, "cancelled")
		}
	})
}

// turn writes a new state with its event.
func (s *Service) turn(tx *db.Tx, m *Message, next State) error {
	m.State = next
	if err := updateCounters(tx, []*Message{m}); err != nil {
		return err
	}
	return m.heard.Append(tx, messageEvent(m, "message."+string(next)))
}

// cancelChunk is the number of batches that one transaction takes back.
const cancelChunk = 20

// takeBack cancels the waiting batches and the pending recipients of a message,
// chunk by chunk. Whoever is inside a call at that moment is cancelled by Record
// if the call turns out not to have reached him.
func (s *Service) takeBack(ctx context.Context, j queue.Claimed) error {
	key, err := keyOf(j)
	if err != nil {
		return err
	}
	for more := true; more; {
		err := s.d.Update(ctx, "message_take_back", func(tx *db.Tx) error {
			var err error
			more, err = s.takeBackSome(tx, key)
			if err == nil && !more {
				err = s.queue.Done(tx, j)
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("cancel message %s: %w", key.ID, err)
		}
	}
	return nil
}

func (s *Service) takeBackSome(tx *db.Tx, key Key) (more bool, err error) {
	found, err := Lock(tx, []Key{key})
	if err != nil || found[key] == nil || found[key].State != StateCancelling {
		return false, err
	}
	m := found[key]
	w := Writing{Messages: found}
	rows, err := tx.ForUpdate(`SELECT `+columnList(batchSelect)+` FROM batch
		WHERE site_id = ? AND message_id = ? AND state = 'waiting' ORDER BY site_id, message_id, no LIMIT ?`, m.Site, m.ID, cancelChunk)
	batches, err := db.Collect(rows, err, func(r *sql.Rows) (Batch, error) { return scanBatch(r) })
	if err != nil {
		return false, fmt.Errorf("read waiting batches: %w", err)
	}
	for _, b := range batches {
		w.Batches = append(w.Batches, b.End(BatchCancelled))
	}
	if len(batches) == 0 {
		rows, err := tx.ForUpdate(`SELECT `+columnList(recipientSelect)+` FROM recipient
			WHERE site_id = ? AND message_id = ? AND state = 'pending' AND attempt IS NULL ORDER BY site_id, message_id, seq LIMIT ?`, m.Site, m.ID, BatchSize)
		people, err := s.collect(found, rows, err)
		if err != nil {
			return false, err
		}
		for _, r := range people {
			w.Changes = append(w.Changes, Cancel(r, tx.Now))
		}
	}
	if len(w.Batches)+len(w.Changes) == 0 {
		return false, nil
	}
	return true, s.Record(tx, w)
}
