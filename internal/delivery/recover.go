package delivery

import (
	"context"
	"database/sql"
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

const (
	lookEvery     = 2 * time.Second // between two looks for what a crash left behind, at most
	recoverAtOnce = 8               // look-ups under way at one account: one that hangs does not hold up the others
	dueAtOnce     = 50              // calls of one state that one look takes

	strayEvery = 10 * time.Minute // between two looks at what is of an account that is not configured here
)

// Run mends what crashes and lost answers leave behind until ctx ends: planned
// calls whose process is gone, calls without an answer, letters not applied. Letters
// do not wait for calls: those may wait for a provider that hangs.
func (s *Service) Run(ctx context.Context) error {
	var all sync.WaitGroup
	for _, look := range []func(context.Context) error{s.recoverAttempts, s.recoverInbox, s.pollCalls} {
		all.Go(func() { s.again(ctx, min(lookEvery, s.o.LookupGrace), look) })
	}
	all.Wait()
	return nil
}

// RunJudge has accounts judged until ctx ends, in every process that makes calls or takes
// reports in.
func (s *Service) RunJudge(ctx context.Context) error {
	s.again(ctx, time.Second, s.Judge)
	return nil
}

// again looks until ctx ends.
func (s *Service) again(ctx context.Context, every time.Duration, look func(context.Context) error) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if err := fault.Contain("recovery", func() error { return look(ctx) }); err != nil && ctx.Err() == nil {
			s.o.Log.ErrorContext(ctx, "recovery", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// recoverAttempts takes the calls whose time to be looked at has come, until none is
// left; each is moved on or put off, so that none is met twice.
func (s *Service) recoverAttempts(ctx context.Context) error {
	for {
		due, now, more, err := s.dueAttempts(ctx)
		if err != nil {
			return fmt.Errorf("find calls left behind: %w", err)
		}
		err = perAccount(due, recoverAtOnce, func(a attempt) error {
			if err := s.recoverOne(ctx, a, now); err != nil {
				return fmt.Errorf("recover attempt %s: %w", a.ID, err)
			}
			return nil
		})
		if err != nil || !more {
			return err
		}
	}
}

func (s *Service) dueAttempts(ctx context.Context) (due []attempt, now db.Time, more bool, err error) {
	err = s.d.View(ctx, "recover_attempts", func(tx *db.Tx) error {
		now, due, more = tx.Now, nil, false
		for _, state := range []attemptState{planned, calling, unknown} {
			rows, err := tx.Query(`SELECT `+attemptColumns+` FROM attempt WHERE state = ? AND ask_at <= ? ORDER BY ask_at, id LIMIT ?`,
				string(state), tx.Now, dueAtOnce)
			list, err := db.Collect(rows, err, scanAttempt)
			if err != nil {
				return err
			}
			due, more = append(due, list...), more || len(list) == dueAtOnce
		}
		return nil
	})
	return due, now, more, err
}

func (s *Service) recoverOne(ctx context.Context, a attempt, now db.Time) error {
	if a.State == planned {
		// It never became calling, so its request was never made.
		return s.settle(ctx, a, notSent, nil)
	}
	k, ok := s.carriers.byName[a.Provider]
	if !ok {
		return s.recoverStray(ctx, a, now)
	}
	found := provider.Lookup{}
	if k.caps.Lookup != provider.LookupNone {
		var err error
		if found, err = s.lookUp(ctx, k, a); err != nil {
			s.o.Log.WarnContext(ctx, "look-up failed", slog.String("provider", a.Provider), slog.String("attempt", a.ID.Text(id.Attempt)), slog.Any("error", err))
			found = provider.Lookup{}
		}
	}
	switch {
	case found.Verdict == provider.LookupTaken:
		if err := s.settle(ctx, a, answered, &found); err != nil {
			return err
		}
		return s.takeIn(ctx, a.Provider, found.Reports)
	case found.Verdict == provider.LookupNotSent && a.Asked > 0:
		return s.settle(ctx, a, notSent, nil)
	case found.Verdict == provider.LookupNotSent:
		return s.postpone(ctx, a, s.o.LookupGrace, 1)
	case a.State == calling:
		return s.settle(ctx, a, unknown, nil)
	case k.caps.Lookup == provider.LookupNone || a.CalledAt.Add(s.o.ExpireLong) < now:
		return s.settle(ctx, a, closed, nil)
	}
	return s.postpone(ctx, a, nextAsk(s.o.LookupGrace, now.Sub(a.CalledAt)), 0)
}

// recoverStray looks after a call whose account is not configured here. Another process may
// know the account, or this one again later, so that it can still be asked; but its people
// must not wait for that for ever. They are in doubt as soon as a call that cannot be asked
// about would be, and expire as usual.
func (s *Service) recoverStray(ctx context.Context, a attempt, now db.Time) error {
	switch {
	case a.State == calling:
		return s.settle(ctx, a, unknown, nil)
	case a.CalledAt.Add(s.o.ExpireLong) < now:
		return s.settle(ctx, a, closed, nil)
	}
	return s.postpone(ctx, a, strayEvery, a.Asked)
}

// nextAsk spaces the look-ups of one call by its age.
func nextAsk(grace, age time.Duration) time.Duration {
	return min(max(grace, age/4), time.Hour)
}

// postpone leaves the attempt as it is and looks again later.
func (s *Service) postpone(ctx context.Context, a attempt, wait time.Duration, asked int) error {
	return s.d.Update(ctx, "recover_postpone", func(tx *db.Tx) error {
		_, err := tx.Exec(`UPDATE attempt SET ask_at = ?, asked = ? WHERE id = ? AND state = ?`, tx.Now.Add(wait), asked, a.ID, string(a.State))
		return err
	})
}

// settle moves an attempt that its own process did not conclude, and everyone in
// it: back to pending when it was certainly not sent, to sent when the provider
// has them, to unknown when nobody can tell yet.
func (s *Service) settle(ctx context.Context, a attempt, next attemptState, found *provider.Lookup) error {
	return s.d.Update(ctx, "recover_settle", func(tx *db.Tx) error {
		w := message.Writing{}
		var err error
		if w.Messages, err = message.Lock(tx, a.messages()); err != nil {
			return err
		}
		same, err := unchanged(tx, a)
		if err != nil || !same {
			return err
		}
		to := a
		to.AnsweredAt, to.AskAt = tx.Now, 0
		switch next {
		case unknown:
			to.AnsweredAt, to.AskAt = 0, tx.Now.Add(s.o.LookupGrace)
		case answered:
			to.AskAt = s.firstPoll(a, tx.Now)
		}
		ours, err := move(tx, to, a.State, next)
		if err != nil || !ours {
			return err
		}
		members, err := s.membersOf(tx, w.Messages, a)
		if err != nil {
			return err
		}
		taken := takenRefs(found)
		for _, r := range members {
			if r.State.Final() || r.Attempt != a.ID {
				continue
			}
			if !a.CalledAt.IsZero() {
				r.HandedAt = a.CalledAt
			}
			if a.State == planned {
				// Never called: nothing speaks against the account, so this was no try, and
				// nobody has to wait before the next one.
				w.Changes = append(w.Changes, message.Release(r))
				continue
			}
			w.Changes = append(w.Changes, recovered(r, next, found, taken[r.Reference()], tx.Now))
		}
		w.Jobs = s.awaitJobs(w.Changes, tx.Now)
		s.o.Log.InfoContext(ctx, "call recovered", slog.String("attempt", a.ID.Text(id.Attempt)), slog.String("provider", a.Provider),
			slog.String("from", string(a.State)), slog.String("to", string(next)), slog.Int("legs", a.Legs))
		return s.messages.Record(tx, w)
	})
}

// unchanged locks an attempt and reports whether it is as it was when the provider was
// asked about it. Its process may live after all and have stored an upstream id: what
// was concluded from there being none is not true then.
func unchanged(tx *db.Tx, a attempt) (bool, error) {
	rows, err := tx.ForUpdate(`SELECT upstream_id FROM attempt WHERE id = ? AND state = ? ORDER BY id`, a.ID, string(a.State))
	ids, err := db.Collect(rows, err, func(r *sql.Rows) (text string, err error) { return text, r.Scan(&text) })
	if err != nil {
		return false, fmt.Errorf("look at attempt %s again: %w", a.ID, err)
	}
	return len(ids) == 1 && ids[0] == a.UpstreamID, nil
}

func takenRefs(found *provider.Lookup) map[string]bool {
	refs := map[string]bool{}
	if found != nil {
		for _, r := range found.Reports {
			refs[r.Ref] = true
		}
	}
	return refs
}

// recovered says what the recovery of a call does to one of its members. It is pure.
func recovered(r message.Recipient, next attemptState, found *provider.Lookup, taken bool, now db.Time) message.Change {
	switch {
	case next == notSent, next == answered && found.Complete && !taken:
		return message.Again(r, provider.ProviderInternal, "", now)
	case next == closed, r.State == message.Sent, r.State == message.Unknown && next == unknown:
		return message.Ignore(r, "known already")
	case next == answered:
		return message.HandOver(r, now)
	}
	return message.Doubt(r)
}

// membersOf gives everyone in a call: the rows of those who have one, and those
// whose first outcome this will be as their batch's body names them.
func (s *Service) membersOf(tx *db.Tx, messages map[message.Key]*message.Message, a attempt) ([]message.Recipient, error) {
	rows, err := s.messages.LockRecipients(tx, messages, a.places())
	if err != nil {
		return nil, err
	}
	born := make(map[message.Place]bool, len(rows))
	for _, r := range rows {
		born[r.Place] = true
	}
	var names []message.BatchName
	for _, g := range a.Groups {
		names = append(names, message.BatchName{Message: g.key(), No: g.Batch})
	}
	people, err := s.messages.People(tx, messages, names)
	if err != nil {
		return nil, err
	}
	out := rows
	for _, place := range a.places() {
		if born[place] {
			continue
		}
		key, err := s.keys.Site(tx, place.Site)
		if err != nil {
			return nil, err
		}
		p := people[message.BatchName{Message: place.Key, No: place.Seq.Batch()}][int(place.Seq)%message.BatchSize]
		r := s.messages.Newborn(messages[place.Key], place.Seq, p.Class, message.SealedMobile(key, place.Key, place.Seq, p.Mobile))
		out = append(out, message.Plan(r, a.ID, a.Provider).To)
	}
	return out, nil
}

// recoverInbox applies letters that nobody applied from memory, and sets aside
// those that cannot be read; those of accounts that are not configured here get a
// job that looks again. It looks at each once: one that cannot be applied holds up
// no other.
func (s *Service) recoverInbox(ctx context.Context) error {
	var errs []error
	for after, more := (filed{}), true; more; {
		var o opened
		err := s.d.View(ctx, "recover_inbox", func(tx *db.Tx) error {
			page, err := newLetters(tx, after)
			if err != nil {
				return err
			}
			if more = len(page) > 0; more {
				after = page[len(page)-1]
			}
			o, err = s.open(tx, pick(page, func(f filed) id.ID { return f.id }))
			return err
		})
		if err != nil {
			return fmt.Errorf("read letters left behind: %w", err)
		}
		for _, d := range o.letters {
			if _, err := s.intake.Join(ctx, d); err != nil {
				errs = append(errs, fmt.Errorf("apply letter %s: %w", d.inbox, err))
			}
		}
		if len(o.unread)+len(o.strays) > 0 {
			errs = append(errs, s.d.Update(ctx, "recover_unreadable", func(tx *db.Tx) error { return s.setAside(tx, o) }))
		}
	}
	return errors.Join(errs...)
}

// setAside files the letters that could not be read.
func (s *Service) setAside(tx *db.Tx, o opened) error {
	err := errors.Join(fileAs(tx, inboxUnreadable, o.unread), fileAs(tx, inboxWaiting, pick(o.strays, func(l letter) id.ID { return l.id })))
	if err != nil {
		return err
	}
	return s.queue.Put(tx, pick(o.strays, func(l letter) queue.Job { return reportJob(l.id, tx.Now.Add(againAfter(tx.Now.Sub(l.at)))) })...)
}

// filed is a letter's place among those of its state.
type filed struct {
	at db.Time
	id id.ID
}

// newLetters gives the next letters after a place that were left unapplied.
func newLetters(tx *db.Tx, after filed) ([]filed, error) {
	rows, err := tx.Query(`SELECT received_at, id FROM inbox WHERE state = 'new' AND received_at < ? AND received_at >= ? AND (received_at > ? OR id > ?)
		ORDER BY received_at, id LIMIT 50`, tx.Now.Add(-lookEvery), after.at, after.at, floorID(after.id))
	return db.Collect(rows, err, func(r *sql.Rows) (f filed, err error) { return f, r.Scan(&f.at, &f.id) })
}

// floorID is the id itself, or one below all others: the zero id means absent.
func floorID(d id.ID) id.ID {
	if d.IsZero() {
		d[len(d)-1] = 1
	}
	return d
}
