package db

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"creditmsg/internal/fault"
)

// GroupOptions bound a group commit.
type GroupOptions struct {
	Members    int // callers in one transaction; 0 = 256
	Rows       int // rows in one transaction; 0 = 5,000
	Bytes      int // bytes in one transaction; 0 = 4 MiB
	Sequencers int // transactions at a time; 0 = 1
}

// Group is a group commit: callers join, and wait while one transaction is made
// of all that came meanwhile. There is no timer: a lone caller goes at once, and
// under load the commit of one group is the time in which the next one gathers.
//
// A member larger than a bound goes alone. Each caller gets its own answer,
// after the commit that holds it. It is safe for use by many goroutines.
type Group[In, Out any] struct {
	d    *DB
	name string
	o    GroupOptions
	size func(In) (rows, bytes int)
	run  func(tx *Tx, in []In) ([]Out, error)
	act  func(ctx context.Context, fn func(*Tx) error) error // the kind of transaction
	lock func(In) string                                     // what no two transactions have at a time; nil = nothing

	mu       sync.Mutex
	queue    []*member[In, Out]  // in order of arrival; guarded by mu
	locked   map[string]struct{} // locks of the transactions under way; guarded by mu
	running  int                 // sequencers at work; guarded by mu
	under    int                 // members of the transactions under way; guarded by mu
	draining bool                // guarded by mu
	idle     chan struct{}       // closed when draining and nothing is inside; guarded by mu
}

type member[In, Out any] struct {
	in          In
	lock        string
	rows, bytes int
	out         Out
	err         error
	done        chan struct{} // closed when out and err are final
}

// NewGroup makes a group. size tells how much one member adds to a transaction.
// run does the work of all members, in their order of arrival, and gives one
// answer for each; like every closure of Update it may run several times.
func NewGroup[In, Out any](d *DB, name string, o GroupOptions, size func(In) (rows, bytes int),
	run func(tx *Tx, in []In) ([]Out, error)) *Group[In, Out] {
	o.Members, o.Rows = cmpOr(o.Members, 256), cmpOr(o.Rows, 5000)
	o.Bytes, o.Sequencers = cmpOr(o.Bytes, 4<<20), cmpOr(o.Sequencers, 1)
	act := func(ctx context.Context, fn func(*Tx) error) error { return d.update(ctx, name, grouped, fn) }
	return &Group[In, Out]{d: d, name: name, o: o, size: size, run: run, act: act, idle: make(chan struct{})}
}

// NewApartGroup makes a group whose transactions run two at a time where the engine has
// several writers, as long as they share no lock: one works while the other waits for the
// disk. Members of one lock, such as those who need the same row, come one after the other
// and would only wait for each other there; of those alone there is one transaction at a time.
func NewApartGroup[In, Out any](d *DB, name string, size func(In) (rows, bytes int), lock func(In) string,
	run func(tx *Tx, in []In) ([]Out, error)) *Group[In, Out] {
	g := NewGroup(d, name, GroupOptions{Sequencers: min(d.write.Stats().MaxOpenConnections, 2)}, size, run)
	g.lock, g.locked = lock, map[string]struct{}{}
	return g
}

// NewReadGroup makes a group of callers who only ask: one View answers all that came
// meanwhile. It begins after each of its members has joined, so that nobody sees less
// than in a View of his own, and a crowd that asks for the same reads it once.
func NewReadGroup[In, Out any](d *DB, name string, run func(tx *Tx, in []In) ([]Out, error)) *Group[In, Out] {
	g := NewGroup(d, name, GroupOptions{Sequencers: 2}, func(In) (int, int) { return 1, 0 }, run)
	g.act = func(ctx context.Context, fn func(*Tx) error) error { return d.View(ctx, name, fn) }
	return g
}

// Join adds in to the next transaction and gives its answer after the commit.
// When ctx ends before that transaction has begun, in is withdrawn and nothing
// of it happens; afterwards the answer is waited for.
//
// When run fails for good the group is halved and run again, until the offender
// stands alone with its error and all others have their answers. Trouble of the
// database itself is everybody's error.
func (g *Group[In, Out]) Join(ctx context.Context, in In) (Out, error) {
	var none Out
	if err := nested(ctx, "Join", g.name); err != nil {
		return none, err
	}
	if err := ctx.Err(); err != nil {
		return none, fmt.Errorf("join %s: %w", g.name, err)
	}
	m := &member[In, Out]{in: in, done: make(chan struct{})}
	m.rows, m.bytes = g.size(in)
	if g.lock != nil {
		m.lock = g.lock(in)
	}
	if !g.enter(m) {
		return none, fault.New(fault.Unavailable, fault.CodeUnavailable, "this process is shutting down; try again")
	}
	select {
	case <-m.done:
	case <-ctx.Done():
		if g.withdraw(m) {
			return none, fmt.Errorf("join %s: %w", g.name, ctx.Err())
		}
		<-m.done
	}
	return m.out, m.err
}

// enter queues m and starts a sequencer when one is free to be.
func (g *Group[In, Out]) enter(m *member[In, Out]) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.draining {
		return false
	}
	g.queue = append(g.queue, m)
	if g.running < g.o.Sequencers && !g.waits(m) {
		g.running++
		go g.sequence()
	}
	return true
}

