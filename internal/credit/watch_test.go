package credit

import (
	"slices"
	"testing"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
)

// watch gives the account of demo a band.
func (w *world) watch(b Band) {
	w.do(func(tx *db.Tx) error {
		return w.l.Watch(tx, "demo", func(Account, money.Amount) (Band, error) { return b, nil })
	})
}

// levelJobs gives the keys of the jobs that were put because a band was left.
func (w *world) levelJobs() (keys []string) {
	w.view(func(tx *db.Tx) error {
		rows, err := tx.Query(`SELECT job_key FROM job WHERE kind = 'level' ORDER BY job_key`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var key string
			if err := rows.Scan(&key); err != nil {
				return err
			}
			keys = append(keys, key)
		}
		return rows.Err()
	})
	return keys
}

func TestLeavingABandPutsOneJobAndIsThenForgotten(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.site("demo")
		w.add(TopUp{Site: "demo", Kind: Payment, Amount: 100 * won})
		w.watch(Band{Below: 50 * won, From: 200 * won})
		want := func(keys ...string) {
			t.Helper()
			if got := w.levelJobs(); !slices.Equal(got, keys) {
				t.Errorf("jobs: got %v, want %v", got, keys)
			}
		}
		w.reserve(Hold{Site: "demo", Message: id.New(), Amount: 50 * won}) // just in the band
		want()
		w.reserve(Hold{Site: "demo", Message: id.New(), Amount: 1}, Hold{Site: "demo", Message: id.New(), Amount: 1})
		want("demo/4")
		w.reserve(Hold{Site: "demo", Message: id.New(), Amount: 1}) // nobody is told twice
		want("demo/4")
		w.watch(Band{Below: 0, From: 60 * won})
		w.add(TopUp{Site: "demo", Kind: Payment, Amount: 100 * won}) // upwards too
		want("demo/4", "demo/6")
		w.proven()
	})
}

func TestALevelOutsideOfItsNewBandIsToldByTheNextEntry(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, "sqlite"))
	w.site("demo")
	w.watch(Band{Below: 10 * won, From: 20 * won})
	w.reserve(Hold{Site: "demo", Message: id.New()}) // holds nothing, so it has no entry
	if got := w.levelJobs(); got != nil {
		t.Errorf("jobs: got %v, want none", got)
	}
	w.add(TopUp{Site: "demo", Kind: Payment, Amount: 5 * won})
	if got := w.levelJobs(); !slices.Equal(got, []string{"demo/1"}) {
		t.Errorf("jobs: got %v", got)
	}
}
