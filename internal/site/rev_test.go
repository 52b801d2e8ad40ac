package site

import (
	"sync"
	"testing"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
)

func TestARevIsRaisedByEveryChangeOfItsOwnSiteAlone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		create(t, d, NewKeys(d, nil), "demo", "other")
		revs := func() (out map[string]Rev) {
			t.Helper()
			update(t, d, func(tx *db.Tx) (err error) {
				out, err = Revs(tx, []string{"other", "demo", "absent", "demo"})
				return err
			})
			return out
		}
		equal(t, "at first", revs(), map[string]Rev{"demo": 1, "other": 1})
		var secret string
		var token Token
		update(t, d, func(tx *db.Tx) (err error) {
			token, secret, err = NewToken(tx, "demo", "t", []string{All}, 0)
			return err
		})
		acts := []func(tx *db.Tx) error{
			func(tx *db.Tx) error { return SetState(tx, "demo", Suspended) },
			func(tx *db.Tx) error { _, err := AddSender(tx, "demo", "0261234567", Approved); return err },
			func(tx *db.Tx) error { _, err := SetSender(tx, "demo", "0261234567", Blocked, ""); return err },
			func(tx *db.Tx) error { return RemoveSender(tx, "demo", "0261234567") },
			func(tx *db.Tx) error { return Revoke(tx, "demo", token.ID) },
			func(tx *db.Tx) error { return Changed(tx, "demo") },
		}
		for i, act := range acts {
			if i == 4 { // while it counts
				var now Token
				update(t, d, func(tx *db.Tx) (err error) { now, err = Authenticate(tx, secret); return err })
				if now.SiteRev != 5 {
					t.Errorf("the token is of revision %d, want 5", now.SiteRev)
				}
			}
			update(t, d, act)
			equal(t, "after an act", revs(), map[string]Rev{"demo": Rev(i + 2), "other": 1})
		}
		update(t, d, func(tx *db.Tx) error { return Changed(tx, "") })
		equal(t, "after a change of all", revs(), map[string]Rev{"demo": Rev(len(acts) + 2), "other": 2})
		update(t, d, func(tx *db.Tx) error { return Changed(tx, "other", "demo", "other") })
		equal(t, "after a change of both", revs(), map[string]Rev{"demo": Rev(len(acts) + 3), "other": 3})
	})
}

func TestChangesAtOnceAreAllCounted(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var group sync.WaitGroup
		const writers, rounds = 4, 10
		for range writers {
			group.Go(func() {
				for range rounds {
					if err := d.Update(t.Context(), "test", func(tx *db.Tx) error { return Changed(tx, "b", "a") }); err != nil {
						t.Error(err)
					}
				}
			})
		}
		group.Wait()
		update(t, d, func(tx *db.Tx) error {
			got, err := Revs(tx, []string{"a", "b"})
			equal(t, "after all", got, map[string]Rev{"a": 1 + writers*rounds, "b": 1 + writers*rounds})
			return err
		})
	})
}
