package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
)

// Run claims jobs and has them worked on until ctx ends. It wakes when this
// process commits a Put, when the next job becomes due, and every Options.Idle
// for what other processes put. After ctx has ended nothing more is claimed;
// running handlers get Options.Grace to end with a context of their own, then
// that context ends too. While the database's clock is in doubt nothing is
// claimed. Run fails for a work that cannot be, or a handler that does not stop.
func (q *Queue) Run(ctx context.Context, works ...Work) error {
	lines := make([]line, len(works))
	for i, w := range works {
		if w.Kind == "" || w.Lane == "" || w.Handle == nil {
			return fault.New(fault.Internal, fault.CodeInternal, "work %d of lane %q, kind %q: lane, kind and handler are needed", i, w.Lane, w.Kind)
		}
		lines[i] = line{w.Lane, w.Kind}
	}
	r := &runner{q: q, stopping: ctx, held: map[*Claimed][]Claimed{}}
	var end context.CancelFunc
	r.ctx, end = context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	var loops, helpers sync.WaitGroup
	for i, w := range works {
		loops.Go(func() { again(ctx, "claiming jobs", func() { r.loop(ctx, w, lines[i]) }) })
	}
	helpers.Go(func() { again(r.ctx, "renewing leases", r.renew) })
	helpers.Go(func() { again(r.ctx, "counting jobs", func() { q.count(r.ctx) }) })
	if q.oldest != nil {
		loops.Go(func() { again(ctx, "observing jobs", func() { q.observe(ctx, lines) }) })
	}
	loops.Wait()
	err := r.drain(end)
	end()
	helpers.Wait()
	return err
}

// panicPause is how long what panicked rests.
const panicPause = time.Second

// again does what works until ctx ends. A panic of it is told and does not end it: without it
// jobs would lie, or be taken from who works on them, and nobody would know why.
func again(ctx context.Context, what string, work func()) {
	for {
		err := fault.Contain(what, func() error { work(); return nil })
		if err == nil {
			return
		}
		slog.ErrorContext(ctx, "the queue stumbled", "error", err)
		rest := time.NewTimer(panicPause)
		select {
		case <-ctx.Done():
			rest.Stop()
			return
		case <-rest.C:
		}
	}
}

// runner is one Run.
type runner struct {
	q        *Queue
	stopping context.Context // ends when no more is to be claimed
	ctx      context.Context // what handlers work under; ends after the grace
	handlers sync.WaitGroup

	mu   sync.Mutex
	held map[*Claimed][]Claimed // guarded by mu: what running handlers were given, by the first
}

// patience is how long a handler may go on after its context has ended.
const patience = 2 * time.Second

// drain waits for running handlers: first in peace, then after ending their context.
func (r *runner) drain(end context.CancelFunc) error {
	idle := make(chan struct{})
	go func() {
		r.handlers.Wait()
		close(idle)
	}()
	for _, wait := range []time.Duration{r.q.o.Grace, patience} {
		select {
		case <-idle:
			return nil
		case <-time.After(wait):
			end()
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return fmt.Errorf("stop the queue: %d handlers did not end", len(r.held))
}

// loop claims for one work whenever a worker is free and something is due.
func (r *runner) loop(ctx context.Context, w Work, l line) {
	bell, unlisten := r.q.listen(l)
	defer unlisten()
	free := make(chan struct{}, max(w.Workers, 1))
	rung := false // something was just committed: it is there without looking
	for missed := 0; ctx.Err() == nil; {
		select {
		case <-ctx.Done():
			return
		case free <- struct{}{}:
		}
		var wait time.Duration
		how := onlyReady // the next look finds what is due besides
		if !rung || !r.q.d.ClockOK() {
			wait, how = r.look(ctx, l), alsoLater
		}
		rung = false
		if wait == 0 {
			if r.work(ctx, w, how, free) {
				missed = 0
				continue
			}
			// Others hold what is in line, for a moment: all is claimed, or being put.
			wait = min(r.q.o.Idle, 5*time.Millisecond<<min(missed, 10))
			missed++
		}
		<-free
		rest := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-bell:
			rung = true
		case <-rest.C:
		}
		rest.Stop()
	}
}

// work claims for a worker whose place is taken, or for as many as are free, and reports
// whether there was something to do.
func (r *runner) work(ctx context.Context, w Work, how reach, free chan struct{}) bool {
	if !w.Apart {
		jobs := r.claim(ctx, w, max(w.Max, 1), how)
		if len(jobs) > 0 {
			r.start(w, jobs, free)
		}
		return len(jobs) > 0
	}
	places := 1
	for more := true; more && places < w.Max; {
		select {
		case free <- struct{}{}:
			places++
		default:
			more = false
		}
	}
	jobs := r.claim(ctx, w, places, how)
	for i := range jobs {
		r.start(w, jobs[i:i+1:i+1], free)
	}
	for range places - max(len(jobs), 1) { // the first place is the caller's where nothing was claimed
		<-free
	}
	return len(jobs) > 0
}

// look tells how long to rest before the next look; 0 = something is due. It is a
// read: an idle installation should not write.
func (r *runner) look(ctx context.Context, l line) time.Duration {
	idle := r.q.o.Idle
	if !r.q.d.ClockOK() {
		return idle
	}
	at, now, err := r.q.next(ctx, l)
	switch {
	case err != nil:
		r.complain(ctx, l, err)
		return idle
	case at <= now:
		return 0
	}
	return max(min(at, now.Add(idle)).Sub(now), time.Millisecond)
}

func (r *runner) claim(ctx context.Context, w Work, most int, how reach) []Claimed {
	jobs, err := r.q.take(w.context(ctx), w.Lane, []string{w.Kind}, most, w.Weight, how)
	if err != nil {
		r.complain(ctx, line{w.Lane, w.Kind}, err)
	}
	return jobs
}

// context is what the work's transactions are done under.
func (w Work) context(ctx context.Context) context.Context {
	if w.Urgent {
		return db.Urgent(ctx)
	}
	return ctx
}

func (r *runner) complain(ctx context.Context, l line, err error) {
	if ctx.Err() == nil {
		slog.WarnContext(ctx, "jobs not claimed", "lane", string(l.lane), "kind", l.kind, "error", err)
	}
}

// start has the jobs worked on and gives the worker's place back afterwards.
func (r *runner) start(w Work, jobs []Claimed, free <-chan struct{}) {
	r.mu.Lock()
	r.held[&jobs[0]] = jobs
	r.mu.Unlock()
	r.handlers.Go(func() {
		defer func() {
			r.mu.Lock()
			delete(r.held, &jobs[0])
			r.mu.Unlock()
			<-free
		}()
		if err := call(w.context(r.ctx), w.Handle, jobs); err != nil {
			r.putBack(jobs, err)
		}
	})
}

// panicked is what a handler panicked with.
type panicked struct {
	value any
	stack []byte
}

func (p *panicked) Error() string { return fmt.Sprintf("the handler panicked: %v", p.value) }

func call(ctx context.Context, h Handler, jobs []Claimed) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &panicked{v, debug.Stack()}
		}
	}()
	return h(ctx, jobs)
}

