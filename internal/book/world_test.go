package book

import (
	"context"
	"testing"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/queue"
	"creditmsg/internal/site"
)

// world is the address books over one real database, with two sites.
type world struct {
	t     testing.TB
	d     *db.DB
	keys  *site.Keys
	queue *queue.Queue
	book  *Book
}

const shop, other = "shop", "other"

func each(t *testing.T, test func(w *world)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) { test(newWorld(t, d)) })
}

func onSQLite(t testing.TB) *world { return newWorld(t, dbtest.Open(t, "sqlite")) }

func newWorld(t testing.TB, d *db.DB) *world {
	t.Helper()
	w := &world{t: t, d: d, keys: site.NewKeys(d, nil), queue: queue.New(d, queue.Options{})}
	w.must(w.keys.Prepare(t.Context()))
	w.book = New(d, w.keys, w.queue)
	w.update(func(tx *db.Tx) error {
		for _, name := range []string{shop, other} {
			if _, err := site.Create(tx, w.keys, name, name); err != nil {
				return err
			}
		}
		return nil
	})
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) try(fn func(tx *db.Tx) error) error {
	return w.d.Update(context.Background(), "test", fn)
}

func (w *world) update(fn func(tx *db.Tx) error) {
	w.t.Helper()
	w.must(w.try(fn))
}

func (w *world) view(fn func(tx *db.Tx) error) {
	w.t.Helper()
	w.must(w.d.View(context.Background(), "test", fn))
}

// add writes a contact down.
func (w *world) add(e Entry, groups ...id.ID) (c Contact) {
	w.t.Helper()
	w.update(func(tx *db.Tx) (err error) { c, err = w.book.Add(tx, shop, e, groups); return err })
	return c
}

// group makes a group.
func (w *world) group(name string) (g Group) {
	w.t.Helper()
	w.update(func(tx *db.Tx) (err error) { g, err = w.book.AddGroup(tx, shop, name); return err })
	return g
}

// members gives the numbers of a group's members, read two at a time.
func (w *world) members(of id.ID) (numbers []string) {
	w.t.Helper()
	w.view(func(tx *db.Tx) error {
		numbers = nil
		for after := (id.ID{}); ; {
			page, err := w.book.Members(tx, shop, of, after, 2)
			if err != nil || len(page) == 0 {
				return err
			}
			for _, c := range page {
				numbers, after = append(numbers, string(c.To)), c.ID
			}
		}
	})
	return numbers
}

// size is how many members a group says it has; −1 = it is not there.
func (w *world) size(of id.ID) (n int) {
	w.t.Helper()
	w.view(func(tx *db.Tx) error {
		g, err := w.book.FindGroup(tx, shop, of)
		if n = g.Members; fault.Is(err, fault.NotFound) {
			n, err = -1, nil
		}
		return err
	})
	return n
}

// rows counts the rows of a table, of all sites.
func (w *world) rows(table string) (n int) {
	w.t.Helper()
	w.view(func(tx *db.Tx) error { return tx.QueryRow(`SELECT COUNT(*) FROM ` + table).Scan(&n) })
	return n
}

// drain runs the jobs of the book that are due.
func (w *world) drain() {
	w.t.Helper()
	for ran := 1; ran > 0; {
		ran = 0
		for _, k := range w.book.Works() {
			jobs, err := w.queue.Claim(context.Background(), k.Lane, []string{k.Kind}, k.Max)
			w.must(err)
			if ran += len(jobs); len(jobs) > 0 {
				w.must(k.Handle(context.Background(), jobs))
			}
		}
	}
}

// refused checks the kind and the place of a fault.
func (w *world) refused(err error, kind fault.Kind, pointer string) {
	w.t.Helper()
	f := fault.Of(err)
	if f == nil || f.Kind != kind || pointer != "" && (len(f.Fields) == 0 || f.Fields[0].Pointer != pointer) {
		w.t.Errorf("got %v, want kind %d at %q", err, kind, pointer)
	}
}
