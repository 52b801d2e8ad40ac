package queue

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/fault"
)

// running is a queue with one runner that hands what happens to the test.
type running struct {
	t    *testing.T
	d    *db.DB
	q    *Queue
	stop context.CancelFunc
	end  chan error
}

// start runs work of kind send with handle.
func start(t *testing.T, d *db.DB, o Options, w Work, handle func(context.Context, *running, []Claimed) error) *running {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	r := &running{t: t, d: d, q: New(d, o), stop: stop, end: make(chan error, 1)}
	w.Lane, w.Kind = Send, "send"
	w.Handle = func(ctx context.Context, jobs []Claimed) error { return handle(ctx, r, jobs) }
	go func() { r.end <- r.q.Run(ctx, w) }()
	return r
}

// finish stops the runner and waits for it.
func (r *running) finish() {
	r.t.Helper()
	r.stop()
	if err := <-r.end; err != nil {
		r.t.Errorf("Run ended with %v", err)
	}
}

func (r *running) put(jobs ...Job) {
	r.t.Helper()
	err := r.d.Update(r.t.Context(), "test", func(tx *db.Tx) error { return r.q.Put(tx, jobs...) })
	if err != nil {
		r.t.Fatal(err)
	}
}

// row gives a job as it stands, nil when there is none.
func (r *running) row(key string) (found *row) {
	r.t.Helper()
	err := r.d.Update(r.t.Context(), "test", func(tx *db.Tx) error {
		all, err := lock(tx, []name{{"send", key}})
		found = all[name{"send", key}]
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return found
}

func (r *running) done(ctx context.Context, jobs []Claimed) error {
	return r.d.Update(ctx, "test", func(tx *db.Tx) error { return r.q.Done(tx, jobs...) })
}

// soon gives what comes out of c, and fails the test when nothing does.
func soon[T any](t *testing.T, what string, c <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(20 * time.Second):
		t.Fatalf("waited 20 s for %s", what)
	}
	return v
}

// slowly makes a runner look by itself so rarely that only a wake-up helps.
const slowly = time.Hour

func TestARunnerWakesWhenAJobIsPut(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		got := make(chan []Claimed)
		r := start(t, d, Options{Idle: slowly}, Work{Max: 10}, func(ctx context.Context, r *running, jobs []Claimed) error {
			err := r.done(ctx, jobs)
			got <- jobs
			return err
		})
		for n := range 3 {
			r.put(send(fmt.Sprint(n)))
			same(t, "keys", keys(soon(t, "the job", got)), []string{fmt.Sprint(n)})
		}
		r.finish()
	})
}

func TestARunnerWakesWhenTheNextJobBecomesDue(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		got := make(chan time.Time)
		r := start(t, d, Options{Idle: slowly}, Work{}, func(ctx context.Context, r *running, jobs []Claimed) error {
			at := time.Now()
			err := r.done(ctx, jobs)
			got <- at
			return err
		})
		j := send("a")
		due := time.Now().Add(300 * time.Millisecond)
		j.Due = db.At(due)
		r.put(j)
		if at := soon(t, "the job", got); at.Before(due.Add(-20 * time.Millisecond)) {
			t.Errorf("the job ran %v before it was due", due.Sub(at))
		}
		r.finish()
	})
}

func TestARunnerFindsWhatAnotherProcessPut(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		got := make(chan []Claimed, 1)
		r := start(t, d, Options{Idle: 20 * time.Millisecond}, Work{}, func(_ context.Context, r *running, jobs []Claimed) error {
			got <- jobs
			return nil
		})
		other := New(d, Options{}) // whose Put rings no bell here
		err := d.Update(t.Context(), "test", func(tx *db.Tx) error { return other.Put(tx, send("a")) })
		if err != nil {
			t.Fatal(err)
		}
		soon(t, "the job", got)
		r.finish()
	})
}

func TestAHandlerThatFailsOrPanicsHasItsJobsPutBack(t *testing.T) {
	unavailable := fault.New(fault.Unavailable, fault.CodeUnavailable, "not now")
	unavailable.RetryAfter = time.Hour
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for key, c := range map[string]struct {
			fail  func() error
			why   string
			tries int
			pause time.Duration
		}{
			"error":       {func() error { return errors.New("boom") }, "error", 1, time.Second},
			"fault":       {func() error { return fault.New(fault.Upstream, fault.CodeUpstream, "boom") }, "upstream", 1, time.Second},
			"panic":       {func() error { panic("boom") }, "panic", 1, time.Second},
			"unavailable": {func() error { return fmt.Errorf("call: %w", unavailable) }, "unavailable", 0, time.Hour},
			"lease lost":  {func() error { return fmt.Errorf("end: %w", ErrLost) }, "lease lost", 0, time.Second},
		} {
			called := make(chan struct{}, 100)
			r := start(t, d, Options{Idle: slowly, BuryAfter: 2}, Work{}, func(context.Context, *running, []Claimed) error {
				called <- struct{}{}
				return c.fail()
			})
			before := time.Now()
			r.put(send(key))
			soon(t, "the handler", called)
			r.finish() // after the handler's jobs were put back
			row := r.row(key)
			if row == nil || !row.lease.IsZero() || row.why != c.why || row.tries != c.tries {
				t.Errorf("%s: the row is %+v, want it free with %d tries because of %q", key, row, c.tries, c.why)
				continue
			}
			if after := row.due.Time().Sub(before); after < c.pause/2-time.Second/10 || after > c.pause+10*time.Second {
				t.Errorf("%s: due again in %v, want about %v", key, after, c.pause)
			}
		}
	})
}

