package privacy

import (
	"context"
	"fmt"
	"time"

	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/message"
	"creditmsg/internal/queue"
)

// The kinds of jobs: an erasure by its id, and a site's old messages by the site's.
const (
	kindForget = "forget"
	kindKeep   = "forget_old"
)

const (
	// partsAtOnce is how many parts of the work one claim does, so that its lease holds.
	partsAtOnce = 10
	// askAgain is how long an erasure waits for messages that are not over.
	askAgain = 6 * time.Hour
)

// Works is what a process that works on jobs does for this package.
func (s *Service) Works() []queue.Work {
	return []queue.Work{
		{Lane: queue.Default, Kind: kindForget, Max: 1, Workers: 1, Handle: s.handle},
		{Lane: queue.Default, Kind: kindKeep, Max: 1, Workers: 1, Handle: s.keep},
	}
}

func (s *Service) handle(ctx context.Context, jobs []queue.Claimed) error {
	for _, j := range jobs {
		if err := s.work(ctx, j); err != nil {
			return err
		}
	}
	return nil
}

// work does some parts of an erasure and puts the job back, or ends it.
func (s *Service) work(ctx context.Context, j queue.Claimed) error {
	of, err := id.ParseBare(j.Key)
	if err != nil {
		return fmt.Errorf("read the name of an erasure: %w", err)
	}
	var e Erasure
	err = s.d.View(ctx, "privacy_erasure", func(tx *db.Tx) (err error) { e, err = s.Find(tx, j.Site, of); return err })
	if fault.Is(err, fault.NotFound) { // the site was erased, and the wish with it
		return s.d.Update(ctx, "privacy_gone", func(tx *db.Tx) error { return s.queue.Done(tx, j) })
	}
	if err != nil {
		return err
	}
	if e.State == Waiting { // from the first message on, since those that are over are not known
		e.State, e.Open, e.at = Running, 0, progress{stage: atMessages}
	}
	for range partsAtOnce {
		if e.State != Running {
			break
		}
		if err := s.part(ctx, &e); err != nil {
			return err
		}
	}
	return s.d.Update(ctx, "privacy_erasure_on", func(tx *db.Tx) error {
		if e.State == Done {
			e.DoneAt = tx.Now
			err := audit.Note(tx, audit.Change{Site: e.Site, Action: "erasure.done", Ref: e.ID.Text(id.Erasure), After: audit.Fields{
				"people": e.People, "refused": e.Refused, "contacts": e.Contacts, "series": e.Series}})
			if err != nil {
				return err
			}
		}
		if err := e.write(tx); err != nil {
			return err
		}
		switch e.State {
		case Done:
			return s.queue.Done(tx, j)
		case Waiting:
			return s.queue.Again(tx, tx.Now.Add(askAgain), "messages are not over", j)
		}
		return s.queue.Again(tx, 0, "goes on", j)
	})
}

// part does the next part of the work. What it counts is told when it is noted; a part that is
// done twice counts nothing the second time.
func (s *Service) part(ctx context.Context, e *Erasure) error {
	f := message.Forgetting{Site: e.Site, Number: e.To, Render: s.render}
	switch e.at.stage {
	case atBook:
		return s.forgetKnown(ctx, e)
	case atMessages:
		out, err := s.messages.ForgetNumber(ctx, f, e.at.from)
		if err != nil {
			return err
		}
		e.People, e.Open, e.at.from = e.People+out.People, e.Open+out.Open, out.Next
		if !out.More {
			e.at = progress{stage: atRefusals}
		}
	case atRefusals:
		out, err := s.messages.ForgetRefused(ctx, f, e.at.from)
		if err != nil {
			return err
		}
		e.Refused, e.at.from = e.Refused+out.People, out.Next
		if out.More {
			return nil
		}
		if e.State = Done; e.Open > 0 {
			e.State = Waiting
		}
	}
	return nil
}

// forgetKnown forgets what is not in messages: the contact, series, what is remembered.
func (s *Service) forgetKnown(ctx context.Context, e *Erasure) error {
	var contacts, named int64
	err := s.d.Update(ctx, "privacy_forget_contact", func(tx *db.Tx) error {
		contacts = 0
		c, found, err := s.book.ByNumber(tx, e.Site, e.To)
		if err != nil || !found {
			return err
		}
		contacts = 1
		return s.book.Erase(tx, e.Site, c.ID)
	})
	if err == nil {
		err = s.d.Update(ctx, "privacy_forget_series", func(tx *db.Tx) (err error) {
			if named, err = s.series.Forget(tx, e.Site, e.To); err != nil {
				return err
			}
			return s.messages.ForgetOffKakao(tx, e.Site, e.To)
		})
	}
	e.Contacts, e.Series, e.at = e.Contacts+contacts, e.Series+named, progress{stage: atMessages}
	return err
}

// write notes how far an erasure came. The number goes with the end.
func (e *Erasure) write(tx *db.Tx) error {
	one := func(n int64) []int64 { return []int64{n} }
	cols := []db.Column{db.Col("site_id", []string{e.Site}), db.Col("id", []id.ID{e.ID}), db.Col("state", []State{e.State}), db.Col("done_at", []db.Time{e.DoneAt}),
		db.Col("people", one(e.People)), db.Col("refused", one(e.Refused)), db.Col("contacts", one(e.Contacts)), db.Col("series", one(e.Series)), db.Col("open", one(int64(e.Open))),
		db.Col("stage", []stage{e.at.stage}), db.Opt("place", []id.ID{e.at.from.Message.ID}), db.Col("batch", one(int64(e.at.from.No)))}
	if e.State == Done {
		cols = append(cols, db.Col("number", [][]byte{{}}))
	}
	if err := tx.UpdateMany("privacy_erasure", []string{"site_id", "id"}, cols...); err != nil {
		return fmt.Errorf("note how far erasure %s came: %w", e.ID, err)
	}
	return nil
}
