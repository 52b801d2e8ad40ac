package series

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strconv"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/event"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/idem"
	"creditmsg/internal/message"
	"creditmsg/internal/queue"
)

// kindFire is the job of a series. Its key is the series' id; it is due at the next time.
const kindFire = "series_fire"

// Works are the kinds of jobs that series handle.
func (s *Service) Works() []queue.Work {
	handle := func(ctx context.Context, jobs []queue.Claimed) error {
		var errs []error
		for _, j := range jobs {
			errs = append(errs, s.fire(ctx, j))
		}
		return errors.Join(errs...)
	}
	return []queue.Work{{Lane: queue.Send, Kind: kindFire, Max: 1, Workers: 2, Handle: handle}}
}

// fire does what is due of a series: it writes down which firing begins, has its message
// accepted, and writes down what became of it. Whichever of these a crash comes between, the
// job goes on with the firing that had begun.
func (s *Service) fire(ctx context.Context, j queue.Claimed) error {
	of, err := id.ParseBare(j.Key)
	if err != nil {
		return fmt.Errorf("read job %q: %w", j.Key, err)
	}
	var one Series
	var anew bool
	err = s.d.Update(ctx, "series_begin", func(tx *db.Tx) (err error) {
		one, anew, err = s.begin(tx, j, of)
		return err
	})
	if err != nil || one.FiringAt == 0 {
		return err
	}
	f, err := s.send(ctx, one, anew)
	if err != nil {
		return fmt.Errorf("fire series %s: %w", of, err)
	}
	return s.d.Update(context.WithoutCancel(ctx), "series_conclude", func(tx *db.Tx) error { return s.conclude(tx, j, of, f) })
}

// begin finds the firing that is to be sent; without one the job waits for the next time or
// is done. anew says that it had begun before.
func (s *Service) begin(tx *db.Tx, j queue.Claimed, of id.ID) (one Series, anew bool, err error) {
	one, err = s.lock(tx, j.Site, of)
	if fault.Is(err, fault.NotFound) {
		return Series{}, false, s.queue.Done(tx, j)
	}
	if err != nil || one.FiringAt != 0 {
		return one, true, err
	}
	if one.State != Active {
		return one, false, s.queue.Done(tx, j)
	}
	when, err := schedule(one.Cron)
	if err != nil {
		return one, false, err
	}
	t := timetable{one.Plan, when}.turn(one.NextAt, tx.Now)
	if t.last == 0 {
		return one, false, s.wait(tx, j, &one)
	}
	one.NextAt, one.FiringAt = t.next, t.fire
	f := Firing{At: t.last, Outcome: Begun, Skipped: t.skipped}
	if t.fire == 0 {
		f.Outcome, f.DoneAt = Skipped, tx.Now
	}
	if err := s.note(tx, &one, f); err != nil {
		return one, false, err
	}
	if t.fire != 0 {
		return one, false, s.write(tx, one)
	}
	if err := event.Append(tx, one.event("series.skipped", f)); err != nil {
		return one, false, err
	}
	return one, false, s.proceed(tx, j, &one)
}

// note writes a firing down, and forgets the oldest ones.
func (s *Service) note(tx *db.Tx, one *Series, f Firing) error {
	err := tx.InsertMany("series_firing", db.Col("site_id", []string{one.Site}), db.Col("series_id", []id.ID{one.ID}), db.Col("at", []db.Time{f.At}),
		db.Col("outcome", []Outcome{f.Outcome}), db.Col("skipped", []int{f.Skipped}), db.Opt("message_id", []id.ID{f.Message}),
		db.Col("code", []string{f.Code}), db.Col("done_at", []db.Time{f.DoneAt}))
	if err != nil {
		return fmt.Errorf("note a firing of series %s: %w", one.ID, err)
	}
	var oldest db.Time
	err = tx.QueryRow(`SELECT at FROM series_firing WHERE site_id = ? AND series_id = ? ORDER BY at DESC LIMIT 1 OFFSET ?`, one.Site, one.ID, mostFirings).Scan(&oldest)
	if errors.Is(err, db.ErrNoRows) {
		return nil
	}
	if err == nil {
		_, err = tx.Exec(`DELETE FROM series_firing WHERE site_id = ? AND series_id = ? AND at <= ?`, one.Site, one.ID, oldest)
	}
	if err != nil {
		return fmt.Errorf("forget firings of series %s: %w", one.ID, err)
	}
	return nil
}

// proceed writes a series down between two firings, and has its job wait for the next.
func (s *Service) proceed(tx *db.Tx, j queue.Claimed, one *Series) error {
	if one.NextAt == 0 && one.State == Active {
		one.State = Ended
		if err := one.releasePictures(tx); err != nil {
			return err
		}
		if err := event.Append(tx, one.event("series.ended", Firing{})); err != nil {
			return err
		}
	}
	if err := s.write(tx, *one); err != nil {
		return err
	}
	return s.wait(tx, j, one)
}

