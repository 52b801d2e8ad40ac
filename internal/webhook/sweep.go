package webhook

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/queue"
)

// sweepPage is how many deliveries one transaction deletes.
const sweepPage = 500

// Sweep deletes deliveries that ended long ago, with their attempts, those that waited as long
// for an endpoint that is disabled, since they happened or were asked for again, and all of
// endpoints that were removed; and it has endpoints served that have something due and, for
// whatever reason, no job. It looks first: where there is nothing to do it writes nothing.
func (s *Service) Sweep(ctx context.Context) error {
	var last Endpoint
	for {
		var list []Endpoint
		err := s.d.View(ctx, "webhook_sweep_endpoints", func(tx *db.Tx) (err error) {
			if list, err = after(tx, last); err == nil {
				err = s.ended(tx, list)
			}
			return err
		})
		if err != nil || len(list) == 0 {
			return err
		}
		for _, e := range list {
			if err := s.sweep(ctx, e); err != nil {
				return err
			}
		}
		last = list[len(list)-1]
	}
}

// ended takes endpoints of sites that were erased as removed, which those of earlier releases are not.
func (s *Service) ended(tx *db.Tx, list []Endpoint) error {
	for i := range list {
		_, err := s.keys.Site(tx, list[i].Site)
		if fault.Is(err, fault.NotFound) {
			list[i].State = removed
		} else if err != nil {
			return err
		}
	}
	return nil
}

// after gives some endpoints behind another one, without what is sealed.
func after(tx *db.Tx, last Endpoint) ([]Endpoint, error) {
	rows, err := tx.Query(`SELECT site_id, id, state, resting_until, slow FROM webhook_endpoint
		WHERE site_id > ? OR (site_id = ? AND id > ?) ORDER BY site_id, id LIMIT 200`, last.Site, last.Site, last.ID[:])
	list, err := db.Collect(rows, err, func(r *sql.Rows) (e Endpoint, err error) {
		return e, r.Scan(&e.Site, &e.ID, &e.State, &e.restingUntil, &e.slow)
	})
	if err != nil {
		return nil, fmt.Errorf("read endpoints: %w", err)
	}
	return list, nil
}

func (s *Service) sweep(ctx context.Context, e Endpoint) error {
	var from int64
	for more := true; more; {
		var over []key
		err := s.d.View(ctx, "webhook_sweep_look", func(tx *db.Tx) (err error) {
			over, from, more, err = s.over(tx, e, from)
			return err
		})
		if err == nil && len(over) > 0 {
			err = s.d.Update(ctx, "webhook_sweep", func(tx *db.Tx) error { return s.forget(tx, e, over) })
		}
		if err != nil {
			return err
		}
	}
	if e.State == removed {
		return s.d.Update(ctx, "webhook_removed", func(tx *db.Tx) error {
			_, err := tx.DeleteMany("webhook_endpoint", db.Col("site_id", []string{e.Site}), db.Col("id", []id.ID{e.ID}))
			return err
		})
	}
	var jobs []queue.Job
	err := s.d.View(ctx, "webhook_late", func(tx *db.Tx) (err error) {
		jobs, err = late(tx, e)
		return err
	})
	if err != nil || len(jobs) == 0 {
		return err
	}
	return s.d.Update(ctx, "webhook_mend", func(tx *db.Tx) error { return s.queue.Put(tx, jobs...) })
}

// over gives of the deliveries from a place on those that are over, where to go on, and whether
// others of such an age may follow.
func (s *Service) over(tx *db.Tx, e Endpoint, from int64) (keys []key, next int64, more bool, err error) {
	rows, err := tx.Query(`SELECT seq, state, event_at, asked_at, ended_at FROM webhook_delivery WHERE site_id = ? AND endpoint_id = ? AND seq >= ? ORDER BY seq LIMIT ?`,
		e.Site, e.ID[:], from, sweepPage)
	list, err := db.Collect(rows, err, scanAge)
	if err != nil {
		return nil, 0, false, fmt.Errorf("read old deliveries: %w", err)
	}
	before := tx.Now.Add(-s.o.KeepAttempts)
	for _, d := range list {
		next, more = d.seq+1, len(list) == sweepPage && (e.State == removed || d.event < before)
		if e.lets(d, before) {
			keys = append(keys, key{place{e.Site, e.ID}, d.seq})
		}
	}
	return keys, next, more, nil
}

// age is what tells how old a delivery is.
type age struct {
	seq          int64
	state        State
	event, asked db.Time // when it happened, and when it was last asked for again; 0 = never
	ended        db.Time
}

func scanAge(r *sql.Rows) (d age, err error) {
	return d, r.Scan(&d.seq, &d.state, &d.event, &d.asked, &d.ended)
}

