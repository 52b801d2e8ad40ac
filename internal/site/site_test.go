package site

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/fault"
)

// update runs fn and fails the test with its error.
func update(t testing.TB, d *db.DB, fn func(*db.Tx) error) {
	t.Helper()
	if err := d.Update(t.Context(), "test", fn); err != nil {
		t.Fatal(err)
	}
}

// refused runs fn, which must give a fault of this kind and code.
func refused(t testing.TB, d *db.DB, what string, k fault.Kind, code string, fn func(*db.Tx) error) {
	t.Helper()
	err := d.Update(t.Context(), "test", fn)
	if f, ok := errors.AsType[*fault.Error](err); !ok || f.Kind != k || f.Code != code {
		t.Errorf("%s: got %v, want a fault with code %s", what, err, code)
	}
}

func create(t testing.TB, d *db.DB, keys *Keys, ids ...string) {
	t.Helper()
	update(t, d, func(tx *db.Tx) error {
		for _, id := range ids {
			if _, err := Create(tx, keys, id, "사이트 "+id); err != nil {
				return err
			}
		}
		return nil
	})
}

func equal(t testing.TB, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestASiteIsCreatedOnceAndFound(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		keys := NewKeys(d, nil)
		var made, found Site
		update(t, d, func(tx *db.Tx) (err error) {
			made, err = Create(tx, keys, "demo", " 데모 가게 ")
			equal(t, "made", made, Site{ID: "demo", Name: "데모 가게", State: Active, CreatedAt: tx.Now, Weight: 1, Rev: 1})
			return err
		})
		update(t, d, func(tx *db.Tx) (err error) {
			found, err = Find(tx, "demo")
			return err
		})
		equal(t, "found", found, made)
		refused(t, d, "the same again", fault.Conflict, fault.CodeAlreadyExists, func(tx *db.Tx) error {
			_, err := Create(tx, keys, "demo", "another")
			return err
		})
		refused(t, d, "one that is not there", fault.NotFound, fault.CodeNotFound, func(tx *db.Tx) error {
			_, err := Find(tx, "demo2")
			return err
		})
	})
}

func TestSitesWithAnIDThatIsNoSlugOrABadNameAreRefused(t *testing.T) {
	d := dbtest.Open(t, "sqlite")
	keys := NewKeys(d, nil)
	for _, id := range []string{"", "a", "1a", "Demo", "de_mo", "데모", "-a", "a b", strings.Repeat("a", 41), "operator", "demo\n"} {
		refused(t, d, "id "+id, fault.Invalid, fault.CodeValidation, func(tx *db.Tx) error {
			_, err := Create(tx, keys, id, "name")
			return err
		})
	}
	for _, name := range []string{"", "  ", "a\nb", "a\x00", "\xff", strings.Repeat("가", 101)} {
		refused(t, d, "name "+name, fault.Invalid, fault.CodeValidation, func(tx *db.Tx) error {
			_, err := Create(tx, keys, "demo", name)
			return err
		})
	}
	create(t, d, keys, "ab", strings.Repeat("a", 40), "a-1")
}

func TestASiteIsSuspendedAndResumed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		create(t, d, NewKeys(d, nil), "demo")
		for _, s := range []State{Suspended, Suspended, Active} {
			update(t, d, func(tx *db.Tx) error { return SetState(tx, "demo", s) })
			update(t, d, func(tx *db.Tx) error {
				got, err := Find(tx, "demo")
				equal(t, "state", got.State, s)
				return err
			})
		}
		refused(t, d, "no such site", fault.NotFound, fault.CodeNotFound, func(tx *db.Tx) error { return SetState(tx, "none", Active) })
		refused(t, d, "no such state", fault.Invalid, fault.CodeValidation, func(tx *db.Tx) error { return SetState(tx, "demo", "gone") })
	})
}

func TestSitesAreListedPageByPage(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		create(t, d, NewKeys(d, nil), "ccc", "aaa", "bbb")
		var got []string
		for after := ""; ; {
			var page []Site
			update(t, d, func(tx *db.Tx) (err error) {
				page, err = List(tx, after, 2)
				return err
			})
			if len(page) == 0 {
				break
			}
			for _, s := range page {
				got, after = append(got, s.ID), s.ID
			}
		}
		equal(t, "ids", got, []string{"aaa", "bbb", "ccc"})
	})
}

func TestOfManyWhoCreateTheSameSiteOneSucceeds(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var all sync.WaitGroup
		results := make(chan error, 6)
		for range cap(results) {
			keys := NewKeys(d, nil) // a process each
			all.Go(func() {
				results <- d.Update(t.Context(), "test", func(tx *db.Tx) error {
					_, err := Create(tx, keys, "demo", "name")
					return err
				})
			})
		}
		all.Wait()
		close(results)
		won := 0
		for err := range results {
			if err == nil {
				won++
			} else if !fault.Is(err, fault.Conflict) {
				t.Errorf("got %v, want Conflict", err)
			}
		}
		equal(t, "created", won, 1)
	})
}
