package webhook

import (
	"net/http"
	"testing"
	"time"

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
