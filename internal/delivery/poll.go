package delivery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/message"
)

// This file asks providers that do not report by themselves. When a call is asked about
// next stands in its row, so that no process asks twice and none is forgotten by a crash.
// What a provider answers goes into the inbox like any other letter.

// pollAfter are the ages at which a call is asked about; then once a day.
var pollAfter = []time.Duration{5 * time.Second, 15 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute,
	15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour}

// nextPoll is when a call is asked about after a moment, or 0 when nobody of it can still
// wait for a report.
func (s *Service) nextPoll(a attempt, now db.Time) db.Time {
	age := now.Sub(a.CalledAt)
	if age > s.o.ExpireLong {
		return 0
	}
	for _, at := range pollAfter {
		if at > age {
			return a.CalledAt.Add(at)
		}
	}
	return now.Add(24 * time.Hour)
}

// firstPoll is when a call that was just answered is asked about, or 0 for a provider
// that reports by itself.
func (s *Service) firstPoll(a attempt, now db.Time) db.Time {
	if k, ok := s.carriers.byName[a.Provider]; ok && k.poller != nil {
		return s.nextPoll(a, now)
	}
	return 0
}

// pollCalls asks about the calls whose time has come.
func (s *Service) pollCalls(ctx context.Context) error {
	asked := func(k *carrier) bool { return k.poller != nil }
	for more := slices.ContainsFunc(s.carriers.list, asked); more; {
		var due []attempt
		var now db.Time
		err := s.d.View(ctx, "poll_calls", func(tx *db.Tx) error {
			now = tx.Now
			rows, err := tx.Query(`SELECT `+attemptColumns+` FROM attempt WHERE state = ? AND ask_at > 0 AND ask_at <= ? ORDER BY ask_at, id LIMIT ?`,
				string(answered), tx.Now, dueAtOnce)
			due, err = db.Collect(rows, err, scanAttempt)
			return err
		})
		if err != nil {
			return fmt.Errorf("find calls to ask about: %w", err)
		}
		err = perAccount(due, recoverAtOnce, func(a attempt) error {
			if err := s.pollOne(ctx, a, now); err != nil && !errors.Is(err, errLeftAlone) {
				return fmt.Errorf("ask %s about attempt %s: %w", a.Provider, a.ID, err)
			}
			return nil
		})
		if err != nil {
			return err
		}
		more = len(due) == dueAtOnce
	}
	return nil
}

// pollOne asks about one call. The time of the next question is set first: it makes the
// call ours, and a provider that hangs is not asked at once again.
func (s *Service) pollOne(ctx context.Context, a attempt, now db.Time) error {
	k, ok := s.carriers.byName[a.Provider]
	next := s.nextPoll(a, now)
	if ok && next > 0 && k.health.leftAlone() {
		next = min(next, now.Add(leftAlone)) // this question is put off, not left out
	}
	ours, err := s.askAgain(ctx, a, next)
	if err != nil || !ours {
		return err
	}
	if !ok || k.poller == nil {
		return nil // the account may be configured again
	}
	var bodies [][]byte
	err = k.ask(func() error {
		bodies, err = k.poller.Poll(ctx, a.enquiry())
		return err
	})
	if err != nil {
		return err
	}
	final := map[string]bool{}
	for _, body := range bodies {
		reports, err := s.file(ctx, k, body)
		if err != nil {
			return err
		}
		for _, r := range reports {
			if r.Final {
				final[r.Ref+" "+string(r.To)] = true
			}
		}
	}
	if len(final) < a.Legs {
		return nil
	}
	a.AskAt = next
	_, err = s.askAgain(ctx, a, 0)
	return err
}

// askAgain sets when a call is asked about next, unless somebody else has.
func (s *Service) askAgain(ctx context.Context, a attempt, at db.Time) (ours bool, err error) {
	err = s.d.Update(ctx, "poll_next", func(tx *db.Tx) error {
		n, err := tx.Exec(`UPDATE attempt SET ask_at = ? WHERE id = ? AND state = ? AND ask_at = ?`, at, a.ID, string(answered), a.AskAt)
		ours = n == 1
		return err
	})
	return ours, err
}

// nameLegs fills in the references of reports that name a leg by its call and number.
// What names no leg of a call of this account stays without.
func (s *Service) nameLegs(tx *db.Tx, letters []delivery) error {
	var ids []id.ID
	seen := map[id.ID]bool{}
	for _, d := range letters {
		for _, r := range d.reports {
			if r.Ref == "" && !r.Call.IsZero() && !seen[r.Call] {
				seen[r.Call] = true
				ids = append(ids, r.Call)
			}
		}
	}
	if len(ids) == 0 {
		return nil
	}
	calls, err := readAttempts(tx, ids)
	if err != nil {
		return err
	}
	names, err := s.byNumber(tx, calls, numbersOf(letters))
	if err != nil {
		return err
	}
	for _, d := range letters {
		for i := range d.reports {
			if r := &d.reports[i]; r.Ref == "" && r.To != "" && calls[r.Call].Provider == d.account {
				r.Ref = names[r.Call][r.To]
			}
		}
	}
	return nil
}

// numbersOf gives the numbers by which reports name their legs.
func numbersOf(letters []delivery) (numbers []uint32) {
	for _, d := range letters {
		for _, r := range d.reports {
			if mobile, ok := r.To.Mobile(); ok && r.Ref == "" {
				numbers = append(numbers, mobile)
			}
		}
	}
	return numbers
}

// byNumber gives the references of the legs of calls by the number of each; of who was
// forgotten, if his is one of the numbers that are asked for.
func (s *Service) byNumber(tx *db.Tx, calls map[id.ID]attempt, numbers []uint32) (map[id.ID]map[korea.Number]string, error) {
	var keys []message.Key
	var batches []message.BatchName
	for _, a := range calls {
		keys = append(keys, a.messages()...)
		for _, g := range a.Groups {
			// Of a site that was erased meanwhile nobody can tell the numbers any more.
			if _, err := s.keys.Site(tx, g.key().Site); fault.Is(err, fault.NotFound) {
				continue
			}
			batches = append(batches, message.BatchName{Message: g.key(), No: g.Batch})
		}
	}
	messages, err := message.ReadMessages(tx, keys)
	if err != nil {
		return nil, err
	}
	people, err := s.messages.People(tx, messages, batches)
	if err != nil {
		return nil, err
	}
	out := make(map[id.ID]map[korea.Number]string, len(calls))
	var gone []message.Place
	for which, a := range calls {
		out[which] = make(map[korea.Number]string, a.Legs)
		for _, leg := range a.legs() {
			batch, known := people[message.BatchName{Message: leg.Key, No: leg.Seq.Batch()}]
			if !known {
				continue
			}
			to := korea.MobileNumber(batch[int(leg.Seq)%message.BatchSize].Mobile)
			if to == "" { // he was forgotten
				gone = append(gone, leg.Place)
				continue
			}
			out[which][to] = leg.String()
		}
	}
	had, err := s.messages.Recall(tx, gone, numbers)
	if err != nil || len(had) == 0 {
		return out, err
	}
	for which, a := range calls {
		for _, leg := range a.legs() {
			if mobile, is := had[leg.Place]; is {
				out[which][korea.MobileNumber(mobile)] = leg.String()
			}
		}
	}
	return out, nil
}

// unnamed reports whether a report of a letter names its leg by call and number.
func (d delivery) unnamed() bool {
	for _, r := range d.reports {
		if r.Ref == "" && !r.Call.IsZero() {
			return true
		}
	}
	return false
}
