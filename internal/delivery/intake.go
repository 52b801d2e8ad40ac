package delivery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/message"
	"creditmsg/internal/optout"
	"creditmsg/internal/provider"
	"creditmsg/internal/queue"
	"creditmsg/internal/site"
)

// delivery is one letter's reports on their way to the recipients: from the
// inbox, or of a look-up (then without an inbox row).
type delivery struct {
	inbox   id.ID // zero: of a look-up
	account string
	reports []provider.Report
}

func (d delivery) size() (rows, bytes int) { return len(d.reports) + 1, 0 }

// noteOptOuts puts those who called an 080 number on the list of each site whose number that
// is, or was when it advertised.
func (s *Service) noteOptOuts(tx *db.Tx, in []delivery) error {
	called := map[korea.Number]map[string][]optout.Wish{} // by the accounts that tell of them
	for _, d := range in {
		for _, r := range d.reports {
			if r.OptOut == "" {
				continue
			}
			if called[r.OptOut] == nil {
				called[r.OptOut] = map[string][]optout.Wish{}
			}
			called[r.OptOut][d.account] = append(called[r.OptOut][d.account], optout.Wish{To: r.To, Scope: optout.Advertising})
		}
	}
	if len(called) == 0 {
		return nil
	}
	sites, err := site.OfOptOutNumbers(tx, slices.Collect(maps.Keys(called)))
	if err != nil {
		return err
	}
	for _, one := range sites { // by their ids, as they are locked
		for _, account := range slices.Sorted(maps.Keys(called[one.Number])) {
			if _, err := s.optOuts.Reported(tx, one.Site, account, called[one.Number][account]); err != nil {
				return fmt.Errorf("note opt-outs that were reported: %w", err)
			}
		}
	}
	for n := range called {
		if !slices.ContainsFunc(sites, func(o site.OptOutNumber) bool { return o.Number == n }) {
			s.o.Log.Warn("somebody opted out by a number of no site", slog.String("context", "opt out"), slog.String("opt_out_number", korea.Mask(string(n))))
		}
	}
	return nil
}

// applied counts what the reports of one letter did.
type applied struct {
	Moved, Late, Ignored, Unborn, Foreign int
}

// kindReport is the job that applies a letter once more: some of its recipients
// had no row yet, or its account was not configured.
const kindReport = "report"

func reportJob(letter id.ID, due db.Time) queue.Job {
	return queue.Job{Lane: queue.Webhooks, Kind: kindReport, Key: letter.String(), Due: due}
}

// reportDelays are the ages at which such a letter is read again; then every
// 5 min until its recipients must have expired.
var reportDelays = []time.Duration{time.Second, 5 * time.Second, 30 * time.Second, 2 * time.Minute}

// applyAll is the intake group's transaction: lock the recipients of all
// letters, decide each report in the order of arrival, write the changes.
func (s *Service) applyAll(tx *db.Tx, in []delivery) ([]applied, error) {
	t := s.newTake(tx)
	if err := s.noteOptOuts(tx, in); err != nil { // before messages are locked, since it locks sites
		return nil, err
	}
	if err := t.lock(in); err != nil {
		return nil, err
	}
	out := make([]applied, len(in))
	for i, d := range in {
		out[i] = t.apply(d)
	}
	if err := t.file(in, out); err != nil {
		return nil, err
	}
	return out, s.messages.Record(tx, t.w)
}

// take is one try of the intake's transaction.
type take struct {
	s   *Service
	tx  *db.Tx
	w   message.Writing
	now map[message.Place]message.Recipient // as the changes so far leave them

	told map[second]counts // what it all says of the accounts
}

func (s *Service) newTake(tx *db.Tx) *take {
	t := &take{s: s, tx: tx, now: map[message.Place]message.Recipient{}, told: map[second]counts{}}
	tx.OnCommit(func() { s.learnLegs(t.told) })
	return t
}

func (t *take) lock(in []delivery) error {
	var keys []message.Key
	var places []message.Place
	seen := map[message.Place]bool{}
	for _, d := range in {
		for _, r := range d.reports {
			ref, err := ReadReference(r.Ref)
			if err != nil || seen[ref.Place] {
				continue
			}
			seen[ref.Place] = true
			keys, places = append(keys, ref.Key), append(places, ref.Place)
		}
	}
	messages, rows, err := t.s.messages.LockPlaces(t.tx, keys, places)
	if err != nil {
		return err
	}
	t.w.Messages = messages
	for _, r := range rows {
		t.now[r.Place] = r
	}
	return nil
}

