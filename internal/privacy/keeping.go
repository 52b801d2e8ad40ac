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

	place id.ID // messages up to here are done
}

// Kept reads how long a site keeps people.
func Kept(tx *db.Tx, siteID string) (Keeping, error) {
	rows, err := tx.Query(`SELECT site_id, days, place FROM privacy_keeping WHERE site_id = ?`, siteID)
	list, err := collectKeepings(rows, err)
	if err != nil || len(list) == 0 {
		return Keeping{Site: siteID}, err
	}
	return list[0], nil
}

func collectKeepings(rows *sql.Rows, err error) ([]Keeping, error) {
	list, err := db.Collect(rows, err, func(r *sql.Rows) (k Keeping, err error) { return k, r.Scan(&k.Site, &k.Days, db.Maybe(&k.place)) })
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
	cols := []db.Column{db.Col("site_id", []string{siteID}), db.Col("days", []int{days}), db.Opt("place", []id.ID{{}}), db.Col("ran_at", []db.Time{0})}
	err = tx.InsertAbsent("privacy_keeping", []string{"site_id"}, "site_id", cols...)
	if err == nil {
		err = tx.UpdateMany("privacy_keeping", []string{"site_id"}, cols...)
	}
	if err != nil {
		return fmt.Errorf("set how long site %s keeps people: %w", siteID, err)
	}
	return nil
}

// Sweep forgets whom old messages of sites went to that do not keep it for ever, each site
// once a day. Several processes may do so at once.
func (s *Service) Sweep(ctx context.Context) error {
	var due []Keeping
	err := s.d.View(ctx, "privacy_due", func(tx *db.Tx) (err error) {
		rows, err := tx.Query(`SELECT site_id, days, place FROM privacy_keeping WHERE days > 0 AND ran_at < ? ORDER BY site_id`, tx.Now.Add(-sweepEvery))
		due, err = collectKeepings(rows, err)
		return err
	})
	if err != nil {
		return err
	}
	for _, k := range due {
		if err := s.forgetOld(ctx, k); err != nil && !fault.Is(err, fault.NotFound) { // the site was erased
			return fmt.Errorf("forget whom old messages of site %s went to: %w", k.Site, err)
		}
	}
	return nil
}

// forgetOld goes through the old messages of one site. Those that are kept back, since they
// were not over, are what the next run begins with.
func (s *Service) forgetOld(ctx context.Context, k Keeping) error {
	var before db.Time
	err := s.d.View(ctx, "privacy_now", func(tx *db.Tx) error {
		before = tx.Now.Add(-time.Duration(k.Days) * 24 * time.Hour)
		return nil
	})
	if err != nil {
		return err
	}
	f, at := message.Forgetting{Site: k.Site, Render: s.render}, k.place
	for more := true; more; {
		out, upto, err := s.messages.ForgetMessages(ctx, f, before, at)
		if err != nil {
			return err
		}
		if k.place == at {
			k.place = upto
		}
		at, more = out.Next.Message.ID, out.More
	}
	return s.d.Update(ctx, "privacy_swept", func(tx *db.Tx) error {
		// Days that were set meanwhile begin anew.
		return tx.UpdateMany("privacy_keeping", []string{"site_id"}, db.Col("site_id", []string{k.Site}),
			db.Opt("place", []id.ID{k.place}), db.Col("ran_at", []db.Time{tx.Now}))
	})
}
