package site

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"testing"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/fault"
)

// siteKey gives a site's key through a reading transaction.
func siteKey(t testing.TB, d *db.DB, k *Keys, site string) (key *Key) {
	t.Helper()
	err := d.View(t.Context(), "test", func(tx *db.Tx) (err error) {
		key, err = k.Site(tx, site)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// opens reports whether b opens what a seals.
func opens(a, b *Key) bool {
	got, err := b.Open("test", a.Seal("test", []byte("plain")))
	return err == nil && string(got) == "plain"
}

func TestTwoProcessesAgreeOnTheKeysOfSites(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for what, master := range map[string][]byte{"bare": nil, "wrapped": bytes.Repeat([]byte{7}, keySize)} {
			one, two := NewKeys(d, master), NewKeys(d, master)
			a, b := what+"-a", what+"-b"
			create(t, d, one, a)
			create(t, d, two, b)
			if !opens(siteKey(t, d, one, a), siteKey(t, d, two, a)) {
				t.Errorf("%s: two processes have different keys of one site", what)
			}
			if opens(siteKey(t, d, one, a), siteKey(t, d, one, b)) {
				t.Errorf("%s: two sites share a key", what)
			}
		}
	})
}

func TestTheInstallationsKeysAreMadeOnceByWhoeverIsFirst(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		rings := make([]*Keys, 5)
		var all sync.WaitGroup
		for i := range rings {
			rings[i] = NewKeys(d, nil)
			all.Go(func() {
				if err := rings[i].Prepare(t.Context()); err != nil {
					t.Errorf("Prepare: %v", err)
				}
			})
		}
		all.Wait()
		inbox := make([]*Key, len(rings))
		for i, k := range rings {
			err := d.View(t.Context(), "test", func(tx *db.Tx) (err error) {
				if inbox[i], err = k.Installation(tx, InboxKey); err != nil {
					return err
				}
				cursor, err := k.Installation(tx, CursorKey)
				if err == nil && opens(inbox[i], cursor) {
					t.Error("two uses share a key")
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			if !opens(inbox[0], inbox[i]) {
				t.Errorf("process %d has another key than process 0", i)
			}
		}
	})
}

func TestTheWrongMasterKeyIsToldBeforeAnythingIsServed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		right, wrong := bytes.Repeat([]byte{7}, keySize), bytes.Repeat([]byte{8}, keySize)
		// Sites are made by the command line, often before any process has served.
		create(t, d, NewKeys(d, right), "demo")
		for what, master := range map[string][]byte{"none": nil, "another": wrong} {
			if err := NewKeys(d, master).Prepare(t.Context()); err == nil {
				t.Errorf("%s: prepared, want an error", what)
			}
		}
		if err := NewKeys(d, right).Prepare(t.Context()); err != nil {
			t.Errorf("the right one: %v", err)
		}
	})
}

func TestAKeyIsReadFromTheDatabaseOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := NewKeys(d, nil)
		create(t, d, k, "demo")
		first := siteKey(t, d, k, "demo")
		if again := siteKey(t, d, k, "demo"); first != again {
			t.Error("the key was read twice")
		}
	})
}

// A key that was made by a transaction that failed must not be used later: the
// site that is created next has another one.
func TestAKeyOfAFailedTransactionIsForgotten(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := NewKeys(d, nil)
		sorry := errors.New("the rest failed")
		var lost *Key
		err := d.Update(t.Context(), "test", func(tx *db.Tx) (err error) {
			if _, err = Create(tx, k, "demo", "name"); err != nil {
				return err
			}
			if lost, err = k.Site(tx, "demo"); err != nil {
				return err
			}
			return sorry
		})
		if !errors.Is(err, sorry) {
			t.Fatal(err)
		}
		create(t, d, NewKeys(d, nil), "demo") // by another process
		key := siteKey(t, d, k, "demo")
		if opens(lost, key) {
			t.Error("the key of the failed transaction is still in use")
		}
		if !opens(key, siteKey(t, d, NewKeys(d, nil), "demo")) {
			t.Error("the key is not the one that is stored")
		}
	})
}

