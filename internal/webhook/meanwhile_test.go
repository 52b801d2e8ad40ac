package webhook

import (
	"net/http"
	"testing"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
)

// patient is a world whose endpoints may fail for as long as a test likes.
func patient(t *testing.T, test func(w *world)) {
	for _, engine := range dbtest.Engines() {
		t.Run(engine, func(t *testing.T) { test(newWorld(t, engine, Options{DisableAfter: 1000 * time.Hour})) })
	}
}

// What is asked for while a request is under way is not what that request comes to.
func TestAReplayThatIsAskedForDuringTheLastAttemptIsSent(t *testing.T) {
	for name, c := range map[string]Choice{"one": {Seqs: []int64{1}}, "a range": {From: 1}} {
		t.Run(name, func(t *testing.T) {
			patient(t, func(w *world) {
				r := receive(w.t)
				e, _ := w.create("shop", r.URL, "*")
				r.answers(func(a http.ResponseWriter, _ *http.Request, n int) {
					if n == attempts-1 {
						if got, err := w.replay(e, c); err != nil || got.Count != 1 {
							w.t.Errorf("got %+v, %v", got, err)
						}
					}
					if n < attempts {
						a.WriteHeader(http.StatusInternalServerError)
					}
				})
				w.happen("shop", "message.done")
				for range attempts - 1 {
					w.drain()
					w.pass(30 * time.Hour)
				}
				w.drain() // the last attempt, during which it is asked for again
				w.pass(time.Hour)
				w.drain()
				d, made := w.log(e, 1)
				if d.State != stateDelivered || len(made) != attempts+1 || d.Attempts != attempts+1 {
					w.t.Errorf("got %+v with %d attempts, want it delivered by one more than failed", d, len(made))
				}
			})
		})
	}
}

func TestAReplayThatIsAskedForDuringADeliveryIsSentAfterIt(t *testing.T) {
	each(t, func(w *world) {
		r := receive(w.t)
		e, _ := w.create("shop", r.URL, "*")
		r.answers(func(_ http.ResponseWriter, _ *http.Request, n int) {
			if n == 0 {
				_, err := w.replay(e, Choice{Seqs: []int64{1}})
				w.must(err)
			}
		})
		w.happen("shop", "message.done")
		w.drain()
		w.pass(time.Minute)
		w.drain()
		if d, _ := w.log(e, 1); d.State != stateDelivered || len(r.got()) != 2 {
			w.t.Errorf("got %+v after %d requests, want two", d, len(r.got()))
		}
	})
}

// The end of a turn says how the endpoint did that the turn knew, not the one that people made
// of it meanwhile.
func TestATurnThatEndsLeavesWhatPeopleChangedMeanwhile(t *testing.T) {
	set := func(c Change) func(w *world, e Endpoint) error {
		return func(w *world, e Endpoint) error {
			return w.d.Update(ctx, "test", func(tx *db.Tx) error { _, err := w.hooks.Set(tx, e.Site, e.ID, c); return err })
		}
	}
	enable := func(w *world, e Endpoint) error {
		return w.d.Update(ctx, "test", func(tx *db.Tx) error { _, err := w.hooks.Enable(tx, e.Site, e.ID); return err })
	}
	disable := func(w *world, e Endpoint) error {
		return w.d.Update(ctx, "test", func(tx *db.Tx) error { _, err := w.hooks.Disable(tx, e.Site, e.ID); return err })
	}
	said := "the shop's own"
	each(t, func(w *world) {
		for name, c := range map[string]struct {
			answer   int
			change   func(w *world, e Endpoint) error // nil = another URL
			state    State
			reason   Reason
			failures int // those that it had
		}{
			"gone from where it was":      {answer: http.StatusGone, state: Enabled},
			"failing where it was":        {answer: http.StatusBadGateway, state: Enabled, failures: 3},
			"another chance is asked for": {answer: http.StatusBadGateway, change: enable, state: Enabled},
			"other events are wanted":     {answer: http.StatusGone, change: set(Change{Topics: []string{"payment.*", "message.done"}}), state: Enabled},
			"its people disable it":       {answer: http.StatusGone, change: disable, state: Disabled, reason: Asked, failures: 3},
			"well again where it was":     {answer: http.StatusOK, state: Enabled},
			"well again, and described":   {answer: http.StatusOK, change: set(Change{Description: &said}), state: Enabled},
		} {
			r, moved := receive(w.t), receive(w.t)
			change := c.change
			if change == nil {
				change = set(Change{URL: &moved.URL})
			}
			e, _ := w.create("shop", r.URL, "message.done")
			asked := false
			r.answers(func(a http.ResponseWriter, _ *http.Request, n int) {
				if n == 3 {
					w.pass(time.Second)
					w.must(change(w, e))
					asked = true
				}
				if !asked || n == 3 {
					a.WriteHeader(map[bool]int{true: c.answer, false: http.StatusBadGateway}[n == 3])
				}
			})
			w.happen("shop", "message.done")
			for range 4 {
				w.drain()
				if !asked {
					w.pass(3 * time.Hour)
				}
			}
			got := w.find(e)
			if got.State != c.state || got.Reason != c.reason || got.failures != c.failures || (got.FailingSince() > 0) != (c.failures > 0) {
				t.Errorf("%s: it is %s (%s) after %d failures, failing since %d", name, got.State, got.Reason, got.failures, got.FailingSince())
			}
			if c.change == nil && got.URL != moved.URL {
				t.Errorf("%s: the URL is another", name)
			}
			w.pass(30 * time.Hour)
			w.drain()
			d, _ := w.log(e, 1)
			if want := map[bool]State{true: stateDelivered, false: Waiting}[c.state == Enabled]; d.State != want {
				t.Errorf("%s: the event is %s, want %s", name, d.State, want)
			}
			w.update(func(tx *db.Tx) error { return w.hooks.Remove(tx, "shop", e.ID) })
		}
	})
}
