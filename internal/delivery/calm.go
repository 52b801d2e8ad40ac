package delivery

import (
	"context"
	"sync"
	"time"
)

// calm lets what is large step aside for what is small: as long as single messages come, large
// ones take their steps one at a time, and each step waits first until no single one is under
// way, though not for long. On a machine with few processors a handful of calls of a thousand
// people each would otherwise leave a single one a tenth of them.
type calm struct {
	mu    sync.Mutex
	small int           // single messages under way; guarded by mu
	over  chan struct{} // closed when there is none any more; guarded by mu
	last  time.Time     // when the last one was done; guarded by mu
	turn  chan struct{} // full while a large step is taken; guarded by mu
}

const (
	// aside is how long a step of a large message waits at most for single ones: where those
	// come all the time it goes on so much more slowly, but goes on.
	aside = 50 * time.Millisecond
	// lately is how long after a single message another one is expected.
	lately = 300 * time.Millisecond
	// queueing is how long a step waits at most for its turn: calls are looked after when they
	// take long.
	queueing = time.Second
)

// rush notes that single messages are under way, and gives what ends it.
func (c *calm) rush() (end func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.small++; c.small == 1 {
		c.over = make(chan struct{})
	}
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.small--; c.small == 0 {
			close(c.over)
			c.last = time.Now()
		}
	}
}

// step waits until a step of a large message may be taken, and gives what ends it.
func (c *calm) step(ctx context.Context) (end func()) {
	turn := c.crowded()
	if turn == nil {
		return func() {}
	}
	end = func() {}
	most := time.NewTimer(queueing)
	defer most.Stop()
	select {
	case turn <- struct{}{}:
		end = func() { <-turn }
	case <-most.C:
	case <-ctx.Done():
	}
	c.wait(ctx)
	return end
}

// crowded gives what large steps take turns by while single messages come; nil = none does.
func (c *calm) crowded() (turn chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.small == 0 && time.Since(c.last) > lately {
		return nil
	}
	if c.turn == nil {
		c.turn = make(chan struct{}, 1)
	}
	return c.turn
}

// wait waits until nothing small is under way.
func (c *calm) wait(ctx context.Context) {
	c.mu.Lock()
	small, over := c.small, c.over
	c.mu.Unlock()
	if small == 0 {
		return
	}
	most := time.NewTimer(aside)
	defer most.Stop()
	select {
	case <-over:
	case <-most.C:
	case <-ctx.Done():
	}
}