// apply decides the reports of one letter.
func (t *take) apply(d delivery) (sum applied) {
	for _, r := range d.reports {
		if r.OptOut != "" {
			continue // of no leg
		}
		ref, err := ReadReference(r.Ref)
		m := t.w.Messages[ref.Key]
		if err != nil || m == nil || int64(ref.Seq) >= m.Accepted {
			sum.Foreign++ // not ours, or of a message that is gone
			continue
		}
		who, born := t.now[ref.Place]
		if !born {
			if !m.State.Final() {
				sum.Unborn++
			}
			continue
		}
		c := decide(who, report{Report: r, Step: ref.Step, Try: ref.Try, Account: d.account, At: t.tx.Now})
		switch c.What {
		case message.Ignored:
			sum.Ignored++
			continue
		case message.Late:
			sum.Late++
		case message.Remembered, message.Moved:
			sum.Moved++
			t.toldInTime(d.account, who, r)
		}
		t.now[ref.Place] = c.To
		t.w.Changes = append(t.w.Changes, c)
	}
	return sum
}

// file marks the letters as applied, or puts a job for those that must be read
// again.
func (t *take) file(in []delivery, out []applied) error {
	var done, wait []id.ID
	for i, d := range in {
		switch {
		case d.inbox.IsZero():
		case out[i].Unborn > 0:
			wait = append(wait, d.inbox)
			t.w.Jobs = append(t.w.Jobs, reportJob(d.inbox, t.tx.Now.Add(reportDelays[0])))
		default:
			done = append(done, d.inbox)
		}
	}
	return errors.Join(fileAs(t.tx, inboxApplied, done), fileAs(t.tx, inboxWaiting, wait))
}

func fileAs(tx *db.Tx, state inboxState, ids []id.ID) error {
	if len(ids) == 0 {
		return nil
	}
	n := len(ids)
	err := tx.UpdateMany("inbox", []string{"id"}, db.Col("id", ids), db.Same("state", string(state), n), db.Same("applied_at", tx.Now, n))
	if err != nil {
		return fmt.Errorf("file letters: %w", err)
	}
	return nil
}

// reread applies letters once more that could not be applied whole before.
func (s *Service) reread(ctx context.Context, jobs []queue.Claimed) error {
	for _, j := range jobs {
		if err := s.rereadOne(ctx, j); err != nil {
			return fmt.Errorf("read letter %s again: %w", j.Key, err)
		}
	}
	return nil
}

func (s *Service) rereadOne(ctx context.Context, j queue.Claimed) error {
	letterID, err := id.ParseBare(j.Key)
	if err != nil {
		return err
	}
	var o opened
	err = s.d.View(ctx, "inbox_open", func(tx *db.Tx) error {
		o, err = s.open(tx, []id.ID{letterID})
		return err
	})
	if err != nil {
		return err
	}
	return s.d.Update(ctx, "inbox_again", func(tx *db.Tx) error {
		if len(o.strays) > 0 {
			return s.strayAgain(tx, j, o.strays[0])
		}
		if err := s.noteOptOuts(tx, o.letters); err != nil { // nobody may have opened it before
			return err
		}
		t := s.newTake(tx)
		if err := t.lock(o.letters); err != nil {
			return err
		}
		unborn := 0
		for _, d := range o.letters {
			unborn += t.apply(d).Unborn
		}
		if age := tx.Now.Sub(madeAt(letterID)); unborn > 0 && age < s.o.ExpireLong {
			err = s.queue.Again(tx, tx.Now.Add(againAfter(age)), "unborn", j)
		} else {
			err = errors.Join(fileAs(tx, inboxApplied, pick(o.letters, func(d delivery) id.ID { return d.inbox })),
				fileAs(tx, inboxUnreadable, o.unread), s.queue.Done(tx, j))
		}
		if err != nil {
			return err
		}
		return s.messages.Record(tx, t.w)
	})
}

// strayAgain puts a letter off whose account is not configured here, until nobody can wait
// for it any more.
func (s *Service) strayAgain(tx *db.Tx, j queue.Claimed, l letter) error {
	if age := tx.Now.Sub(l.at); age < s.o.ExpireLong {
		return s.queue.Again(tx, tx.Now.Add(againAfter(age)), "no account", j)
	}
	return errors.Join(fileAs(tx, inboxUnreadable, []id.ID{l.id}), s.queue.Done(tx, j))
}

// madeAt is the time in an id.
func madeAt(d id.ID) db.Time {
	var ms int64
	for _, b := range d[:6] {
		ms = ms<<8 | int64(b)
	}
	return db.At(time.UnixMilli(ms))
}

// againAfter spaces the readings of a letter by its age.
func againAfter(age time.Duration) time.Duration {
	for _, d := range reportDelays[1:] {
		if age < d {
			return d
		}
	}
	return 5 * time.Minute
}

// takeIn applies what a look-up found.
func (s *Service) takeIn(ctx context.Context, account string, reports []provider.Report) error {
	for len(reports) > 0 {
		n := min(len(reports), 1000)
		sum, err := s.intake.Join(ctx, delivery{account: account, reports: reports[:n]})
		if err != nil {
			return fmt.Errorf("apply look-up of %s: %w", account, err)
		}
		s.o.Log.DebugContext(ctx, "look-up applied", slog.String("provider", account), slog.Int("moved", sum.Moved), slog.Int("ignored", sum.Ignored))
		reports = reports[n:]
	}
	return nil
}