// putBackWithin bounds the transaction that puts jobs back; when it does not
// come through, the lease runs out.
const putBackWithin = 10 * time.Second

// putBack frees what the handler still holds after it failed with cause. What
// could not be done for a while is put back as it is; the rest counts a try.
func (r *runner) putBack(jobs []Claimed, cause error) {
	why, wait, counts := reason(cause)
	if r.stopping.Err() != nil && errors.Is(cause, context.Canceled) {
		why, wait, counts = "stopped", 0, false
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.ctx), putBackWithin)
	defer cancel()
	err := r.q.d.Update(ctx, "queue_put_back", func(tx *db.Tx) error {
		move := r.q.failing(tx, why)
		if !counts {
			move = func(row *row, _ Claimed) end { return row.again(tx.Now, tx.Now.Add(wait), why) }
		}
		return r.q.finish(tx, "put back", jobs, passLost, move)
	})
	log := slog.With("lane", string(jobs[0].Lane), "kind", jobs[0].Kind, "key", jobs[0].Key, "jobs", len(jobs), "tries", jobs[0].Tries, "why", why)
	if p, ok := errors.AsType[*panicked](cause); ok {
		log = log.With("stack", string(p.stack))
	}
	if counts {
		log.ErrorContext(ctx, "job failed", "error", cause)
	} else {
		log.WarnContext(ctx, "job put back", "error", cause)
	}
	if err != nil {
		log.ErrorContext(ctx, "job not put back: its lease has to run out", "error", err)
	}
}

// reason tells what a handler's error means for its jobs: a word, the pause, and
// whether it counts as a failed try.
func reason(err error) (why string, wait time.Duration, counts bool) {
	f, isFault := errors.AsType[*fault.Error](err)
	_, isPanic := errors.AsType[*panicked](err)
	switch {
	case errors.Is(err, ErrLost):
		return "lease lost", firstPause, false
	case isPanic:
		return "panic", 0, true
	case isFault && f.Kind == fault.Unavailable:
		return word(f.Code), max(f.RetryAfter, firstPause), false
	case isFault:
		return word(f.Code), 0, true
	default:
		return "error", 0, true
	}
}

// renew keeps the leases of running handlers alive until all of them have ended.
func (r *runner) renew() {
	tick := time.NewTicker(r.q.o.Lease / 3)
	defer tick.Stop()
	for {
		select {
		case <-r.ctx.Done():
			return
		case <-tick.C:
		}
		if jobs := r.running(); len(jobs) > 0 {
			if err := r.q.Renew(r.ctx, jobs...); err != nil && r.ctx.Err() == nil {
				slog.WarnContext(r.ctx, "leases not renewed", "jobs", len(jobs), "error", err)
			}
		}
	}
}

func (r *runner) running() []Claimed {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []Claimed
	for _, jobs := range r.held {
		all = append(all, jobs...)
	}
	return all
}
