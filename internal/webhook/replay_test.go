package webhook

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"creditmsg/internal/db"
	"creditmsg/internal/event"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
)

func (w *world) replay(e Endpoint, c Choice) (r Replayed, err error) {
	w.t.Helper()
	err = w.d.Update(ctx, "test", func(tx *db.Tx) (err error) {
		r, err = w.hooks.Replay(tx, e.Site, e.ID, c)
		return err
	})
	return r, err
}

// Whatever was chosen, by names, by a range of time or by failure: exactly that comes again,
// under the id that it had.
func TestReplayDeliversExactlyTheChosenOnes(t *testing.T) {
	each(t, func(w *world) {
		r, other := receive(w.t), receive(w.t)
		r.answers(func(a http.ResponseWriter, q *http.Request, n int) {
			if n%3 == 0 {
				a.WriteHeader(http.StatusInternalServerError)
			}
		})
		e, _ := w.create("shop", r.URL, "*")
		w.create("shop", other.URL, "*")
		first := db.Time(w.now.Load())
		const events = 12
		for range events {
			w.happen("shop", "message.done")
			w.drain()
			w.pass(time.Minute)
		}
		for range attempts { // what failed is given up
			w.pass(30 * time.Hour)
			w.drain()
		}
		r.answers(nil)
		w.update(func(tx *db.Tx) error { // others failed for good
			_, err := w.hooks.Enable(tx, "shop", e.ID)
			return err
		})
		w.drain()
		ids := map[int64]string{}
		for _, d := range w.deliveries(e, Filter{}) {
			ids[d.Seq] = eventID(d)
			if d.State == Waiting {
				t.Fatalf("%+v waits still", d)
			}
		}
		others := len(other.got())
		rapid.Check(t, func(rt *rapid.T) {
			var c Choice
			var want []int64
			switch rapid.SampledFrom([]string{"names", "range", "failed"}).Draw(rt, "by") {
			case "names":
				c.Seqs = rapid.SliceOfNDistinct(rapid.Int64Range(1, events), 1, events, rapid.ID).Draw(rt, "deliveries")
				want = slices.Sorted(slices.Values(c.Seqs))
			case "range":
				from, n := rapid.Int64Range(0, events).Draw(rt, "from"), rapid.Int64Range(1, events).Draw(rt, "minutes")
				c.From, c.Until = first.Add(time.Duration(from)*time.Minute), first.Add(time.Duration(from+n)*time.Minute)
				for seq := from + 1; seq <= min(from+n, events); seq++ {
					want = append(want, seq)
				}
			case "failed":
				c.Failed = true
				for _, d := range w.deliveries(e, Filter{State: stateFailed}) {
					want = append(want, d.Seq)
				}
				slices.Sort(want)
			}
			before := len(r.got())
			done, err := w.replay(e, c)
			if err != nil || done.Count != len(want) || done.More {
				rt.Fatalf("got %+v, %v; want %d", done, err, len(want))
			}
			w.drain()
			var got []int64
			for _, g := range r.got()[before:] {
				got = append(got, g.seq)
				if g.id != ids[g.seq] {
					rt.Errorf("place %d came with the id %s, want %s", g.seq, g.id, ids[g.seq])
				}
			}
			slices.Sort(got)
			if !slices.Equal(got, want) {
				rt.Errorf("got %v, want %v", got, want)
			}
		})
		if n := len(other.got()); n != others {
			t.Errorf("the other endpoint got %d more", n-others)
		}
	})
}

func TestAReplayThatChoosesNothingOrWhatIsNotThereIsRefused(t *testing.T) {
	each(t, func(w *world) {
		r := receive(w.t)
		e, _ := w.create("shop", r.URL, "*")
		w.happen("shop", "message.done")
		w.drain()
		for name, c := range map[string]Choice{"nothing": {}, "both": {Seqs: []int64{1}, Failed: true}, "not there": {Seqs: []int64{1, 2}}, "too many": {Seqs: make([]int64, MostReplayed+1)}} {
			if _, err := w.replay(e, c); !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.NotFound) {
				t.Errorf("%s: got %v, want a refusal", name, err)
			}
		}
		if _, err := w.replay(Endpoint{Site: "other", ID: e.ID}, Choice{Failed: true}); !fault.Is(err, fault.NotFound) {
			t.Errorf("an endpoint of another site: got %v", err)
		}
		if got, err := w.replay(e, Choice{Failed: true}); err != nil || got.Count != 0 {
			t.Errorf("none failed: got %+v, %v", got, err)
		}
		if w.drain(); len(r.got()) != 1 {
			t.Error("something was sent again")
		}
	})
}

