package message

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/queue"
	"creditmsg/internal/site"
)

// launchChunk is the number of jobs that one transaction makes.
const launchChunk = 200

// Reschedule moves a scheduled message to another time. A message that is not
// scheduled any more is a Conflict.
func (s *Service) Reschedule(ctx context.Context, key Key, at time.Time) (*Message, error) {
	return s.change(ctx, "message_reschedule", "message.rescheduled", key, func(tx *db.Tx, m *Message) error {
		if m.State != StateScheduled {
			return conflict(m, "rescheduled")
		}
		if err := checkSchedule(at, tx.Now); err != nil {
			return err
		}
		m.ScheduledAt = max(db.At(at), tx.Now)
		if err := s.newTimeFits(tx, m); err != nil {
			return err
		}
		if _, err := tx.Exec(`UPDATE message SET scheduled_at = ? WHERE site_id = ? AND id = ?`, m.ScheduledAt, m.Site, m.ID); err != nil {
			return fmt.Errorf("reschedule message %s: %w", m.ID, err)
		}
		// The job keeps the earlier of its times; when it runs too early it goes back.
		return s.queue.Put(tx, launchJob(m.Key, m.ScheduledAt))
	})
}

// change locks one message, lets act change it and gives it as it stands then. What the audit
// log calls the act is noted, unless act does so itself ("").
func (s *Service) change(ctx context.Context, name, action string, key Key, act func(tx *db.Tx, m *Message) error) (*Message, error) {
	var out *Message
	err := s.d.Update(ctx, name, func(tx *db.Tx) error {
		m, err := lockOne(tx, key)
		if err != nil {
			return err
		}
		out = m
		was := m.standing()
		if err := act(tx, m); err != nil || action == "" {
			return err
		}
		return audit.Note(tx, m.noted(action, was))
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Works are the kinds of jobs that this package handles.
func (s *Service) Works() []queue.Work {
	return []queue.Work{
		{Lane: queue.Send, Kind: KindLaunch, Max: 1, Workers: 1, Handle: each(s.launch)},
		{Lane: queue.Send, Kind: kindPace, Max: 1, Workers: 1, Handle: each(s.pace)},
		{Lane: queue.Default, Kind: kindUsed, Max: 100, Workers: 1, Handle: s.countUses},
		{Lane: queue.Default, Kind: KindCancel, Max: 1, Workers: 1, Handle: each(s.takeBack)},
	}
}

// each handles claimed jobs one after another.
func each(one func(context.Context, queue.Claimed) error) queue.Handler {
	return func(ctx context.Context, jobs []queue.Claimed) error {
		var errs []error
		for _, j := range jobs {
			errs = append(errs, one(ctx, j))
		}
		return errors.Join(errs...)
	}
}

// launch makes the send jobs of a message in chunks: of a large or scheduled one
// when it is due, and of one that was resumed. A job for a step that has nobody
// waiting ends at once.
func (s *Service) launch(ctx context.Context, j queue.Claimed) error {
	key, err := keyOf(j)
	if err != nil {
		return err
	}
	var ready *Message
	err = s.d.Update(ctx, "message_launch", func(tx *db.Tx) error {
		ready = nil
		found, err := Lock(tx, []Key{key})
		if err != nil {
			return err
		}
		m := found[key]
		switch {
		case m == nil || m.State != StateScheduled && m.State != StateAccepted && !m.State.Held():
			return s.queue.Done(tx, j)
		case m.State.Held() && tx.Now <= m.ValidUntil():
			// Resuming or approving it puts the job again; until then only its expiry matters.
			return s.queue.Again(tx, m.ValidUntil().Add(time.Microsecond), string(m.State), j)
		case m.Due() > tx.Now:
			return s.queue.Again(tx, m.Due(), "not due", j)
		}
		ready = m
		if m.State == StateScheduled {
			return MarkAccepted(tx, []*Message{m})
		}
		return nil
	})
	if err != nil || ready == nil {
		return err
	}
	paced := false
	for from := 0; from < ready.Batches; from += launchChunk {
		err := s.d.Update(ctx, "message_launch_jobs", func(tx *db.Tx) error {
			home, err := site.Find(tx, ready.Site)
			if err != nil {
				return err
			}
			content, err := s.Content(tx, ready)
			if err != nil {
				return err
			}
			paced = content.Tempo != nil && content.Tempo.PerMinute > 0
			jobs, err := sendJobs(tx, ready, from, min(from+launchChunk, ready.Batches), paced)
			if err != nil {
				return err
			}
			s.inTurn(ready, home.Weight, jobs)
			return s.queue.Put(tx, jobs...)
		})
		if err != nil {
			return fmt.Errorf("launch message %s: %w", key.ID, err)
		}
	}
	return s.d.Update(ctx, "message_launched", func(tx *db.Tx) error {
		if paced && tx.Now <= ready.ValidUntil() {
			if err := s.queue.Put(tx, paceJob(key, tx.Now)); err != nil {
				return err
			}
		}
		return s.queue.Done(tx, j)
	})
}

// sendJobs gives the jobs of some batches: of a waiting one that of its first step,
// of one that was begun those of all steps, since people may be back at any. What the
// pace of a message has not let go yet has none, unless it is over.
func sendJobs(tx *db.Tx, m *Message, from, to int, paced bool) ([]queue.Job, error) {
	rows, err := tx.Query(`SELECT no, state FROM batch WHERE site_id = ? AND message_id = ? AND no >= ? AND no < ?`, m.Site, m.ID, from, to)
	batches, err := db.Collect(rows, err, func(r *sql.Rows) (b Batch, err error) { return b, r.Scan(&b.No, &b.State) })
	if err != nil {
		return nil, fmt.Errorf("read batches: %w", err)
	}
	steps := longest(m.Classes)
	var jobs []queue.Job
	for _, b := range batches {
		switch b.State {
		case BatchWaiting:
			if paced && tx.Now <= m.ValidUntil() && int64(b.No)*BatchSize >= m.Released {
				continue
			}
			jobs = append(jobs, SendJob(m, b.No, 1, tx.Now))
		case BatchTaken:
			for step := 1; step <= steps; step++ {
				jobs = append(jobs, SendJob(m, b.No, step, tx.Now))
			}
		case BatchCancelled, BatchExpired: // nobody waits there
		}
	}
	return jobs, nil
}

func longest(list []Class) int {
	n := 0
	for _, c := range list {
		n = max(n, len(c.Steps))
	}
	return n
}