func TestAKeyMadeInATransactionCanBeUsedInIt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := NewKeys(d, nil)
		var inside *Key
		update(t, d, func(tx *db.Tx) (err error) {
			if _, err = Create(tx, k, "demo", "name"); err != nil {
				return err
			}
			inside, err = k.Site(tx, "demo")
			return err
		})
		if !opens(inside, siteKey(t, d, k, "demo")) {
			t.Error("the key changed with the commit")
		}
	})
}

func TestKeysUnderAMasterKeyNeedIt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		create(t, d, NewKeys(d, nil), "before")
		master := bytes.Repeat([]byte{7}, keySize)
		create(t, d, NewKeys(d, master), "after")
		siteKey(t, d, NewKeys(d, master), "before")
		for what, k := range map[string]*Keys{
			"without it": NewKeys(d, nil), "with another": NewKeys(d, bytes.Repeat([]byte{8}, keySize)), "with half of it": NewKeys(d, master[:16]),
		} {
			err := d.View(t.Context(), "test", func(tx *db.Tx) error {
				_, err := k.Site(tx, "after")
				return err
			})
			if err == nil || fault.Is(err, fault.NotFound) {
				t.Errorf("%s: got %v, want an error about the master key", what, err)
			}
		}
		update(t, d, func(tx *db.Tx) error {
			n, err := NewKeys(d, master).Bare(tx)
			equal(t, "keys without a master key", n, 1)
			return err
		})
	})
}

func TestThereIsNoKeyOfASiteThatIsNotThereOrWasErased(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := NewKeys(d, nil)
		create(t, d, k, "erased")
		update(t, d, func(tx *db.Tx) error {
			_, err := tx.Exec(`UPDATE site_key SET stored = NULL WHERE site_id = ?`, "erased")
			return err
		})
		for _, site := range []string{"none", "erased"} {
			refused(t, d, site, fault.NotFound, fault.CodeNotFound, func(tx *db.Tx) error {
				_, err := k.Site(tx, site)
				return err
			})
		}
	})
}

func TestOnlySoManyKeysAreRemembered(t *testing.T) {
	d := dbtest.Open(t, "sqlite")
	k := NewKeys(d, nil)
	key := testKey(t, 1)
	for n := range dataMost {
		s := siteSlot(fmt.Sprint(n))
		put(k.data, s, bytes.Repeat([]byte{1}, keySize), dataMost)
		put(k.ready, s, key, readyMost)
	}
	create(t, d, k, "demo")
	siteKey(t, d, k, "demo")
	if len(k.data) != dataMost || len(k.ready) != readyMost || k.Known("demo") == nil {
		t.Errorf("%d keys are remembered and %d ready, want %d and %d with the last one", len(k.data), len(k.ready), dataMost, readyMost)
	}
	delete(k.ready, siteSlot("demo"))
	if again := k.Known("demo"); again == nil || !opens(again, siteKey(t, d, NewKeys(d, nil), "demo")) {
		t.Error("a key that is remembered is not made ready again")
	}
}

func TestKeysThatAreAskedForTogetherNeedNoLookOfTheirOwn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		create(t, d, NewKeys(d, nil), "aa", "bb", "erased")
		update(t, d, func(tx *db.Tx) error {
			_, err := tx.Exec(`UPDATE site_key SET stored = NULL WHERE site_id = ?`, "erased")
			return err
		})
		k := NewKeys(d, nil)
		err := d.View(t.Context(), "test", func(tx *db.Tx) error {
			return tx.Ask(k.Ask(tx, []string{"bb", "none", "aa", "erased", "bb"}))
		})
		if err != nil {
			t.Fatal(err)
		}
		for id, there := range map[string]bool{"aa": true, "bb": true, "erased": false, "none": false} {
			if (k.Known(id) != nil) != there {
				t.Errorf("the key of %s is known: %t, want %t", id, !there, there)
			}
		}
		if !opens(k.Known("aa"), siteKey(t, d, NewKeys(d, nil), "aa")) {
			t.Error("the key of aa is another than it has for others")
		}
		refused(t, d, "erased", fault.NotFound, fault.CodeNotFound, func(tx *db.Tx) error {
			_, err := k.Site(tx, "erased")
			return err
		})
	})
}
