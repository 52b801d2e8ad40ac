package bench

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
)

// The usual way to send webhooks: deliveries are rows that workers take in the order of their
// time, and each of them waits for the answer. It does all that the product's way does but for
// its log and its signature: an event is a delivery in the transaction in which it happens.

const (
	bareWorkers = 768 // as many as the product has, of both kinds together
	bareClaim   = 64  // deliveries that are taken at once
	bareSecond  = 5 * time.Second
	bareLater   = 5 * time.Minute
)

// bareDelivery is a delivery that was taken.
type bareDelivery struct {
	id    id.ID
	event int
	tries int
}

// bareHooks is a round of the baseline.
func bareHooks(ctx context.Context, a *arena) (p HookPace, err error) {
	d, err := db.Open(ctx, a.url, db.Options{})
	if err != nil {
		return p, err
	}
	a.defers(d.Close)
	if err := d.Migrate(ctx); err != nil {
		return p, err
	}
	if err := bareTable(ctx, a); err != nil {
		return p, err
	}
	r, err := newReceivers(ctx, a)
	if err != nil {
		return p, err
	}
	running, stop := context.WithCancel(ctx)
	pool := &barePool{d: d, r: r, endpoints: a.o.Size, free: make(chan struct{}, bareWorkers)}
	pool.client = &http.Client{Timeout: hookTimeout, Transport: &http.Transport{MaxIdleConns: 2000, MaxIdleConnsPerHost: bareWorkers}}
	pool.ends = db.NewGroup(d, "bench_bare_end", db.GroupOptions{}, func(bareEnd) (int, int) { return 1, 0 }, endBare)
	var all sync.WaitGroup
	all.Go(func() { pool.run(running) })
	sampled, err := a.measure(ctx, func(ctx context.Context) error {
		h, err := a.happen(ctx, d, func(tx *db.Tx, events []int) error {
			ids, numbers := make([]id.ID, len(events)), make([]int64, len(events))
			for i, n := range events {
				ids[i], numbers[i] = id.New(), int64(n)
			}
			n := len(events)
			return tx.InsertMany("bare_hook", db.Col("id", ids), db.Col("event", numbers), db.Same("due", tx.Now, n), db.Same("tries", 0, n))
		})
		if err == nil {
			p, err = r.pace(ctx, a.o.Size, h, 30*time.Second)
		}
		return err
	})
	stop()
	r.leave()
	all.Wait()
	p.CPU = float64(sampled.cpu.Microseconds()) / (p.PerSecond * a.o.Lasting.Seconds())
	return p, err
}

// bareTable makes the table of deliveries, in the engine's own words.
func bareTable(ctx context.Context, a *arena) error {
	s, err := a.engine.connect(ctx, a.url)
	if err != nil {
		return err
	}
	defer s.close()
	kind := map[string]string{"postgres": "uuid", "mysql": "BINARY(16)", "sqlite": "BLOB"}[a.engine.name()]
	for _, text := range []string{
		"CREATE TABLE bare_hook (id " + kind + " NOT NULL PRIMARY KEY, event BIGINT NOT NULL, due BIGINT NOT NULL, tries BIGINT NOT NULL)",
		"CREATE INDEX bare_hook_due ON bare_hook (due, id)",
	} {
		if err := s.plain(ctx, text); err != nil {
			return err
		}
	}
	return nil
}

type barePool struct {
	d         *db.DB
	r         *receivers
	endpoints int
	client    *http.Client
	free      chan struct{} // holds one token for each worker that works
	ends      *db.Group[bareEnd, struct{}]
}

// run takes what is due whenever workers are free.
func (p *barePool) run(ctx context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	for ctx.Err() == nil {
		places := 0
		for more := true; more && places < bareClaim; {
			select {
			case p.free <- struct{}{}:
				places++
			default:
				more = false
			}
		}
		var list []bareDelivery
		if places > 0 {
			list, _ = p.take(ctx, places) // what goes wrong is tried again
		}
		for range places - len(list) {
			<-p.free
		}
		for _, one := range list {
			all.Go(func() {
				defer func() { <-p.free }()
				p.send(ctx, one)
			})
		}
		if len(list) == 0 {
			_ = until(ctx, time.Now().Add(tick))
		}
	}
}

// take takes deliveries in the order of their time: nobody else has them for a while.
func (p *barePool) take(ctx context.Context, most int) (list []bareDelivery, err error) {
	err = p.d.Update(ctx, "bench_bare_take", func(tx *db.Tx) error {
		rows, err := tx.Claim(`SELECT id, event, tries FROM bare_hook WHERE due <= ? ORDER BY due, id LIMIT ?`, tx.Now, most)
		list, err = db.Collect(rows, err, func(r *sql.Rows) (d bareDelivery, err error) { return d, r.Scan(&d.id, &d.event, &d.tries) })
		if err != nil || len(list) == 0 {
			return err
		}
		ids := make([]id.ID, len(list))
		for i, d := range list {
			ids[i] = d.id
		}
		return tx.UpdateMany("bare_hook", []string{"id"}, db.Col("id", ids), db.Same("due", tx.Now.Add(time.Minute), len(ids)))
	})
	return list, err
}

// send makes the request and writes down what became of it.
func (p *barePool) send(ctx context.Context, d bareDelivery) {
	text := fmt.Appendf(nil, `{"type":"message.done","sequence":0,"data":{"event":%d}}`, d.event)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.r.url+strconv.Itoa(d.event%p.endpoints), bytes.NewReader(text))
	if err != nil {
		return
	}
	done := false
	if res, err := p.client.Do(req); err == nil {
		_, _ = io.Copy(io.Discard, res.Body)
		done = res.Body.Close() == nil && res.StatusCode < 300
	}
	if ctx.Err() == nil {
		_, _ = p.ends.Join(ctx, bareEnd{d, done}) // what was not written down is sent again
	}
}

// bareEnd is what became of a delivery.
type bareEnd struct {
	bareDelivery
	done bool
}

func endBare(tx *db.Tx, in []bareEnd) ([]struct{}, error) {
	var gone, later []id.ID
	var due []db.Time
	var tries []int
	for _, e := range in {
		if e.done {
			gone = append(gone, e.id)
			continue
		}
		wait := bareSecond
		if e.tries > 0 {
			wait = bareLater
		}
		later, due, tries = append(later, e.id), append(due, tx.Now.Add(wait)), append(tries, e.tries+1)
	}
	if _, err := tx.DeleteMany("bare_hook", db.Col("id", gone)); err != nil {
		return nil, err
	}
	return make([]struct{}, len(in)), tx.UpdateMany("bare_hook", []string{"id"}, db.Col("id", later), db.Col("due", due), db.Col("tries", tries))
}
