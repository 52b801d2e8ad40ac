package queue

import (
	"testing"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
)

// world is a queue whose time stands still until a test moves it.
type world struct {
	t   testing.TB
	d   *db.DB
	q   *Queue
	now db.Time
}

func newWorld(t testing.TB, d *db.DB, o Options) *world {
	return &world{t: t, d: d, q: New(d, o), now: db.At(time.Date(2026, 11, 22, 5, 0, 0, 0, time.UTC))}
}

// try runs fn at the world's time.
func (w *world) try(fn func(*db.Tx) error) error {
	return w.d.Update(w.t.Context(), "test", func(tx *db.Tx) error {
		tx.Now = w.now
		return fn(tx)
	})
}

func (w *world) must(fn func(*db.Tx) error) {
	w.t.Helper()
	if err := w.try(fn); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) put(jobs ...Job) {
	w.t.Helper()
	w.must(func(tx *db.Tx) error { return w.q.Put(tx, jobs...) })
}

func (w *world) claim(max int, kinds ...string) (out []Claimed) {
	w.t.Helper()
	if len(kinds) == 0 {
		kinds = []string{"send"}
	}
	w.must(func(tx *db.Tx) (err error) {
		out, err = w.q.claim(tx, id.New(), Send, kinds, max, 0, alsoLater)
		return err
	})
	return out
}

// one claims the only job that can be claimed.
func (w *world) one() Claimed {
	w.t.Helper()
	got := w.claim(10)
	if len(got) != 1 {
		w.t.Fatalf("claimed %d jobs %v, want one", len(got), keys(got))
	}
	return got[0]
}

// none checks that nothing can be claimed.
func (w *world) none() {
	w.t.Helper()
	if got := w.claim(10); len(got) != 0 {
		w.t.Fatalf("claimed %v, want nothing", keys(got))
	}
}

func (w *world) done(jobs ...Claimed) error {
	return w.try(func(tx *db.Tx) error { return w.q.Done(tx, jobs...) })
}

// row gives a job as the table holds it, nil when there is none.
func (w *world) row(kind, key string) (r *row) {
	w.t.Helper()
	w.must(func(tx *db.Tx) error {
		found, err := lock(tx, []name{{kind, key}})
		r = found[name{kind, key}]
		return err
	})
	return r
}

func send(key string) Job { return Job{Lane: Send, Kind: "send", Key: key, Site: "demo"} }

func keys(jobs []Claimed) []string { return pluck(jobs, func(c Claimed) string { return c.Key }) }