func (s *Service) wait(tx *db.Tx, j queue.Claimed, one *Series) error {
	if one.State != Active || one.NextAt == 0 {
		return s.queue.Done(tx, j)
	}
	return s.queue.Again(tx, one.NextAt, "waits for its time", j)
}

// key is what a firing is known by, for ever.
func (s *Series) key() idem.Key {
	name := s.ID.String() + "/" + strconv.FormatInt(int64(s.FiringAt), 10)
	return idem.Key{Site: s.Site, Scope: "series", Key: name, Fingerprint: sha256.Sum256([]byte(name))}
}

// send has the message of a firing accepted, unless that has happened. An error is one of ours
// or of the database, after which the firing goes on.
func (s *Service) send(ctx context.Context, one Series, anew bool) (Firing, error) {
	f := Firing{At: one.FiringAt, Outcome: Sent}
	key := one.key()
	if anew {
		earlier, err := s.messages.Earlier(ctx, key)
		if err != nil {
			return f, err
		}
		if earlier.Exists {
			f.Message, err = id.Parse(id.Message, string(earlier.Reply.Body))
			return f, err
		}
	}
	receipt, err := s.accept(ctx, one, key)
	if before, ok := errors.AsType[*message.Replay](err); ok {
		f.Message, err = id.Parse(id.Message, string(before.Reply.Body))
		return f, err
	}
	if err == nil {
		f.Message = receipt.Message.ID
		return f, nil
	}
	if refusal, ok := errors.AsType[*fault.Error](err); ok && refusal.Kind != fault.Internal && refusal.Kind != fault.Unavailable {
		f.Outcome, f.Code = Failed, refusal.Code
		return f, nil
	}
	return f, err
}

// errLate says that a firing was begun and is not to be sent any more.
var errLate = fault.New(fault.Conflict, codeLate, "the firing was missed")

const codeLate = "missed"

func (s *Service) accept(ctx context.Context, one Series, key idem.Key) (message.Receipt, error) {
	var late bool
	err := s.d.View(ctx, "series_late", func(tx *db.Tx) error {
		late = !one.sends(one.FiringAt, tx.Now)
		return nil
	})
	if err != nil {
		return message.Receipt{}, err
	}
	if late {
		return message.Receipt{}, errLate
	}
	r := one.Request
	if r.Title == "" {
		r.Title = one.Name
	}
	r.By, r.AskedBy, r.Repeats = one.ID.Text(id.Series), one.By, key.Scope+" "+key.Key
	d, err := s.messages.Draft(ctx, one.Site, r)
	if err != nil {
		return message.Receipt{}, err
	}
	for _, p := range one.Recipients {
		if err = d.Take(ctx, message.Candidate(p)); err != nil {
			break
		}
	}
	if err == nil {
		err = d.AddGroups(ctx, one.Groups)
	}
	if err != nil {
		return message.Receipt{}, errors.Join(err, d.Discard(context.WithoutCancel(ctx)))
	}
	return d.Accept(ctx, new(message.ByID(key)))
}

// conclude writes down what became of a firing. Whoever finds it concluded changes nothing.
func (s *Service) conclude(tx *db.Tx, j queue.Claimed, of id.ID, f Firing) error {
	one, err := s.lock(tx, j.Site, of)
	if fault.Is(err, fault.NotFound) {
		return s.queue.Done(tx, j)
	}
	if err != nil {
		return err
	}
	if one.FiringAt != f.At {
		return s.wait(tx, j, &one)
	}
	kind := "series.sent"
	switch {
	case f.Code == codeLate:
		f.Outcome, f.Code, kind = Skipped, "", "series.skipped"
	case f.Outcome == Failed:
		kind = "series.failed"
	}
	err = tx.UpdateMany("series_firing", []string{"site_id", "series_id", "at"}, db.Col("site_id", []string{one.Site}), db.Col("series_id", []id.ID{of}),
		db.Col("at", []db.Time{f.At}), db.Col("outcome", []Outcome{f.Outcome}), db.Opt("message_id", []id.ID{f.Message}),
		db.Col("code", []string{f.Code}), db.Col("done_at", []db.Time{tx.Now}))
	if err == nil && f.Outcome == Skipped {
		_, err = tx.Exec(`UPDATE series_firing SET skipped = skipped + 1 WHERE site_id = ? AND series_id = ? AND at = ?`, one.Site, of, f.At)
	}
	if err != nil {
		return fmt.Errorf("conclude a firing of series %s: %w", of, err)
	}
	one.FiringAt = 0
	if err := s.proceed(tx, j, &one); err != nil {
		return err
	}
	if f.Outcome == Failed {
		return credit.Announce(tx, s.queue, one.event(kind, f))
	}
	return event.Append(tx, one.event(kind, f))
}
