package providertest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"creditmsg/internal/provider"
)

// Every request of a call is broken in every way, and the outcome compared with the
// truth.

// sweepLegs are two that are taken and one that is refused.
func (w *world) sweepLegs() []provider.Leg {
	legs := texts(3)
	legs[1].To = w.refusedNumber()
	return legs
}

// shape finds out how many requests a call takes, and which of them hands over.
func shape(t *testing.T, h Harness) (requests, handsOver int) {
	t.Helper()
	w := newWorld(t, h)
	w.submit(t.Context(), w.sweepLegs()).mustBe(w, provider.Accepted)
	requests, handed, handsOver := w.line.counts()
	if handed != 1 {
		t.Fatalf("requests that hand over: got %d of %d, want one", handed, requests)
	}
	return requests, handsOver
}

// certain fails when the outcome of a call whose request n broke is vaguer or bolder
// than it may be.
func (w *world) certain(got trial, n, handsOver int) {
	w.Helper()
	switch {
	case n < handsOver && got.Outcome == provider.Unknown:
		w.Errorf("outcome: got unknown (%q), though nothing that hands over had left", got.Text)
	case n == handsOver && got.Outcome != provider.Unknown:
		w.Errorf("outcome: got %v (%q), though no answer to the hand-over came", got.Outcome, got.Text)
	}
}

func testSweepSubmit(t *testing.T, h Harness) {
	requests, handsOver := shape(t, h)
	w := newWorld(t, h)
	for n := range requests {
		for _, how := range broken {
			t.Run(fmt.Sprintf("request %d, %v", n+1, how), func(t *testing.T) {
				w := w.another(t)
				w.line.mark(n, how)
				got := w.submit(t.Context(), w.sweepLegs())
				w.certain(got, n, handsOver)
				w.settle(got)
			})
		}
	}
}

func testTimeouts(t *testing.T, h Harness) {
	requests, handsOver := shape(t, h)
	type silence struct {
		*world
		n    int
		call trial
	}
	var all []*silence
	for n := range requests {
		for _, how := range []fault{slowBefore, slowAfter} {
			s := &silence{world: newWorld(t, h, inHaste), n: n}
			s.line.mark(n, how)
			all = append(all, s)
		}
	}
	var waiting sync.WaitGroup // together, since each waits for its time-out
	for _, s := range all {
		waiting.Go(func() { s.call = s.world.call(t.Context(), s.sweepLegs()) })
	}
	waiting.Wait()
	for _, s := range all {
		t.Run(fmt.Sprintf("request %d, %v", s.n+1, s.line.how), func(t *testing.T) {
			w := s.within(t)
			w.judge(s.call)
			w.certain(s.call, s.n, handsOver)
			w.settle(s.call)
		})
	}
}

func testContextEnds(t *testing.T, h Harness) {
	requests, handsOver := shape(t, h)
	w := newWorld(t, h)
	for n := range requests {
		for _, how := range []fault{endsBefore, endsAfter} {
			t.Run(fmt.Sprintf("request %d, %v", n+1, how), func(t *testing.T) {
				w := w.another(t)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				w.line.mark(n, how)
				var ended time.Time
				w.line.end = func() { ended = time.Now(); cancel() }
				got := w.submit(ctx, w.sweepLegs())
				if took := time.Since(ended); took > soon {
					t.Errorf("returned %v after its context ended, want at most %v", took, soon)
				}
				w.certain(got, n, handsOver)
				if n < handsOver {
					got.mustBe(w, provider.NotSent)
				}
				w.settle(got)
			})
		}
	}
}

// within is the same world for a test within its test.
func (w *world) within(t *testing.T) *world {
	inner := *w
	inner.T = t
	return &inner
}

// another is a world for one more case: the same one, unless the vendor tells legs by their
// numbers and the case uses those of another.
func (w *world) another(t *testing.T) *world {
	if w.h.Nameless {
		return newWorld(t, w.h)
	}
	return w.within(t)
}
