package delivery

import (
	"context"
	"sync"
	"time"
)

// calm lets what is large step aside for what is small: before each of its steps it waits
// until no single message is under way, though not for long. On a machine with few
// processors a handful of calls of a thousand people each would otherwise leave a single one
// a tenth of them.
type calm struct {
	mu    sync.Mutex
	small int           // single messages under way; guarded by mu
	over  chan struct{} // closed when there is none any more; guarded by mu
}

// aside is how long a step of a large message waits at most: with single ones all the time
// it goes on so much more slowly, but goes on.
const aside = 50 * time.Millisecond

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
		}
	}
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
