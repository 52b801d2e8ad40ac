package credit

import (
	"sync/atomic"
	"testing"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/event"
	"creditmsg/internal/id"

	"github.com/google/go-cmp/cmp"
)

// later is a world whose database goes by the test's clock.
func later(t *testing.T, engine string) (w *world, turn func(db.Time)) {
	var now atomic.Int64
	turn = func(at db.Time) { now.Store(int64(at)) }
	turn(noon)
	d := dbtest.Connect(t, dbtest.Migrated(t, engine), db.Options{Now: func() time.Time { return db.Time(now.Load()).Time() }})
	return newWorld(t, d), turn
}

// work does all jobs of the ledger that are due.
func (w *world) work() {
	w.t.Helper()
	for _, k := range w.l.Works(w.d) {
		jobs, err := w.q.Claim(w.t.Context(), k.Lane, []string{k.Kind}, k.Max)
		if err == nil && len(jobs) > 0 {
			err = k.Handle(w.t.Context(), jobs)
		}
		if err != nil {
			w.t.Fatalf("work on %s: %v", k.Kind, err)
		}
	}
}

// told gives the types of the site's events since the last one.
func (w *world) told(s string, after *id.ID) (types []string) {
	w.t.Helper()
	w.view(func(tx *db.Tx) error {
		list, err := event.List(tx, s, *after, 1000)
		for _, e := range list {
			types, *after = append(types, e.Type), e.ID
		}
		return err
	})
	return types
}

func TestALotWarnsThreeTimesAndIsThenBookedAsExpired(t *testing.T) {
	for _, engine := range dbtest.Engines() {
		t.Run(engine, func(t *testing.T) {
			w, turn := later(t, engine)
			s := w.site("demo")
			ends := noon.Add(40 * day)
			w.add(TopUp{Site: s, Kind: Bonus, Amount: 10 * won, ExpiresAt: ends})
			w.add(TopUp{Site: s, Kind: Bonus, Amount: 5 * won, ExpiresAt: ends.Add(day)})
			held := w.hold(s, 4*won)
			var last id.ID
			var got [][]string
			for _, at := range []db.Time{noon, noon.Add(10 * day), noon.Add(12 * day), ends.Add(-7 * day), ends.Add(-day), ends, ends + 1} {
				turn(at)
				w.work()
				got = append(got, w.told(s, &last))
			}
			want := [][]string{
				nil, {"credit.expiring"}, {"credit.expiring"}, {"credit.expiring"},
				{"credit.expiring", "credit.expiring"}, // a day before; the other lot's week
				{"credit.expired", "credit.expiring"}, nil,
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
			w.stands(s,
				"bonus 10.00: left 0.00 held 4.00 spent 0.00 expired 6.00 cancelled 0.00",
				"bonus 5.00: left 5.00 held 0.00 spent 0.00 expired 0.00 cancelled 0.00")
			// What is held does not expire; it does when it comes back.
			w.settle(Settlement{Site: s, Message: held, Released: 4 * won})
			w.stands(s,
				"bonus 10.00: left 0.00 held 0.00 spent 0.00 expired 10.00 cancelled 0.00",
				"bonus 5.00: left 5.00 held 0.00 spent 0.00 expired 0.00 cancelled 0.00")
			w.proven()
		})
	}
}

func TestALotThatIsUsedUpIsNotLookedAfter(t *testing.T) {
	for _, engine := range dbtest.Engines() {
		t.Run(engine, func(t *testing.T) {
			w, turn := later(t, engine)
			s := w.site("demo")
			w.add(TopUp{Site: s, Kind: Payment, Amount: 10 * won, ExpiresAt: noon.Add(40 * day)})
			w.spend(s, 10*won)
			turn(noon.Add(50 * day))
			w.work()
			var jobs int
			w.view(func(tx *db.Tx) error { return tx.QueryRow(`SELECT COUNT(*) FROM job`).Scan(&jobs) })
			var last id.ID
			if got := w.told(s, &last); len(got) != 0 || jobs != 0 {
				t.Errorf("events %v and %d jobs, want none", got, jobs)
			}
		})
	}
}