func TestOnlyJobsThatAreStillHeldAreFailed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		q := New(d, Options{})
		err := d.Update(t.Context(), "test", func(tx *db.Tx) error { return q.Put(tx, send("a"), send("b")) })
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{}, 1)
		r := start(t, d, Options{Idle: slowly}, Work{Max: 2}, func(ctx context.Context, r *running, jobs []Claimed) error {
			if len(jobs) != 2 {
				return nil
			}
			defer func() { ended <- struct{}{} }()
			if err := r.done(ctx, jobs[:1]); err != nil {
				return err
			}
			return errors.New("boom")
		})
		soon(t, "the handler", ended)
		r.finish()
		if row := r.row("a"); row != nil {
			t.Errorf("the job that was ended stands: %+v", row)
		}
		if row := r.row("b"); row == nil || row.tries != 1 {
			t.Errorf("the other is %+v, want one try", row)
		}
	})
}

func TestNoMoreThanItsWorkersRunAtOnceAndEachGetsAtMostMax(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var now, most, biggest atomic.Int64
		left := make(chan int, 100)
		r := start(t, d, Options{Idle: slowly}, Work{Max: 5, Workers: 3}, func(ctx context.Context, r *running, jobs []Claimed) error {
			raise(&most, now.Add(1))
			raise(&biggest, int64(len(jobs)))
			err := r.done(ctx, jobs)
			now.Add(-1)
			left <- len(jobs)
			return err
		})
		var jobs []Job
		for n := range 60 {
			jobs = append(jobs, send(fmt.Sprintf("%03d", n)))
		}
		r.put(jobs...)
		for n := 0; n < len(jobs); {
			n += soon(t, "all jobs", left)
		}
		r.finish()
		if most.Load() > 3 || biggest.Load() > 5 {
			t.Errorf("%d handlers at once with up to %d jobs, want at most 3 with 5", most.Load(), biggest.Load())
		}
	})
}

func raise(most *atomic.Int64, n int64) {
	for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
	}
}

func TestTheLeaseOfARunningJobIsRenewed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		result := make(chan error, 1)
		r := start(t, d, Options{Lease: 3 * time.Second}, Work{Workers: 2}, func(ctx context.Context, r *running, jobs []Claimed) error {
			look := time.NewTicker(20 * time.Millisecond)
			defer look.Stop()
			for r.row("a").place <= jobs[0].Until {
				<-look.C
			}
			err := r.done(ctx, jobs)
			result <- err
			return err
		})
		r.put(send("a"))
		if err := soon(t, "the renewal", result); err != nil {
			t.Errorf("Done under a renewed lease: %v", err)
		}
		r.finish()
	})
}

func TestStoppingLetsRunningHandlersEndAndClaimsNothingMore(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		began, goOn := make(chan struct{}), make(chan struct{})
		r := start(t, d, Options{Idle: slowly, Grace: time.Hour}, Work{}, func(ctx context.Context, r *running, jobs []Claimed) error {
			close(began)
			<-goOn
			if err := ctx.Err(); err != nil {
				t.Errorf("the handler's context ended with the stop: %v", err)
			}
			return r.done(ctx, jobs)
		})
		r.put(send("a"))
		soon(t, "the handler", began)
		r.stop()
		r.put(send("b"))
		close(goOn)
		r.finish()
		if row := r.row("a"); row != nil {
			t.Errorf("the running job was not ended: %+v", row)
		}
		if row := r.row("b"); row == nil || row.state != ready {
			t.Errorf("the job put after the stop is %+v, want it ready", row)
		}
	})
}

func TestAHandlerThatTakesLongerThanTheGraceIsInterrupted(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		began := make(chan struct{})
		r := start(t, d, Options{Idle: slowly, Grace: 10 * time.Millisecond}, Work{}, func(ctx context.Context, r *running, _ []Claimed) error {
			close(began)
			<-ctx.Done()
			return ctx.Err()
		})
		r.put(send("a"))
		soon(t, "the handler", began)
		r.finish()
		if row := r.row("a"); row == nil || row.state != ready || row.tries != 0 || row.why != "stopped" {
			t.Errorf("the interrupted job is %+v, want it ready without a counted try", row)
		}
	})
}

