package webhook

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/event"
	"creditmsg/internal/queue"
)

// process runs the webhooks as a process does, until the test ends or stop is called.
func (w *world) process() (stop func()) {
	w.t.Helper()
	run, end := context.WithCancel(ctx)
	q := queue.New(w.d, queue.Options{Grace: 5 * time.Second})
	s, err := New(w.d, w.keys, q, w.o)
	w.must(err)
	var all sync.WaitGroup
	all.Go(func() { _ = s.Run(run) })
	all.Go(func() {
		if err := q.Run(run, s.Works()...); err != nil {
			w.t.Errorf("the queue ended with %v", err)
		}
	})
	stop = sync.OnceFunc(func() {
		end()
		all.Wait()
		w.must(s.Drain(ctx))
	})
	w.t.Cleanup(stop)
	return stop
}

// real is a world whose time goes on.
func real(t testing.TB, engine string, o Options) *world {
	w := newWorld(t, engine, o)
	w.d = dbtest.Connect(t, w.url, db.Options{})
	return w
}

// Endpoints that hang are more than there are workers for them, and each of them hangs until
// the end of the test: who answers gets everything all the same.
func TestEndpointsThatHangDelayNobodyElse(t *testing.T) {
	for _, engine := range dbtest.Engines() {
		t.Run(engine, func(t *testing.T) {
			w := real(t, engine, Options{Timeout: time.Hour})
			held := make(chan struct{})
			var hanging atomic.Int64
			hang := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				hanging.Add(1)
				select {
				case <-held:
				case <-r.Context().Done():
				}
			}))
			t.Cleanup(hang.Close)
			t.Cleanup(func() { close(held) })
			const bad = 40
			for range bad {
				w.create("shop", hang.URL, "message.*")
			}
			seen := make(chan int64, 100)
			good := receive(t)
			good.answers(func(_ http.ResponseWriter, _ *http.Request, n int) { seen <- int64(n) })
			w.create("shop", good.URL, "message.*")
			w.process()
			for range 20 {
				w.happen("shop", "message.done")
				select {
				case <-seen:
				case <-time.After(time.Minute):
					t.Fatal("an event did not come")
				}
			}
			if n := hanging.Load(); n == 0 || n > bad*atOnce {
				t.Errorf("%d requests hang, want some, and no more than %d each", n, atOnce)
			}
		})
	}
}

// Several processes give events and send them at the same time: every event comes to every
// endpoint that wants it, and the places have no gap and follow the order of what happened.
func TestSeveralProcessesGiveEachEventOnePlaceInOrder(t *testing.T) {
	for _, engine := range dbtest.Engines() {
		t.Run(engine, func(t *testing.T) {
			w := real(t, engine, Options{})
			r := receive(t)
			e, _ := w.create("shop", r.URL, "*")
			other, _ := w.create("other", receive(t).URL, "*")
			for range 3 {
				w.process()
			}
			const writers, each = 4, 25
			var all sync.WaitGroup
			for n := range writers {
				all.Go(func() {
					name := []string{"shop", "other"}[n%2]
					for range each {
						err := w.d.Update(ctx, "test", func(tx *db.Tx) error {
							return event.Append(tx, event.Event{Site: name, Type: "message.progress", Ref: "writer_" + string(rune('a'+n))}, event.Event{Site: name, Type: "message.done", Ref: "writer_" + string(rune('a'+n))})
						})
						if err != nil {
							t.Error(err)
						}
					}
				})
			}
			all.Wait()
			const want = writers / 2 * each * 2
			w.until(func() bool {
				return len(w.deliveries(e, Filter{State: stateDelivered})) == want && len(w.deliveries(other, Filter{State: stateDelivered})) == want
			})
			list := w.deliveries(e, Filter{})
			slices.Reverse(list)
			for i, d := range list {
				if d.Seq != int64(i+1) {
					t.Fatalf("place %d is missing", i+1)
				}
			}
			got := map[int64]bool{}
			for _, g := range r.got() {
				got[g.seq] = true
				if strings.Contains(string(g.body), `"site_id":"other"`) {
					t.Error("an event of another site came")
				}
			}
			if len(got) != want {
				t.Errorf("%d places came, want %d", len(got), want)
			}
			w.inOrder(e)
		})
	}
}

// inOrder proves that what one writer did one after the other has rising places.
func (w *world) inOrder(e Endpoint) {
	w.t.Helper()
	last := map[string]int64{}
	w.view(func(tx *db.Tx) error {
		list, err := event.List(tx, e.Site, [16]byte{}, 1000)
		if err != nil {
			return err
		}
		places := map[string]int64{}
		for _, d := range w.placesOf(tx, e) {
			places[eventID(d)] = d.Seq
		}
		for _, s := range list {
			if at := places[s.ID.Text("evt")]; at <= last[s.Ref] {
				w.t.Errorf("place %d of %s follows %d", at, s.Ref, last[s.Ref])
			} else {
				last[s.Ref] = at
			}
		}
		return nil
	})
}

func (w *world) placesOf(tx *db.Tx, e Endpoint) []Delivery {
	list, _, _, err := w.hooks.Deliveries(tx, e.Site, e.ID, Filter{Limit: 1000})
	w.must(err)
	return list
}

// until waits for something that the processes do.
func (w *world) until(done func() bool) {
	w.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(time.Minute)
	for !done() {
		select {
		case <-tick.C:
		case <-deadline:
			w.t.Fatal("it did not happen within a minute")
		}
	}
}

// A process that stops ends what it sends and writes it down; what it did not begin waits.
func TestAProcessThatStopsLeavesNothingBehind(t *testing.T) {
	for _, engine := range dbtest.Engines() {
		t.Run(engine, func(t *testing.T) {
			w := real(t, engine, Options{})
			began, goOn := make(chan struct{}, 100), make(chan struct{})
			r := receive(t)
			r.answers(func(http.ResponseWriter, *http.Request, int) {
				began <- struct{}{}
				<-goOn
			})
			e, _ := w.create("shop", r.URL, "*")
			stop := w.process()
			w.happen("shop", "message.done")
			<-began
			stopped := make(chan struct{})
			go func() {
				stop()
				close(stopped)
			}()
			close(goOn)
			<-stopped
			w.happen("shop", "message.done")
			if d, made := w.log(e, 1); d.State != stateDelivered || len(made) != 1 {
				t.Errorf("got %+v after %d attempts", d, len(made))
			}
			w.process()
			w.until(func() bool { return len(w.deliveries(e, Filter{State: stateDelivered})) == 2 })
		})
	}
}
