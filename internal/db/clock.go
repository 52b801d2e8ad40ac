package db

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// jump is the change of offset that is taken for an accident rather than drift.
const jump = time.Second

// clock corrects the local clock by the offset to the database's, so that all
// processes write times of one clock.
type clock struct {
	local   func() time.Time // time.Now, or Options.Now
	virtual bool             // Options.Now: nothing to correct

	mu       sync.Mutex
	measured bool
	offset   time.Duration  // added to the local clock; guarded by mu
	doubt    *time.Duration // a jump that no second measurement has confirmed; guarded by mu
}

// now is the database's time as far as we know.
func (c *clock) now() Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return At(c.local().Add(c.offset))
}

// take judges a measurement. Below its error the offset stays, so that times do
// not jitter; a jump has to be seen twice before it is believed.
func (c *clock) take(offset, uncertain time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change := (offset - c.offset).Abs()
	switch {
	case !c.measured:
		c.measured = true
		if offset.Abs() > uncertain {
			c.offset = offset
		}
	case change <= jump:
		c.doubt = nil
		if change > uncertain {
			c.offset = offset
		}
	case c.doubt != nil && (offset-*c.doubt).Abs() <= jump:
		c.doubt, c.offset = nil, offset
	default:
		c.doubt = &offset
	}
}

// Clock measures the offset to the database's clock again; Open does it once.
// After a jump of more than a second ClockOK is false until two measurements in
// a row agree, and the old offset stays in use until then.
func (d *DB) Clock(ctx context.Context) error {
	if d.clock.virtual {
		return nil
	}
	best, offset := time.Duration(-1), time.Duration(0)
	for range 3 {
		start := d.clock.local()
		var theirs int64
		if err := d.read.QueryRowContext(ctx, d.eng.clock).Scan(&theirs); err != nil {
			return fmt.Errorf("read the clock of the %s database: %w", d.eng.name, err)
		}
		trip := d.clock.local().Sub(start)
		if best < 0 || trip < best {
			best, offset = trip, time.UnixMicro(theirs).Sub(start.Add(trip/2))
		}
	}
	d.clock.take(offset, best+5*time.Millisecond)
	return nil
}

// ClockOK is false while the database's clock, or ours, has jumped and is not
// confirmed: nothing should be claimed by time then.
func (d *DB) ClockOK() bool {
	d.clock.mu.Lock()
	defer d.clock.mu.Unlock()
	return d.clock.doubt == nil
}

// Now is the database's time as far as we know, for who is about to act outside of a
// transaction and must not be late. What is stored bears Tx.Now.
func (d *DB) Now() Time { return d.clock.now() }

// ClockOffset is how far the database's clock is ahead of ours, as it was last measured; 0 where
// they differ by less than could be told.
func (d *DB) ClockOffset() time.Duration {
	d.clock.mu.Lock()
	defer d.clock.mu.Unlock()
	return d.clock.offset
}