// lets reports whether a delivery goes, of those from before a time.
func (e *Endpoint) lets(d age, before db.Time) bool {
	switch {
	case e.State == removed:
		return true
	case d.state == Waiting:
		return e.State == Disabled && max(d.event, d.asked) < before
	default:
		return d.ended < before
	}
}

// forget deletes those of deliveries that are over still: meanwhile one may have been asked for
// again, or the endpoint enabled.
func (s *Service) forget(tx *db.Tx, e Endpoint, list []key) error {
	rows, err := tx.LookupForUpdate("webhook_endpoint", []string{"state"}, db.Col("site_id", []string{e.Site}), db.Col("id", []id.ID{e.ID}))
	states, err := db.Collect(rows, err, func(r *sql.Rows) (st State, err error) { return st, r.Scan(&st) })
	if err != nil || len(states) == 0 {
		return err
	}
	if e.State != removed { // which is for good, of endpoints of erased sites too
		e.State = states[0]
	}
	rows, err = tx.LookupForUpdate("webhook_delivery", []string{"seq", "state", "event_at", "asked_at", "ended_at"}, deliveryKeys(list)...)
	found, err := db.Collect(rows, err, scanAge)
	if err != nil {
		return fmt.Errorf("lock old deliveries: %w", err)
	}
	var keys []key
	for _, d := range found {
		if e.lets(d, tx.Now.Add(-s.o.KeepAttempts)) {
			keys = append(keys, key{place{e.Site, e.ID}, d.seq})
		}
	}
	for _, table := range []string{"webhook_attempt", "webhook_delivery"} {
		if _, err := tx.DeleteMany(table, deliveryKeys(keys)...); err != nil {
			return fmt.Errorf("delete old deliveries: %w", err)
		}
	}
	return nil
}

// lateFor is after how long what is due was forgotten rather than is about to be sent.
const lateFor = time.Minute

// late gives the job of an endpoint that has had something due for so long that nobody seems to
// serve it.
func late(tx *db.Tx, e Endpoint) ([]queue.Job, error) {
	if e.State != Enabled {
		return nil, nil
	}
	due, err := nextDue(tx, e)
	if err != nil || due == 0 || max(due, e.restingUntil) > tx.Now.Add(-lateFor) {
		return nil, err
	}
	return []queue.Job{e.job(due)}, nil
}

// nextDue is when the next delivery to an endpoint is due; 0 = none waits.
func nextDue(tx *db.Tx, e Endpoint) (db.Time, error) {
	rows, err := tx.Query(`SELECT due FROM webhook_delivery WHERE site_id = ? AND endpoint_id = ? AND due > 0 ORDER BY due, seq LIMIT 1`, e.Site, e.ID[:])
	list, err := db.Collect(rows, err, func(r *sql.Rows) (due db.Time, err error) { return due, r.Scan(&due) })
	if err != nil {
		return 0, fmt.Errorf("read what is due to endpoint %s: %w", e.ID, err)
	}
	return append(list, 0)[0], nil
}

// Shift moves the times for which deliveries of a site wait back, as if so much time had
// passed, and has its endpoints served: in a site that is only tried out nobody wants to wait
// for days.
func (s *Service) Shift(tx *db.Tx, siteID string, by time.Duration) error {
	endpoints, err := s.lockAll(tx, siteID)
	if err != nil {
		return err
	}
	var jobs []queue.Job
	var moved []*Endpoint
	for _, e := range endpoints {
		was := e.health
		if e.failingSince > 0 {
			e.failingSince = e.failingSince.Add(-by)
		}
		if e.restingUntil = max(e.restingUntil.Add(-by), 0); e.health != was {
			moved = append(moved, e)
		}
		due, err := nextDue(tx, *e)
		if err != nil {
			return err
		}
		if e.State == Enabled && due > 0 {
			jobs = append(jobs, e.job(tx.Now))
		}
	}
	if len(moved) > 0 {
		if err := tx.UpdateMany("webhook_endpoint", []string{"site_id", "id"}, healthColumns(moved)...); err != nil {
			return fmt.Errorf("shift the times of endpoints: %w", err)
		}
	}
	if _, err := tx.Exec(`UPDATE webhook_delivery SET due = due - ? WHERE site_id = ? AND due > ?`, by.Microseconds(), siteID, by.Microseconds()); err != nil {
		return fmt.Errorf("shift the times of deliveries: %w", err)
	}
	return s.queue.Put(tx, jobs...)
}

func (s *Service) lockAll(tx *db.Tx, siteID string) ([]*Endpoint, error) {
	rows, err := tx.LookupForUpdate("webhook_endpoint", endpointColumns, db.Col("site_id", []string{siteID}))
	return db.Collect(rows, err, func(r *sql.Rows) (*Endpoint, error) {
		e, err := scanEndpoint(r)
		return &e.Endpoint, err
	})
}