// withdraw takes m out of the queue, unless its transaction has begun.
func (g *Group[In, Out]) withdraw(m *member[In, Out]) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.Index(g.queue, m)
	if i < 0 {
		return false
	}
	g.queue = slices.Delete(g.queue, i, i+1)
	return true
}

// waits says whether a transaction under way has the member's lock. The caller holds mu.
func (g *Group[In, Out]) waits(m *member[In, Out]) bool {
	_, locked := g.locked[m.lock]
	return g.lock != nil && locked
}

// sequence commits group after group until nobody waits.
func (g *Group[In, Out]) sequence() {
	var settled []*member[In, Out]
	for {
		members := g.next(settled)
		if len(members) == 0 {
			return
		}
		g.settle(members)
		g.gather()
		settled = members
	}
}

const (
	lulls     = 8                      // turns of others in which nobody came
	gathering = 100 * time.Microsecond // for as long as turns take on a busy machine
)

// gather lets those go on who were answered: callers that come straight back are then part
// of the next group, and not of the one after it, which would leave each group half as
// large. It ends when nobody comes any more.
func (g *Group[In, Out]) gather() {
	waiting, began := -1, time.Now()
	for lull := 0; lull < lulls && time.Since(began) < gathering; {
		runtime.Gosched()
		g.mu.Lock()
		now := len(g.queue)
		g.mu.Unlock()
		if now == 0 {
			return // they did not come straight back
		}
		if lull++; now > waiting {
			waiting, lull = now, 0
		}
	}
}

// next frees the locks of the last transaction and takes the members of the next one, in
// the order of their arrival. With none to take it ends this sequencer: those left wait
// for locks, and whoever has these takes them afterwards.
func (g *Group[In, Out]) next(settled []*member[In, Out]) []*member[In, Out] {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.under -= len(settled)
	for _, m := range settled {
		delete(g.locked, m.lock)
	}
	members := g.take(g.most())
	g.under += len(members)
	if len(members) == 0 {
		g.running--
		if g.draining && g.running == 0 {
			close(g.idle)
		}
	}
	return members
}

// most is how many members the next transaction may have. Of two that work apart each
// takes half of those inside, or one would stay small for ever and make most of the
// transactions. The caller holds mu.
func (g *Group[In, Out]) most() int {
	if g.lock != nil && g.running > 1 {
		return min(g.o.Members, (len(g.queue)+g.under)/g.running+1)
	}
	return g.o.Members
}

// take takes up to most members who wait for no lock out of the queue, and locks theirs.
// The caller holds mu.
func (g *Group[In, Out]) take(most int) (members []*member[In, Out]) {
	rows, bytes, full := 0, 0, false
	left := g.queue[:0]
	for _, m := range g.queue {
		full = full || len(members) == most || len(members) > 0 && (rows+m.rows > g.o.Rows || bytes+m.bytes > g.o.Bytes)
		if full || g.waits(m) {
			left = append(left, m)
			continue
		}
		rows, bytes = rows+m.rows, bytes+m.bytes
		members = append(members, m)
	}
	clear(g.queue[len(left):])
	g.queue = left
	if g.lock != nil {
		for _, m := range members {
			g.locked[m.lock] = struct{}{}
		}
	}
	return members
}

// settle gives every member its answer, halving the group around an offender.
func (g *Group[In, Out]) settle(members []*member[In, Out]) {
	outs, err := g.commit(members)
	if _, everybodys := errors.AsType[*trouble](err); err != nil && len(members) > 1 && !everybodys {
		half := len(members) / 2
		g.settle(members[:half])
		g.settle(members[half:])
		return
	}
	for i, m := range members {
		if m.err = err; err == nil {
			m.out = outs[i]
		}
		close(m.done)
	}
}

// commit runs one transaction for these members. It belongs to no caller, so no
// caller's leaving ends it. A panic of run is an error here: on this goroutine it
// would take the process and leave the callers waiting.
func (g *Group[In, Out]) commit(members []*member[In, Out]) (outs []Out, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fault.Wrap(fmt.Errorf("%s panicked: %v", g.name, p), fault.Internal, fault.CodeInternal, "something went wrong on our side")
		}
	}()
	in := make([]In, len(members))
	for i, m := range members {
		in[i] = m.in
	}
	err = g.act(context.Background(), func(tx *Tx) error {
		var err error
		if outs, err = g.run(tx, in); err == nil && len(outs) != len(in) {
			err = fmt.Errorf("%s gave %d answers for %d members", g.name, len(outs), len(in))
		}
		return err
	})
	return outs, err
}

// Drain lets nobody in any more and waits for those inside; when ctx ends first
// they are left to finish on their own.
func (g *Group[In, Out]) Drain(ctx context.Context) error {
	g.mu.Lock()
	if !g.draining {
		g.draining = true
		if g.running == 0 {
			close(g.idle)
		}
	}
	g.mu.Unlock()
	select {
	case <-g.idle:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("drain %s: %w", g.name, ctx.Err())
	}
}
