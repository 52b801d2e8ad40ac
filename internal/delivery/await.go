package delivery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/message"
	"creditmsg/internal/provider"
	"creditmsg/internal/queue"
)

// lookAfter are the times after hand-over at which the provider is asked about
// recipients that no report was heard of.
var lookAfter = []time.Duration{5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 6 * time.Hour, 24 * time.Hour}

// await looks after the reports of steps of batches: it asks the provider about
// those still open, and expires those whose time is over. One job per step and
// batch does both; it ends when nobody of it is open any more.
func (s *Service) await(ctx context.Context, jobs []queue.Claimed) error {
	var errs []error
	for _, j := range jobs {
		if err := s.awaitOne(ctx, j); err != nil {
			errs = append(errs, fmt.Errorf("await %s: %w", j.Key, err))
		}
	}
	return errors.Join(errs...)
}

func (s *Service) awaitOne(ctx context.Context, j queue.Claimed) error {
	k, err := message.ReadBatchKey(j.Site, j.Key)
	if err != nil {
		return err
	}
	var open []message.Recipient
	var calls map[id.ID]attempt
	var now db.Time
	err = s.d.View(ctx, "await_read", func(tx *db.Tx) error {
		now, open = tx.Now, nil
		messages, err := message.ReadMessages(tx, []message.Key{k.Message})
		if err != nil || messages[k.Message] == nil {
			return err
		}
		if open, err = s.messages.OpenRecipients(tx, messages[k.Message], k.Batch, k.Step); err != nil {
			return err
		}
		calls, err = readAttempts(tx, dueCalls(open, now))
		return err
	})
	if err != nil {
		return err
	}
	for _, a := range calls {
		if err := s.look(ctx, a); err != nil {
			s.o.Log.WarnContext(ctx, "look-up failed", slog.String("provider", a.Provider), slog.String("attempt", a.ID.Text(id.Attempt)), slog.Any("error", err))
		}
	}
	return s.d.Update(ctx, "await_expire", func(tx *db.Tx) error { return s.expireOpen(tx, j, k) })
}

// dueCalls names the calls of those whose next look-up is due.
func dueCalls(open []message.Recipient, now db.Time) []id.ID {
	seen := map[id.ID]bool{}
	var ids []id.ID
	for _, r := range open {
		if !seen[r.Attempt] && now >= r.HandedAt.Add(lookAfter[0]) {
			seen[r.Attempt] = true
			ids = append(ids, r.Attempt)
		}
	}
	return ids
}

// look asks what became of an answered call and applies what is said of it.
func (s *Service) look(ctx context.Context, a attempt) error {
	k, ok := s.carriers.byName[a.Provider]
	if !ok || k.caps.Lookup == provider.LookupNone || a.UpstreamID == "" || a.State != answered {
		return nil // a call in doubt is recovery's to ask about
	}
	found, err := k.Adapter.Lookup(ctx, a.enquiry())
	if err != nil {
		return err
	}
	if found.Verdict != provider.LookupTaken {
		return nil
	}
	return s.takeIn(ctx, a.Provider, found.Reports)
}

// expireOpen ends those whose time is over and puts the job back for the others.
func (s *Service) expireOpen(tx *db.Tx, j queue.Claimed, k message.BatchKey) error {
	w := message.Writing{}
	var err error
	if w.Messages, err = message.Lock(tx, []message.Key{k.Message}); err != nil {
		return err
	}
	m := w.Messages[k.Message]
	if m == nil {
		return s.queue.Done(tx, j)
	}
	open, err := s.messages.LockOpen(tx, m, k.Batch, k.Step)
	if err != nil {
		return err
	}
	var next db.Time
	for _, r := range open {
		end := r.HandedAt.Add(s.expiry(r.Channel()))
		if tx.Now >= end {
			w.Changes = append(w.Changes, message.Expire(r, tx.Now))
			continue
		}
		if at := nextLook(r.HandedAt, tx.Now, end); next == 0 || at < next {
			next = at
		}
	}
	if next == 0 {
		err = s.queue.Done(tx, j)
	} else {
		err = s.queue.Again(tx, next, "reports missing", j)
	}
	if err != nil {
		return err
	}
	return s.messages.Record(tx, w)
}

// nextLook is the next time to ask about a recipient, or its end.
func nextLook(handed, now, end db.Time) db.Time {
	for _, after := range lookAfter {
		if at := handed.Add(after); at > now {
			return min(at, end)
		}
	}
	return end
}