func TestMoreThanOneRequestTakesIsSentAgainPartByPart(t *testing.T) {
	w := newWorld(t, "sqlite", Options{})
	e, _ := w.create("shop", receive(t).URL, "*")
	w.update(func(tx *db.Tx) error { _, err := w.hooks.Disable(tx, "shop", e.ID); return err })
	for range 7 {
		var types []string
		for range 300 {
			types = append(types, "message.done")
		}
		w.happen("shop", types...)
	}
	w.drain()
	c, sum := Choice{From: 1}, 0
	for more := true; more; {
		r, err := w.replay(e, c)
		w.must(err)
		c.After, more = r.Last, r.More
		sum += r.Count
	}
	if sum != 2100 {
		t.Errorf("%d were sent again, want all 2,100", sum)
	}
}

func TestDeliveriesAreListedByStateTypeAndTime(t *testing.T) {
	each(t, func(w *world) {
		r := receive(w.t)
		e, _ := w.create("shop", r.URL, "*")
		begin := db.Time(w.now.Load())
		w.happen("shop", "message.accepted", "payment.paid")
		w.drain()
		w.pass(time.Hour)
		r.status(http.StatusInternalServerError)
		w.happen("shop", "message.done")
		w.drain()
		for name, c := range map[string]struct {
			f    Filter
			want []int64
		}{
			"all":      {Filter{}, []int64{3, 2, 1}},
			"state":    {Filter{State: Waiting}, []int64{3}},
			"type":     {Filter{Type: "payment.paid"}, []int64{2}},
			"family":   {Filter{Type: "message.*"}, []int64{3, 1}},
			"from":     {Filter{From: begin.Add(time.Minute)}, []int64{3}},
			"until":    {Filter{Until: begin.Add(time.Minute)}, []int64{2, 1}},
			"page":     {Filter{Before: 3, Limit: 1}, []int64{2}},
			"together": {Filter{State: stateDelivered, Type: "message.*", From: begin, Until: begin.Add(time.Microsecond)}, []int64{1}},
		} {
			var got []int64
			for _, d := range w.deliveries(e, c.f) {
				got = append(got, d.Seq)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%s: got %v, want %v", name, got, c.want)
			}
		}
	})
}

func TestWhatEndedOrWaitedLongAgoIsDeletedAndTheRestIsKept(t *testing.T) {
	each(t, func(w *world) {
		r, sick := receive(w.t), receive(w.t)
		e, _ := w.create("shop", r.URL, "*")
		off, _ := w.create("shop", sick.URL, "*")
		goes, _ := w.create("shop", sick.URL, "*")
		w.update(func(tx *db.Tx) error { _, err := w.hooks.Disable(tx, "shop", off.ID); return err })
		var many []string
		for range sweepPage + 20 {
			many = append(many, "message.done")
		}
		w.happen("shop", many...)
		w.drain()
		w.update(func(tx *db.Tx) error { return w.hooks.Remove(tx, "shop", goes.ID) })
		w.pass(DefaultKeepAttempts - time.Hour)
		w.happen("shop", "message.done")
		w.drain()
		w.must(w.hooks.Sweep(ctx))
		if n := len(w.deliveries(e, Filter{})); n != sweepPage+21 {
			t.Errorf("%d are left before their time, want all", n)
		}
		if n := len(w.deliveries(off, Filter{Limit: 2000})); n != sweepPage+21 {
			t.Errorf("%d wait for the disabled endpoint before their time, want all", n)
		}
		w.pass(2 * time.Hour)
		w.must(w.hooks.Sweep(ctx))
		if n := len(w.deliveries(e, Filter{})); n != 1 {
			t.Errorf("%d are left, want the new one", n)
		}
		if n := len(w.deliveries(off, Filter{Limit: 2000})); n != 1 {
			t.Errorf("%d wait for the disabled endpoint, want the new one: others waited for as long as deliveries are kept", n)
		}
		w.view(func(tx *db.Tx) error {
			for _, table := range []string{"webhook_endpoint", "webhook_delivery", "webhook_attempt"} {
				var n int
				column := map[bool]string{true: "id", false: "endpoint_id"}[table == "webhook_endpoint"]
				if err := tx.QueryRow(`SELECT COUNT(*) FROM `+table+` WHERE site_id = ? AND `+column+` = ?`, "shop", goes.ID).Scan(&n); err != nil {
					return err
				}
				if n > 0 {
					t.Errorf("%d rows of the removed endpoint are left in %s", n, table)
				}
			}
			return nil
		})
	})
}

