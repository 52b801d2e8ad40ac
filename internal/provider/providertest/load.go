package providertest

import (
	"context"
	"strings"
	"sync"
	"testing"

	"creditmsg/internal/korea"
	"creditmsg/internal/provider"
)

// The sentences about size and concurrency.

func testMaxLegs(t *testing.T, h Harness) {
	w := newWorld(t, h)
	for _, n := range []int{1, w.Capabilities().MaxLegs} {
		w.line.mark(-1, passes)
		got := w.submit(t.Context(), texts(n))
		got.mustBe(w, provider.Accepted)
		for i, m := range got.Members {
			if m.Refused {
				t.Fatalf("member %d of %d: got %+v, want it taken", i, n, m)
			}
		}
	}
}

// largeCall is more than any vendor takes in one request.
const largeCall = 16 << 20

func testMaxBytes(t *testing.T, h Harness) {
	w := newWorld(t, h)
	c := w.Capabilities()
	if !c.Carries(provider.LMS) {
		return
	}
	long := strings.Repeat("가", korea.LMSBytes/2)
	most := c.MaxBytes
	if most == 0 {
		most = largeCall
	}
	legs := texts(min(most/len(long), c.MaxLegs))
	for i := range legs {
		legs[i].Channel, legs[i].Text = provider.LMS, long
	}
	w.submit(t.Context(), legs).mustBe(w, provider.Accepted)
}

func testConcurrent(t *testing.T, h Harness) {
	w := newWorld(t, h)
	const workers, calls, size = 8, 5, 20
	var all []provider.Leg
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for range calls {
				legs := texts(size)
				call := w.call(t.Context(), legs)
				if call.Outcome != provider.Accepted || len(call.Members) != size {
					t.Errorf("outcome: got %v (%q), want accepted", call.Outcome, call.Text)
				}
				if w.askable(call) {
					found, err := w.Lookup(t.Context(), call.enquiry())
					if err != nil || found.Verdict != provider.LookupTaken {
						t.Errorf("look-up: got %+v, %v, want it taken", found, err)
					}
				}
				w.reports()
				mu.Lock()
				all = append(all, legs...)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	taken := w.taken()
	for _, l := range all {
		if n := taken[w.name(l)]; n != 1 {
			t.Errorf("%s: got taken %d times, want once", l.Ref, n)
		}
	}
	ends := endings(w.finals(len(all)))
	for _, l := range all {
		if got := ends[l.Ref]; len(got) != 1 || got[0] != arrived {
			t.Errorf("%s: got ends %v, want delivered once", l.Ref, got)
		}
	}
}

// stored is a begun that has nothing to keep.
func stored(context.Context, string) error { return nil }
