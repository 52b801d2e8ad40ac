package optout

import (
	"context"
	"testing"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/event"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/site"
)

// world is the opt-outs of some sites over one real database.
type world struct {
	t    *testing.T
	d    *db.DB
	keys *site.Keys
	of   *OptOuts
}

// each runs a test on every engine, with the sites shop and other.
func each(t *testing.T, test func(w *world)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := &world{t: t, d: d, keys: site.NewKeys(d, nil)}
		w.of = New(w.keys)
		w.must(w.keys.Prepare(t.Context()))
		w.update(func(tx *db.Tx) error {
			for _, name := range []string{"shop", "other"} {
				if _, err := site.Create(tx, w.keys, name, name); err != nil {
					return err
				}
			}
			return nil
		})
		test(w)
	})
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) update(fn func(tx *db.Tx) error) {
	w.t.Helper()
	w.must(w.d.Update(context.Background(), "test", fn))
}

func (w *world) view(fn func(tx *db.Tx) error) {
	w.t.Helper()
	w.must(w.d.View(context.Background(), "test", fn))
}

func phone(n int) korea.Number { return korea.MobileNumber(uint32(10_000_000 + n)) }

// add puts numbers on a site's list.
func (w *world) add(siteID string, scope Scope, numbers ...int) (c Counts) {
	w.t.Helper()
	var wishes []Wish
	for _, n := range numbers {
		wishes = append(wishes, Wish{phone(n), scope})
	}
	w.update(func(tx *db.Tx) (err error) {
		c, err = w.of.Add(tx, siteID, ByAPI, wishes)
		return err
	})
	return c
}

func (w *world) remove(siteID string, n int) error {
	return w.d.Update(context.Background(), "test", func(tx *db.Tx) error { return w.of.Remove(tx, siteID, phone(n)) })
}

func (w *world) standing(siteID string) (s Standing) {
	w.t.Helper()
	w.view(func(tx *db.Tx) (err error) { s, err = StandingOf(tx, siteID); return err })
	return s
}

// site reads a site, as those see it who go by what it says of opt-outs.
func (w *world) site(siteID string) (s site.Site) {
	w.t.Helper()
	w.view(func(tx *db.Tx) (err error) { s, err = site.Find(tx, siteID); return err })
	return s
}

// scopes asks for numbers of a site; who did not opt out is "".
func (w *world) scopes(siteID string, numbers ...int) (out []Scope) {
	w.t.Helper()
	w.view(func(tx *db.Tx) error {
		key, err := w.keys.Site(tx, siteID)
		if err != nil {
			return err
		}
		var names []Name
		for _, n := range numbers {
			mobile, _ := phone(n).Mobile()
			names = append(names, Name{siteID, key.Alias(mobile)})
		}
		q, found := Ask(names)
		if err := tx.Ask(q); err != nil {
			return err
		}
		for _, n := range names {
			out = append(out, found[n])
		}
		return nil
	})
	return out
}

// events reads a site's events.
func (w *world) events(siteID string) (list []event.Stored) {
	w.t.Helper()
	w.view(func(tx *db.Tx) (err error) { list, err = event.List(tx, siteID, id.ID{}, 100); return err })
	return list
}
