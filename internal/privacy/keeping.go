package privacy

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/message"
	"creditmsg/internal/queue"
)

// Bounds of how long a site keeps whom its messages went to. Below a month people would ask in
// vain what became of a message.
const (
	LeastDays = 30
	MostDays  = 3650
)

// sweepEvery is how often the messages of a site are looked through.
const sweepEvery = 20 * time.Hour

// Keeping is how long a site keeps whom its messages went to.
type Keeping struct {
	Site string
	Days int // after a message is over; 0 = for ever

	place  id.ID   // messages up to here are done
	passed id.ID   // up to here the run under way has looked; zero = none is under way
	ranAt  db.Time // the last run
}

const selectKeeping = `SELECT site_id, days, place, passed, ran_at FROM privacy_keeping`

// Kept reads how long a site keeps people.
func Kept(tx *db.Tx, siteID string) (Keeping, error) {
	rows, err := tx.Query(selectKeeping+` WHERE site_id = ?`, siteID)
	list, err := collectKeepings(rows, err)
	if err != nil || len(list) == 0 {
		return Keeping{Site: siteID}, err
	}
	return list[0], nil
}

func collectKeepings(rows *sql.Rows, err error) ([]Keeping, error) {
	list, err := db.Collect(rows, err, func(r *sql.Rows) (k Keeping, err error) {
		return k, r.Scan(&k.Site, &k.Days, db.Maybe(&k.place), db.Maybe(&k.passed), &k.ranAt)
	})
	if err != nil {
		return nil, fmt.Errorf("read how long people are kept: %w", err)
	}
	return list, nil
}

// SetKept says how many days after a message is over a site keeps whom it went to, 0 for ever.
// It counts for messages of before as well. Invalid out of bounds.
func SetKept(tx *db.Tx, siteID string, days int) error {
	if days != 0 && (days < LeastDays || days > MostDays) {
		return fault.Check("/days", "want %d to %d days, or 0 for ever", LeastDays, MostDays)
	}
	was, err := Kept(tx, siteID)
	if err == nil {
		err = audit.Note(tx, audit.Change{Site: siteID, Action: "retention.updated", Ref: siteID, Before: audit.Fields{"days": was.Days}, After: audit.Fields{"days": days}})
	}
	if err != nil {
		return err
	}
	cols := []db.Column{db.Col("site_id", []string{siteID}), db.Col("days", []int{days}), db.Opt("place", []id.ID{{}}), db.Opt("passed", []id.ID{{}}), db.Col("ran_at", []db.Time{0})}
	err = tx.InsertAbsent("privacy_keeping", []string{"site_id"}, "site_id", cols...)
	if err == nil {
		err = tx.UpdateMany("privacy_keeping", []string{"site_id"}, cols...)
	}
	if err != nil {
		return fmt.Errorf("set how long site %s keeps people: %w", siteID, err)
	}
	return nil
}

// Sweep has those sites go through their old messages that do not keep for ever whom these went
// to, each once a day. Several processes may do so at once.
func (s *Service) Sweep(ctx context.Context) error {
	return s.d.Update(ctx, "privacy_due", func(tx *db.Tx) error {
		rows, err := tx.Query(selectKeeping+` WHERE days > 0 AND ran_at < ? ORDER BY site_id`, tx.Now.Add(-sweepEvery))
		due, err := collectKeepings(rows, err)
		if err != nil || len(due) == 0 {
			return err
		}
		jobs := make([]queue.Job, len(due))
		for i, k := range due {
			jobs[i] = queue.Job{Lane: queue.Default, Kind: kindKeep, Key: k.Site, Site: k.Site}
		}
		return s.queue.Put(tx, jobs...)
	})
}

// keep does the next part of the work of each site, and puts its job behind those of the others:
// a site with much to forget does not hold them up.
func (s *Service) keep(ctx context.Context, jobs []queue.Claimed) error {
	for _, j := range jobs {
		if err := s.forgetOld(ctx, j); err != nil {
			return fmt.Errorf("forget whom old messages of site %s went to: %w", j.Site, err)
		}
	}
	return nil
}

// forgetOld goes through some old messages of one site. Those that are kept back, since they
// were not over, are what the next run begins with.
func (s *Service) forgetOld(ctx context.Context, j queue.Claimed) error {
	var k Keeping
	var now db.Time
	err := s.d.View(ctx, "privacy_keeping", func(tx *db.Tx) (err error) {
		now = tx.Now
		k, err = Kept(tx, j.Site)
		return err
	})
	if err != nil {
		return err
	}
	if k.Days == 0 || k.ranAt >= now.Add(-sweepEvery) { // it was done, is not wished any more, or the site was erased
		return s.d.Update(ctx, "privacy_kept", func(tx *db.Tx) error { return s.queue.Done(tx, j) })
	}
	from := k.passed
	if from.IsZero() {
		from = k.place
	}
	f := message.Forgetting{Site: k.Site, Render: s.render, AtOnce: s.atOnce}
	out, upto, err := s.messages.ForgetMessages(ctx, f, now.Add(-time.Duration(k.Days)*24*time.Hour), from)
	if err != nil && !fault.Is(err, fault.NotFound) { // NotFound: the site was erased
		return err
	}
	if k.place == from {
		k.place = upto
	}
	k.passed = out.Next.Message.ID
	if !out.More {
		k.passed, k.ranAt = id.ID{}, now
	}
	return s.d.Update(ctx, "privacy_swept", func(tx *db.Tx) error {
		if err := k.note(tx); err != nil {
			return err
		}
		if out.More {
			return s.queue.Again(tx, 0, "goes on", j)
		}
		return s.queue.Done(tx, j)
	})
}

// note writes down how far a run came. Days that were set meanwhile begin anew.
func (k Keeping) note(tx *db.Tx) error {
	_, err := tx.Exec(`UPDATE privacy_keeping SET place = ?, passed = ?, ran_at = ? WHERE site_id = ? AND days = ?`,
		orNone(k.place), orNone(k.passed), k.ranAt, k.Site, k.Days)
	if err != nil {
		return fmt.Errorf("note how far site %s came: %w", k.Site, err)
	}
	return nil
}

// orNone is an id as a column has it that may be without one.
func orNone(of id.ID) any {
	if of.IsZero() {
		return nil
	}
	return of
}
