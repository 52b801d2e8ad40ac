package webhook

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/queue"
)

const (
	atOnce   = 8               // requests to one endpoint at a time
	roundFor = 5 * time.Second // after so long an endpoint's turn ends: it gets another one
)

// serve sends an endpoint what is due to it, for a while. Slow says for which endpoints the
// worker is.
func (s *Service) serve(ctx context.Context, j queue.Claimed, slow flag) error {
	of, err := id.ParseBare(j.Key)
	if err != nil {
		return fmt.Errorf("read job %q: %w", j.Key, err)
	}
	p := place{j.Site, of}
	t, err := s.reads.Join(ctx, p)
	if err == nil {
		err = t.err
	}
	if err != nil {
		return fmt.Errorf("read what is due to endpoint %s: %w", of, err)
	}
	end := ending{place: p, job: &queue.Ending{Claimed: j}}
	switch {
	case !t.there: // it is disabled or removed
	case t.endpoint.slow != slow:
		end.then = t.endpoint.job(t.now)
	case t.endpoint.restingUntil > t.now:
		end.job.Again, end.job.Why = t.endpoint.restingUntil, "resting"
	case len(t.due) == 0:
		end.job.Again, end.job.Why = t.next, "nothing due"
	default:
		r := &round{s: s, task: t, job: j, place: p, health: t.endpoint.health, left: t.due, until: time.Now().Add(roundFor)}
		return r.run(ctx)
	}
	return s.write(ctx, end)
}

// write writes an ending down, whoever stops meanwhile. What became of a delivery is worth
// writing down even when the endpoint's job is somebody else's by now.
func (s *Service) write(ctx context.Context, e ending) error {
	ctx = context.WithoutCancel(ctx)
	_, err := s.ends.Join(ctx, e)
	if errors.Is(err, queue.ErrLost) && e.made != nil {
		_, err = s.ends.Join(ctx, ending{place: e.place, made: e.made})
	}
	if err != nil {
		return fmt.Errorf("write down the turn of endpoint %s: %w", e.of, err)
	}
	return nil
}

// round is one turn of an endpoint.
type round struct {
	s     *Service
	job   queue.Claimed
	place place
	until time.Time // no request begins after this
	task  task

	mu      sync.Mutex
	health  health        // guarded by mu
	left    []dueDelivery // guarded by mu
	running int           // guarded by mu
	next    db.Time       // guarded by mu: when the first of what failed is due again; 0 = nothing did
	disable Reason        // guarded by mu: it gets nothing any more
	stopped bool          // guarded by mu: this process stops
	ended   bool          // guarded by mu: the end of the turn is being written down
}

// run sends what is due. Whoever is the last writes down the end of the turn, nearly always
// with what became of his.
func (r *round) run(ctx context.Context) error {
	var all errgroup.Group
	for range min(atOnce, len(r.left)) {
		all.Go(func() error {
			for {
				d, last := r.take()
				switch {
				case last != nil:
					return r.s.write(ctx, *last)
				case d == nil:
					return nil
				}
				a, stopped := r.s.send(ctx, &r.task.endpoint, *d)
				if err := r.s.write(ctx, r.give(*d, a, stopped)); err != nil {
					return err
				}
			}
		})
	}
	return all.Wait()
}

// take gives what is to be sent next. When the turn is over it gives nothing, and whoever is
// the last the end of the turn.
func (r *round) take() (d *dueDelivery, last *ending) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.goes() {
		d, r.left = &r.left[0], r.left[1:]
		r.running++
		return d, nil
	}
	if r.running > 0 || r.ended {
		return nil, nil
	}
	last = &ending{place: r.place}
	r.end(last)
	return nil, last
}

// now is the database's time.
func (r *round) now() db.Time { return r.task.now.Add(time.Since(r.until) + roundFor) }

