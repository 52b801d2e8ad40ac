package webhook

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/event"
	"creditmsg/internal/id"
	"creditmsg/internal/queue"
)

const (
	fanEvery = 100 * time.Millisecond // how often it is looked for events when there were none
	fanSoon  = 20 * time.Millisecond  // and when there were some: those of a moment share a transaction
	fanMost  = 500                    // events in one transaction
	fanRows  = 2000                   // and deliveries, but for those of the last event
)

// Run gives events to endpoints until ctx ends. Several processes may do so at once.
//
// It looks for events instead of having jobs for them: a job would be one row more for each
// event of a site that listens, or one that all its transactions wait for under the account's
// lock; and after a crash its lease would have to run out first.
func (s *Service) Run(ctx context.Context) error {
	rest := time.NewTimer(0)
	defer rest.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-rest.C:
		}
		n, err := s.fan(ctx)
		if err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "events not given to endpoints", "error", err)
		}
		wait := fanEvery
		switch {
		case err == nil && n == fanMost:
			wait = 0
		case err == nil && n > 0:
			wait = fanSoon
		}
		rest.Reset(wait)
	}
}

// fan gives the first events that wait to the endpoints that want them, and says how many it
// found. An idle installation is only read.
func (s *Service) fan(ctx context.Context) (n int, err error) {
	var waiting []event.Pending
	err = s.d.View(ctx, "webhook_pending", func(tx *db.Tx) (err error) {
		if waiting, err = event.FirstPending(tx, fanMost); err != nil || len(waiting) == 0 {
			s.meter.lag.Set(0)
			return err
		}
		s.meter.lag.Set(max(tx.Now.Sub(waiting[0].At), 0).Seconds())
		return nil
	})
	if err != nil || len(waiting) == 0 {
		return 0, err
	}
	return len(waiting), s.d.Update(ctx, "webhook_fan", func(tx *db.Tx) error { return s.give(tx, waiting) })
}

// give gives events to endpoints. The endpoints of their sites are locked before it is looked
// which of the events still wait: so whoever else does this at the same moment gives what is
// left, and each endpoint's sequence follows the order of what happened.
func (s *Service) give(tx *db.Tx, waiting []event.Pending) error {
	sites := pick(waiting, func(p event.Pending) string { return p.Site })
	slices.Sort(sites)
	rows, err := tx.LookupForUpdate("webhook_endpoint", []string{"site_id", "id", "state", "topics", "seq", "resting_until", "slow"},
		db.Col("site_id", slices.Compact(sites)))
	endpoints, err := db.Collect(rows, err, func(r *sql.Rows) (e *Endpoint, err error) {
		e = &Endpoint{}
		var topics string
		err = r.Scan(&e.Site, &e.ID, &e.State, &topics, &e.Seq, &e.restingUntil, &e.slow)
		e.Topics = strings.Fields(topics)
		return e, err
	})
	if err != nil {
		return fmt.Errorf("lock endpoints: %w", err)
	}
	if waiting, err = event.StillPending(tx, waiting); err != nil || len(waiting) == 0 {
		return err
	}
	bySite := map[string][]*Endpoint{}
	for _, e := range endpoints {
		if e.State != removed {
			bySite[e.Site] = append(bySite[e.Site], e)
		}
	}
	var list []fresh
	for i, p := range waiting {
		if len(list) > fanRows { // the others wait for the next look
			waiting = waiting[:i]
			break
		}
		for _, e := range bySite[p.Site] {
			if e.Topics.Wants(p.Type) {
				list = append(list, e.next(p))
			}
		}
	}
	if err := s.deliver(tx, list); err != nil {
		return err
	}
	return event.HandedOn(tx, waiting)
}

// fresh is a delivery that begins.
type fresh struct {
	to  *Endpoint
	seq int64
	event.Pending
}

// next gives an event the next place of an endpoint's sequence.
func (e *Endpoint) next(p event.Pending) fresh {
	e.Seq++
	return fresh{e, e.Seq, p}
}

// deliver begins deliveries: it writes them and the places that they took, and has those of
// enabled endpoints sent. The endpoints are locked.
func (s *Service) deliver(tx *db.Tx, list []fresh) error {
	if len(list) == 0 {
		return nil
	}
	var took []*Endpoint
	var jobs []queue.Job
	seen := map[*Endpoint]bool{}
	for _, f := range list {
		if seen[f.to] {
			continue
		}
		seen[f.to] = true
		took = append(took, f.to)
		if f.to.State == Enabled {
			jobs = append(jobs, f.to.job(tx.Now))
		}
	}
	err := tx.Later(func(err error) error { return fmt.Errorf("begin %d deliveries: %w", len(list), err) }, func() error {
		err := tx.UpdateMany("webhook_endpoint", []string{"site_id", "id"},
			append(endpointKeys(took), db.Col("seq", pick(took, func(e *Endpoint) int64 { return e.Seq })))...)
		if err != nil {
			return err
		}
		return insertDeliveries(tx, list)
	})
	if err != nil {
		return err
	}
	if err := s.queue.Put(tx, jobs...); err != nil {
		return fmt.Errorf("have %d deliveries sent: %w", len(list), err)
	}
	return nil
}

func insertDeliveries(tx *db.Tx, list []fresh) error {
	n := len(list)
	return tx.InsertMany("webhook_delivery",
		db.Col("site_id", pick(list, func(f fresh) string { return f.Site })),
		db.Col("endpoint_id", pick(list, func(f fresh) id.ID { return f.to.ID })),
		db.Col("seq", pick(list, func(f fresh) int64 { return f.seq })),
		db.Col("event_id", pick(list, func(f fresh) id.ID { return f.Pending.ID })),
		db.Col("type", pick(list, func(f fresh) string { return f.Type })),
		db.Same("state", string(Waiting), n), db.Same("due", tx.Now, n), db.Same("tries", 0, n), db.Same("attempts", 0, n), db.Same("status", 0, n),
		db.Col("event_at", pick(list, func(f fresh) db.Time { return f.At })), db.Same("ended_at", db.Time(0), n))
}
