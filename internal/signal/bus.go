package signal

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
)

// Options are the settings of a bus; zero values are the defaults named.
type Options struct {
	Beat time.Duration // between two looks; 0 = 1 s
	Log  *slog.Logger
}

const (
	lookBack = 10 * time.Second // a transaction that began before a look may commit this much after it
	lifetime = time.Minute      // then news is swept
	maxOut   = 1_000            // news that waits to be sent; more is dropped, the oldest first
	maxRead  = 10_000           // news that one look takes in
)

// Bus is one process's end.
type Bus struct {
	d    *db.DB
	self id.ID
	o    Options

	mu   sync.Mutex
	out  []news
	subs map[string][]func(body []byte)

	// Of the goroutine that beats.
	seen  map[id.ID]db.Time // of the last lookBack at least
	sent  bool              // something since the last look
	last  db.Time           // there was news; zero = all of it is swept
	swept db.Time
}

// news is one row.
type news struct {
	at    db.Time
	id    id.ID
	topic string
	body  []byte
}

// New makes a bus over one database. It does nothing before Run.
func New(d *db.DB, o Options) *Bus {
	if o.Beat == 0 {
		o.Beat = time.Second
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return &Bus{d: d, self: id.New(), o: o, subs: map[string][]func([]byte){}, seen: map[id.ID]db.Time{}}
}

// Subscribe has f called with what other processes publish under a topic, from Run's
// goroutine, so it must be quick. It is called before Run.
func (b *Bus) Subscribe(topic string, f func(body []byte)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.subs[topic] = append(b.subs[topic], f)
}

// Publish tells the other processes at the next beat. body belongs to the bus from now on.
func (b *Bus) Publish(topic string, body []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.out) == maxOut {
		b.out = b.out[1:]
	}
	b.out = append(b.out, news{id: id.New(), topic: topic, body: body})
}

// Run sends and receives until ctx ends. Trouble with the database is logged once, until
// it is over, and ends nothing.
func (b *Bus) Run(ctx context.Context) error {
	tick := time.NewTicker(b.o.Beat)
	defer tick.Stop()
	troubled := false
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		err := b.Beat(ctx)
		if err != nil && !troubled && ctx.Err() == nil {
			b.o.Log.WarnContext(ctx, "processes do not hear of each other", slog.Any("error", err))
		}
		troubled = err != nil
	}
}

// Beat sends what was published and takes in what others sent, once.
func (b *Bus) Beat(ctx context.Context) error {
	if err := b.send(ctx); err != nil {
		return err
	}
	list, err := b.look(ctx)
	if err != nil {
		return err
	}
	for _, n := range list {
		b.mu.Lock()
		subs := b.subs[n.topic]
		b.mu.Unlock()
		for _, f := range subs {
			f(n.body)
		}
	}
	return nil
}

func (b *Bus) send(ctx context.Context) error {
	b.mu.Lock()
	out := b.out
	b.out = nil
	b.mu.Unlock()
	if len(out) == 0 {
		return nil
	}
	n := len(out)
	ids, topics, bodies := make([]id.ID, n), make([]string, n), make([][]byte, n)
	for i, one := range out {
		ids[i], topics[i], bodies[i] = one.id, one.topic, one.body
	}
	err := b.d.Update(ctx, "signal_send", func(tx *db.Tx) error {
		return tx.InsertMany("signal_news", db.Same("at", tx.Now, n), db.Col("id", ids), db.Same("sender", b.self, n),
			db.Col("topic", topics), db.Col("body", bodies))
	})
	if err != nil {
		return fmt.Errorf("send %d news: %w", n, err)
	}
	b.sent = true
	return nil
}

// look reads what others sent since the look before, and sweeps now and then.
func (b *Bus) look(ctx context.Context) (fresh []news, err error) {
	var now db.Time
	err = b.d.View(ctx, "signal_look", func(tx *db.Tx) error {
		now, fresh = tx.Now, nil
		rows, err := tx.Query(`SELECT at, id, topic, body FROM signal_news WHERE at > ? AND sender <> ? ORDER BY at, id LIMIT ?`,
			tx.Now.Add(-lookBack), b.self, maxRead)
		list, err := db.Collect(rows, err, func(r *sql.Rows) (n news, err error) { return n, r.Scan(&n.at, &n.id, &n.topic, &n.body) })
		for _, n := range list {
			if _, old := b.seen[n.id]; !old {
				fresh = append(fresh, n)
			}
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("look for news: %w", err)
	}
	for _, n := range fresh {
		b.seen[n.id] = n.at
	}
	if b.sent || len(fresh) > 0 {
		b.last, b.sent = now, false
	}
	return fresh, b.sweep(ctx, now)
}

// sweep forgets what no process looks at any more. Where there is no news nothing is written.
func (b *Bus) sweep(ctx context.Context, now db.Time) error {
	if b.last.IsZero() || now.Sub(b.swept) < lifetime {
		return nil
	}
	if b.swept = now; now.Sub(b.last) > lifetime {
		b.last = 0 // nothing is left after this
	}
	for which, at := range b.seen {
		if now.Sub(at) > 2*lookBack {
			delete(b.seen, which)
		}
	}
	err := b.d.Update(ctx, "signal_sweep", func(tx *db.Tx) error {
		_, err := tx.Exec(`DELETE FROM signal_news WHERE at < ?`, tx.Now.Add(-lifetime))
		return err
	})
	if err != nil {
		return fmt.Errorf("sweep old news: %w", err)
	}
	return nil
}
