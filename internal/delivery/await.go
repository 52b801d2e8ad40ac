package delivery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/message"
	"creditmsg/internal/provider"
	"creditmsg/internal/queue"
)

// lookAfter are the times after hand-over at which the provider is asked about
// recipients that no report was heard of.
var lookAfter = []time.Duration{5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 6 * time.Hour, 24 * time.Hour}

// lastLook is how much longer those wait who could not be asked about at their end, since
// their account is left alone: it may answer again by then.
const lastLook = 10 * time.Minute

// await looks after the reports of steps of batches: it asks the provider about
// those still open, and expires those whose time is over. One job per step and
// batch does both; it ends when nobody of it is open any more. Nobody expires before
// what is known of his call was asked for, but nobody waits for what is asked of others.
func (s *Service) await(ctx context.Context, jobs []queue.Claimed) error {
	errs := make([]error, len(jobs))
	var asked inquiry
	waits := make([]*waiting, len(jobs))
	for i, j := range jobs {
		w, err := s.readOpen(ctx, j)
		if err != nil {
			errs[i] = fmt.Errorf("await %s: %w", j.Key, err)
			continue
		}
		if asked.add(w); len(w.questions) > 0 {
			waits[i] = w
		} else {
			errs[i] = s.expire(ctx, w)
		}
	}
	var all sync.WaitGroup
	for i, w := range waits {
		if w != nil {
			all.Go(func() { errs[i] = fault.Contain("the wait", func() error { return s.expire(ctx, w) }) })
		}
	}
	_ = perAccount(asked.calls, 1, func(a attempt) error { s.look(ctx, a, asked.questions[a.ID]); return nil })
	all.Wait()
	return errors.Join(errs...)
}

// waiting is a job with the calls that its people are in.
type waiting struct {
	job       queue.Claimed
	key       message.BatchKey
	calls     []attempt
	questions map[id.ID]*question
}

// question is what is asked about one call.
type question struct {
	over   chan struct{} // closed when it was asked, or will not be
	putOff bool          // its account is left alone; to be read when over
}

// inquiry is what is asked for all jobs of a moment: a call with people of several of them is
// asked about once.
type inquiry struct {
	calls     []attempt
	questions map[id.ID]*question
}

func (q *inquiry) add(w *waiting) {
	w.questions = map[id.ID]*question{}
	for _, a := range w.calls {
		if q.questions[a.ID] == nil {
			if q.questions == nil {
				q.questions = map[id.ID]*question{}
			}
			q.questions[a.ID] = &question{over: make(chan struct{})}
			q.calls = append(q.calls, a)
		}
		w.questions[a.ID] = q.questions[a.ID]
	}
}

// readOpen reads which calls are to be asked about for a job.
func (s *Service) readOpen(ctx context.Context, j queue.Claimed) (*waiting, error) {
	k, err := message.ReadBatchKey(j.Site, j.Key)
	if err != nil {
		return nil, err
	}
	w := &waiting{job: j, key: k}
	err = s.d.View(ctx, "await_read", func(tx *db.Tx) error {
		w.calls = nil
		messages, err := message.ReadMessages(tx, []message.Key{k.Message})
		if err != nil || messages[k.Message] == nil {
			return err
		}
		open, err := s.messages.OpenRecipients(tx, messages[k.Message], k.Batch, k.Step)
		if err != nil {
			return err
		}
		calls, err := readAttempts(tx, dueCalls(open, tx.Now))
		for _, a := range calls {
			if s.tells(a) {
				w.calls = append(w.calls, a)
			}
		}
		return err
	})
	return w, err
}

// tells reports whether an account can be asked about an answered call. One in doubt is
// recovery's to ask about.
func (s *Service) tells(a attempt) bool {
	k, ok := s.carriers.byName[a.Provider]
	return ok && k.caps.Lookup != provider.LookupNone && a.UpstreamID != "" && a.State == answered
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

// look asks what became of a call and applies what is said of it.
func (s *Service) look(ctx context.Context, a attempt, q *question) {
	defer close(q.over)
	found, err := s.lookUp(ctx, s.carriers.byName[a.Provider], a)
	if err == nil && found.Verdict == provider.LookupTaken {
		err = s.takeIn(ctx, a.Provider, found.Reports)
	}
	if q.putOff = errors.Is(err, errLeftAlone); err != nil && !q.putOff {
		s.o.Log.WarnContext(ctx, "look-up failed", slog.String("provider", a.Provider), slog.String("attempt", a.ID.Text(id.Attempt)), slog.Any("error", err))
	}
}

// expire waits until what a job's people may still be told of was asked, and ends those whose
// time is over.
func (s *Service) expire(ctx context.Context, w *waiting) error {
	putOff := map[id.ID]bool{}
	for call, q := range w.questions {
		<-q.over
		putOff[call] = q.putOff
	}
	err := s.d.Update(ctx, "await_expire", func(tx *db.Tx) error { return s.expireOpen(tx, w.job, w.key, putOff) })
	if err != nil {
		return fmt.Errorf("await %s: %w", w.job.Key, err)
	}
	return nil
}

// expireOpen ends those whose time is over and puts the job back for the others. Those of
// calls whose question was put off have a little more time.
func (s *Service) expireOpen(tx *db.Tx, j queue.Claimed, k message.BatchKey, putOff map[id.ID]bool) error {
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
		at := nextLook(r.HandedAt, tx.Now, end)
		if putOff[r.Attempt] {
			end = end.Add(lastLook)
			at = min(tx.Now.Add(leftAlone), end)
		}
		if tx.Now >= end {
			w.Changes = append(w.Changes, message.Expire(r, tx.Now))
			continue
		}
		if next == 0 || at < next {
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
