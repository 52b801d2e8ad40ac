package webhook

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/id"
)

// written is how many transactions have written something.
func (w *world) written() (n int) {
	w.t.Helper()
	w.view(func(tx *db.Tx) error { return tx.QueryRow(`SELECT COUNT(*) FROM db_mark`).Scan(&n) })
	return n
}

func TestWhereThereIsNothingToDoNothingIsWritten(t *testing.T) {
	each(t, func(w *world) {
		r := receive(w.t)
		e, _ := w.create("shop", r.URL, "*")
		off, _ := w.create("shop", r.URL, "*")
		disable := func(tx *db.Tx) error { _, err := w.hooks.Disable(tx, "shop", off.ID); return err }
		w.update(disable)
		w.happen("shop", "message.done")
		w.drain()
		r.status(http.StatusBadGateway)
		w.happen("shop", "message.done") // it waits for its next attempt
		w.drain()
		n := w.written()
		w.must(w.hooks.Sweep(ctx))
		if got := w.written(); got != n {
			t.Errorf("a sweep of nothing wrote %d times", got-n)
		}
		before := w.find(off)
		w.pass(time.Minute)
		w.update(disable)
		w.update(func(tx *db.Tx) error {
			_, err := w.hooks.Set(tx, "shop", off.ID, Change{URL: &r.URL, Topics: []string{"*"}})
			return err
		})
		if got := w.find(off); got.ChangedAt != before.ChangedAt {
			t.Error("what changes nothing is a change")
		}
		w.view(func(tx *db.Tx) error {
			said, err := audit.List(tx, audit.Filter{Site: "shop", Action: "webhook"}, id.ID{}, 10)
			if len(said) != 3 {
				t.Errorf("%d changes are noted, want two that were made and one that was disabled", len(said))
			}
			return err
		})
		if got := w.find(e); got.State != Enabled {
			t.Errorf("the other is %s", got.State)
		}
	})
}

func TestAnEndpointThatLostItsJobIsServedAgain(t *testing.T) {
	each(t, func(w *world) {
		r := receive(w.t)
		e, _ := w.create("shop", r.URL, "*")
		w.happen("shop", "message.done")
		_, err := w.hooks.fan(ctx)
		w.must(err)
		w.update(func(tx *db.Tx) error { return w.queue.Drop(tx, kindSend, e.ID.String()) })
		w.pass(time.Hour)
		w.turn()
		if len(r.got()) != 0 {
			t.Fatal("it has a job")
		}
		w.must(w.hooks.Sweep(ctx))
		w.turn()
		if d, _ := w.log(e, 1); d.State != stateDelivered {
			t.Errorf("got %+v", d)
		}
	})
}

// What was asked for again waits from then on, however old its event is.
func TestWhatADisabledEndpointIsToBeSentAgainIsKeptFromWhenItWasAskedFor(t *testing.T) {
	patient(t, func(w *world) {
		r := receive(w.t)
		r.status(http.StatusInternalServerError)
		e, _ := w.create("shop", r.URL, "*")
		w.happen("shop", "message.done")
		for range attempts {
			w.drain()
			w.pass(30 * time.Hour)
		}
		w.update(func(tx *db.Tx) error { _, err := w.hooks.Disable(tx, "shop", e.ID); return err })
		w.happen("shop", "message.accepted") // nobody asks for it again
		w.drain()
		w.pass(DefaultKeepAttempts - 10*24*time.Hour) // the first event is older than that by now
		if got, err := w.replay(e, Choice{Failed: true}); err != nil || got.Count != 1 {
			w.t.Fatalf("got %+v, %v; want the one that failed", got, err)
		}
		left := func() (list []int64) {
			w.must(w.hooks.Sweep(ctx))
			for _, d := range w.deliveries(e, Filter{State: Waiting}) {
				list = append(list, d.Seq)
			}
			return list
		}
		if got := left(); !slices.Equal(got, []int64{2, 1}) {
			w.t.Errorf("%v wait after a sweep, want both", got)
		}
		w.pass(DefaultKeepAttempts - time.Hour)
		if got := left(); !slices.Equal(got, []int64{1}) {
			w.t.Errorf("%v wait, want the one that was asked for again", got)
		}
		w.pass(2 * time.Hour)
		if got := left(); len(got) != 0 {
			w.t.Errorf("%v wait for longer than deliveries are kept", got)
		}
	})
}