func TestTimeThatIsShiftedBringsWhatIsDueLater(t *testing.T) {
	each(t, func(w *world) {
		r := receive(w.t)
		r.answers(func(a http.ResponseWriter, _ *http.Request, n int) {
			if n < 3 {
				a.WriteHeader(http.StatusServiceUnavailable)
			}
		})
		e, _ := w.create("shop", r.URL, "*")
		w.happen("shop", "message.done")
		w.drain()
		for range 3 {
			w.update(func(tx *db.Tx) error { return w.hooks.Shift(tx, "shop", time.Hour) })
			w.drain()
		}
		if d, _ := w.log(e, 1); d.State != stateDelivered || d.Attempts != 4 {
			t.Errorf("got %+v, want it delivered by the fourth attempt without any time passing", d)
		}
	})
}

// TestARareTypeIsLookedForInABoundedNumberOfDeliveries has one event of a type below more than one
// reading looks at.
func TestARareTypeIsLookedForInABoundedNumberOfDeliveries(t *testing.T) {
	w := newWorld(t, "sqlite", Options{})
	e, _ := w.create("shop", receive(t).URL, "*")
	begin := db.Time(w.now.Load())
	insert := func(kind string, n int) {
		w.update(func(tx *db.Tx) error {
			list := make([]fresh, n)
			for i := range list {
				list[i] = e.next(event.Pending{ID: id.New(), Site: "shop", Type: kind, At: tx.Now})
			}
			return insertDeliveries(tx, list)
		})
	}
	insert("payment.paid", 2)
	w.pass(time.Hour)
	for range 10 {
		insert("message.done", deliveryBudget/8)
	}
	list := func(f Filter) (got []Delivery, next int64, more bool) {
		f.Limit = 1
		w.view(func(tx *db.Tx) (err error) {
			got, next, more, err = w.hooks.Deliveries(tx, "shop", e.ID, f)
			return err
		})
		return got, next, more
	}
	got, next, more := list(Filter{Type: "payment.*"})
	if len(got) != 0 || !more || e.Seq-next+1 < deliveryBudget || e.Seq-next > deliveryBudget+deliveryPage {
		t.Errorf("got %v, below %d of %d (%t); want a bounded look that goes on", got, next, e.Seq, more)
	}
	got, next, more = list(Filter{Type: "payment.*", Before: next})
	if len(got) != 1 || got[0].Seq != 2 || next != 2 || !more {
		t.Errorf("got %v, below %d (%t); want the later one", got, next, more)
	}
	if got, _, more = list(Filter{Type: "payment.*", Before: next}); len(got) != 1 || got[0].Seq != 1 || more {
		t.Errorf("got %v (%t), want the first and none after it", got, more)
	}
	if got, _, _ = list(Filter{Type: "payment.*", Until: begin.Add(time.Minute)}); len(got) != 1 || got[0].Seq != 2 {
		t.Errorf("of its time: got %v", got)
	}
	if got, _, more = list(Filter{Type: "message.*", From: begin.Add(2 * time.Hour)}); len(got) != 0 || more {
		t.Errorf("of a later time: got %v (%t)", got, more)
	}
}
