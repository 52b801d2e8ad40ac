package queue

import (
	"context"
	"database/sql"
	"maps"
	"sync"
	"testing"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
)

// counters stand for the rows that jobs are about: one per key.
type counters struct {
	t  *testing.T
	d  *db.DB
	q  *Queue
	mu sync.Mutex

	seen  map[string]int64 // guarded by mu: what a handler that ended its job had read
	ended chan struct{}    // gets a token after jobs were ended
}

func newCounters(t *testing.T, d *db.DB, names ...string) *counters {
	c := &counters{t: t, d: d, q: New(d, Options{}), seen: map[string]int64{}, ended: make(chan struct{}, 1)}
	c.must(func(tx *db.Tx) error {
		_, err := tx.Exec(`CREATE TABLE counter (name VARCHAR(64) NOT NULL PRIMARY KEY, n BIGINT NOT NULL)`)
		return err
	})
	c.must(func(tx *db.Tx) error {
		return tx.InsertMany("counter", db.Col("name", names), db.Same("n", int64(0), len(names)))
	})
	return c
}

func (c *counters) must(fn func(*db.Tx) error) {
	c.t.Helper()
	if err := c.d.Update(c.t.Context(), "test", fn); err != nil {
		c.t.Error(err)
	}
}

// raise adds one to a counter and puts its job in the same transaction.
func (c *counters) raise(name string) {
	c.must(func(tx *db.Tx) error {
		if _, err := tx.Exec(`UPDATE counter SET n = n + 1 WHERE name = ?`, name); err != nil {
			return err
		}
		return c.q.Put(tx, send(name))
	})
}

func (c *counters) read(tx *db.Tx) (map[string]int64, error) {
	all := map[string]int64{}
	rows, err := tx.Query(`SELECT name, n FROM counter`)
	_, err = db.Collect(rows, err, func(r *sql.Rows) (n int64, err error) {
		var name string
		err = r.Scan(&name, &n)
		all[name] = n
		return n, err
	})
	return all, err
}

// handle reads the counters of jobs and ends the jobs in the same transaction.
func (c *counters) handle(ctx context.Context, jobs []Claimed) error {
	var all map[string]int64
	err := c.d.Update(ctx, "test", func(tx *db.Tx) (err error) {
		if all, err = c.read(tx); err != nil {
			return err
		}
		return c.q.Done(tx, jobs...)
	})
	c.mu.Lock()
	for _, j := range jobs {
		if err == nil {
			c.seen[j.Key] = max(c.seen[j.Key], all[j.Key])
		}
	}
	c.mu.Unlock()
	select {
	case c.ended <- struct{}{}:
	default:
	}
	return err
}

// quiet waits until no job is left.
func (c *counters) quiet() {
	for {
		left := int64(0)
		c.must(func(tx *db.Tx) error {
			stats, err := c.q.Stats(tx)
			left = 0
			for _, s := range stats {
				left += s.Ready + s.Leased + s.Buried
			}
			return err
		})
		if left == 0 {
			return
		}
		<-c.ended
	}
}

// When all is quiet the handlers must have seen every counter's last value.
func TestPutsThatRaceWithHandlersAreAllSeen(t *testing.T) {
	names := []string{"a", "b", "c", "d", "e"}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newCounters(t, d, names...)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		var runners, writers sync.WaitGroup
		for range 2 {
			runners.Go(func() {
				if err := c.q.Run(ctx, Work{Lane: Send, Kind: "send", Max: 3, Workers: 2, Handle: c.handle}); err != nil {
					t.Errorf("Run: %v", err)
				}
			})
		}
		for n := range 4 {
			writers.Go(func() {
				for i := range 40 {
					c.raise(names[(n+i)%len(names)])
				}
			})
		}
		writers.Wait()
		c.quiet()
		stop()
		runners.Wait()
		var want map[string]int64
		c.must(func(tx *db.Tx) (err error) {
			want, err = c.read(tx)
			return err
		})
		if !maps.Equal(c.seen, want) {
			t.Errorf("handlers saw %v, want %v", c.seen, want)
		}
		total := int64(0)
		for _, n := range want {
			total += n
		}
		if total != 160 {
			t.Errorf("the counters add up to %d, want 160", total)
		}
	})
}