func TestAnIdleRunnerDoesNotTurnInCircles(t *testing.T) {
	registry := prometheus.NewRegistry()
	d := dbtest.Connect(t, dbtest.Migrated(t, "sqlite"), db.Options{Registerer: registry})
	got := make(chan []Claimed, 1)
	r := start(t, d, Options{Idle: 50 * time.Millisecond}, Work{}, func(ctx context.Context, r *running, jobs []Claimed) error {
		err := r.done(ctx, jobs)
		got <- jobs
		return err
	})
	began := time.Now()
	j := send("a")
	j.Due = db.At(began.Add(500 * time.Millisecond))
	r.put(j)
	soon(t, "the job", got)
	r.finish()
	looks, claims := transactions(t, registry, "queue_next"), transactions(t, registry, "queue_claim")
	if most := uint64(time.Since(began)/(50*time.Millisecond)) + 5; looks > most || claims > 2 {
		t.Errorf("%d looks and %d claims in %v, want at most %d and 2", looks, claims, time.Since(began), most)
	}
}

func TestARunnerThatIsWokenByAPutClaimsWithoutLooking(t *testing.T) {
	registry := prometheus.NewRegistry()
	d := dbtest.Connect(t, dbtest.Migrated(t, "sqlite"), db.Options{Registerer: registry})
	looks := make(chan uint64, 1)
	r := start(t, d, Options{Idle: slowly}, Work{}, func(ctx context.Context, r *running, jobs []Claimed) error {
		looks <- transactions(t, registry, "queue_next") // the only worker is busy: nobody looks meanwhile
		return r.done(ctx, jobs)
	})
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for transactions(t, registry, "queue_next") == 0 {
		soon(t, "the first look", tick.C)
	}
	r.put(send("a"))
	if n := soon(t, "the job", looks); n != 1 {
		t.Errorf("%d looks before the claim, want only the first, at the start", n)
	}
	r.finish()
}

// transactions counts what the database did under a name.
func transactions(t *testing.T, g prometheus.Gatherer, name string) (n uint64) {
	t.Helper()
	families, err := g.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if l.GetName() == "name" && l.GetValue() == name && m.GetHistogram() != nil {
					n += m.GetHistogram().GetSampleCount()
				}
			}
		}
	}
	return n
}

func TestAWorkWithoutAHandlerIsRefused(t *testing.T) {
	q := New(dbtest.Open(t, "sqlite"), Options{})
	for _, w := range []Work{{Lane: Send, Kind: "send"}, {Kind: "send", Handle: func(context.Context, []Claimed) error { return nil }}} {
		if err := q.Run(t.Context(), w); !fault.Is(err, fault.Internal) {
			t.Errorf("Run of %+v: got %v, want an Internal fault", w, err)
		}
	}
}

func TestTheGaugeTellsForHowLongTheNextJobHasBeenDue(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		registry := prometheus.NewRegistry()
		q := New(d, Options{Registerer: registry})
		New(d, Options{Registerer: registry}) // a second shard shares the gauge
		lines := []line{{Send, "send"}, {Send, "launch"}, {Webhooks, "webhook"}, {Default, "expire"}}
		err := d.Update(t.Context(), "test", func(tx *db.Tx) error {
			overdue := Job{Lane: Webhooks, Kind: "webhook", Key: "a"}
			overdue.Due = tx.Now.Add(time.Hour)
			jobs := []Job{send("a"), overdue, {Lane: Default, Kind: "expire", Key: "a", Due: tx.Now.Add(2 * time.Hour)}}
			err := q.Put(tx, jobs...)
			if err == nil {
				// As if the jobs had been put ninety minutes ago.
				_, err = tx.Exec(`UPDATE job SET due = due - ?, place = place - ?`, int64(90*time.Minute/time.Microsecond), int64(90*time.Minute/time.Microsecond))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := q.measure(t.Context(), lines); err != nil {
			t.Fatal(err)
		}
		for lane, want := range map[Lane]float64{Send: 90 * 60, Webhooks: 30 * 60, Default: 0} {
			if got := gauge(t, registry, lane); got < want || got > want+60 {
				t.Errorf("lane %s: got %v s, want %v", lane, got, want)
			}
		}
	})
}

// gauge reads the age of a lane.
func gauge(t *testing.T, g prometheus.Gatherer, lane Lane) float64 {
	t.Helper()
	families, err := g.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == "creditmsg_queue_oldest_seconds" && m.GetLabel()[0].GetValue() == string(lane) {
				return m.GetGauge().GetValue()
			}
		}
	}
	t.Fatalf("the gauge has no lane %s", lane)
	return 0
}