// goes reports whether another request may begin. The caller holds mu.
func (r *round) goes() bool {
	return len(r.left) > 0 && !r.stopped && r.disable == "" && r.health.slow == r.task.endpoint.slow &&
		(r.running == 0 && r.health == r.task.endpoint.health || !r.health.troubled()) && time.Now().Before(r.until)
}

// give says what is to be written down of a delivery, and of the turn if it was the last.
func (r *round) give(d dueDelivery, a answer, stopped bool) ending {
	e := ending{place: r.place}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.running--
	r.stopped = r.stopped || stopped
	now := r.now()
	if !stopped {
		m := made{delivery: d, answer: a, at: now.Add(-a.took)}
		r.health = r.health.after(a, now)
		r.verdict(a, now)
		if m.again, m.over = d.again(a, r.disable != "", now); m.again > 0 {
			r.next = soonest(r.next, m.again)
		}
		e.made = &m
	}
	if r.running == 0 && !r.ended && !r.goes() {
		r.end(&e)
	}
	return e
}

// verdict decides whether an endpoint is to be disabled, or its site to be told that it will be.
// The caller holds mu.
func (r *round) verdict(a answer, now db.Time) {
	failed := time.Duration(0)
	if r.health.failingSince > 0 {
		failed = now.Sub(r.health.failingSince)
	}
	switch {
	case r.disable != "":
	case a.result == gone:
		r.disable = Gone
	case failed >= r.s.o.DisableAfter:
		r.disable = Failing
	case failed >= r.s.o.DisableAfter/2 && r.health.warnedAt == 0:
		r.health.warnedAt = now
	}
}

// end adds to the last ending of a turn what follows for the endpoint. The caller holds mu.
func (r *round) end(e *ending) {
	r.ended = true
	e.job, e.known = &queue.Ending{Claimed: r.job}, r.task.endpoint.ChangedAt
	if r.health != r.task.endpoint.health {
		h := r.health
		e.health = &h
	}
	if r.disable != "" {
		e.disable = r.disable
		return
	}
	next := soonest(r.next, r.task.next)
	if len(r.left) > 0 || r.task.more || r.stopped {
		next = r.task.now
	}
	if next == 0 {
		return
	}
	after := r.task.endpoint
	after.health = r.health
	if r.health.slow != r.task.endpoint.slow {
		e.then = after.job(next)
		return
	}
	e.job.Again, e.job.Why = max(next, r.health.restingUntil), "more is due"
}

// soonest gives the earlier of two times, of which 0 is never.
func soonest(a, b db.Time) db.Time {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// again says when a delivery is due again, and whether it is over; neither is known of one
// that an endpoint did not want, which is disabled: it waits.
func (d *dueDelivery) again(a answer, disabled bool, now db.Time) (due db.Time, over State) {
	if a.result == delivered {
		return 0, stateDelivered
	}
	if disabled {
		return now, ""
	}
	wait, ok := next(d.tries+1, a.retryAfter)
	if !ok || d.kind == testType {
		return 0, stateFailed
	}
	return now.Add(wait), ""
}

// send makes the request of a delivery. Stopped says that this process ended it.
func (s *Service) send(ctx context.Context, e *Endpoint, d dueDelivery) (a answer, stopped bool) {
	text, err := d.payload(e.Site)
	if err != nil {
		return answer{result: broken, said: said{Error: "the event cannot be written"}}, false
	}
	at := time.Now() // which the receiver compares with his own clock
	name := d.event.Text(id.Event)
	signature, err := sign(e.signers(db.At(at)), name, at, text)
	if err != nil {
		return answer{result: broken, said: said{Error: "the event cannot be signed"}}, false
	}
	a = s.post(ctx, e.URL, http.Header{
		"Content-Type": {"application/json"}, "User-Agent": {userAgent},
		"webhook-id": {name}, "webhook-timestamp": {strconv.FormatInt(at.Unix(), 10)}, "webhook-signature": {signature},
	}, text)
	return a, a.result != delivered && ctx.Err() != nil
}
