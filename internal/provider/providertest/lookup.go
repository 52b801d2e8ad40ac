package providertest

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"creditmsg/internal/provider"
)

// The sentences about Lookup.

func references(legs []provider.Leg) []string {
	refs := make([]string, len(legs))
	for i, l := range legs {
		refs[i] = l.Ref
	}
	return refs
}

// askable says whether a look-up of the call has anything to go by.
func (w *world) askable(t trial) bool {
	return w.Capabilities().Lookup != provider.LookupNone && (t.UpstreamID != "" || w.h.OnePhase)
}

// lookup asks what became of a call and holds the answer to the truth.
func (w *world) lookup(ctx context.Context, t trial) (provider.Lookup, error) {
	w.Helper()
	found, err := w.Provider.Lookup(ctx, t.enquiry())
	taken := w.taken()
	took, mine := false, map[string]string{}
	for _, l := range t.legs {
		mine[l.Ref] = w.name(l)
		took = took || taken[w.name(l)] > 0
	}
	found.Reports = w.named(found.Reports)
	switch {
	case err != nil:
		w.discreet(err.Error(), t.legs)
		if found.Verdict != provider.LookupUnknown || found.Reports != nil {
			w.Errorf("a look-up with an error: got %+v, want nothing learnt", found)
		}
	case found.Verdict == provider.LookupNotSent && w.Capabilities().Lookup != provider.LookupAuthoritative:
		w.Error("a look-up that cannot prove it says that nothing was sent")
	case found.Verdict != provider.LookupUnknown && took != (found.Verdict == provider.LookupTaken):
		w.Errorf("verdict: got %d, though taken is %v", found.Verdict, took)
	}
	named := map[string]bool{}
	for _, r := range found.Reports {
		named[r.Ref] = true
		if mine[r.Ref] == "" {
			w.Errorf("the look-up names %q, which is not of the call", r.Ref)
		}
		if (!r.Final || r.Delivered) && taken[mine[r.Ref]] == 0 {
			w.Errorf("the look-up says that %q was taken: %+v", r.Ref, r)
		}
	}
	for ref, name := range mine {
		if found.Complete && taken[name] > 0 && !named[ref] {
			w.Errorf("the look-up calls itself complete and leaves out %q, which was taken", ref)
		}
	}
	return found, err
}

// settle asks, with nothing broken any more, and wants to be told what can be told:
// twice the same.
func (w *world) settle(t trial) provider.Lookup {
	w.Helper()
	if !w.askable(t) {
		return provider.Lookup{}
	}
	w.line.mark(-1, passes)
	found, err := w.lookup(w.Context(), t)
	if err != nil {
		w.Fatalf("look-up: %v", err)
	}
	if w.Capabilities().Lookup == provider.LookupAuthoritative && found.Verdict == provider.LookupUnknown {
		w.Error("look-up: got unknown, want a verdict of one that is authoritative")
	}
	again, err := w.lookup(w.Context(), t)
	if err != nil || again.Verdict != found.Verdict {
		w.Errorf("look-up again: got %d, %v, want %d", again.Verdict, err, found.Verdict)
	}
	return found
}

// unknown makes a call whose hand-over broke.
func (w *world) unknown(handsOver int, how fault) trial {
	w.Helper()
	ctx, cancel := context.WithCancel(w.Context())
	defer cancel()
	w.line.end = cancel
	w.line.mark(handsOver, how)
	got := w.submit(ctx, w.sweepLegs())
	got.mustBe(w, provider.Unknown)
	return got
}

func testSweepLookup(t *testing.T, h Harness) {
	_, handsOver := shape(t, h)
	for _, lost := range []fault{cutBefore, cutAfter} {
		w := newWorld(t, h)
		if w.Capabilities().Lookup == provider.LookupNone {
			return
		}
		plain := w.unknown(handsOver, lost)
		w.line.mark(-1, passes)
		if _, err := w.lookup(t.Context(), plain); err != nil {
			t.Fatalf("look-up: %v", err)
		}
		requests, _, _ := w.line.counts()
		for n := range requests {
			for _, how := range append([]fault{endsBefore, endsAfter}, broken...) {
				t.Run(fmt.Sprintf("%v, then request %d, %v", lost, n+1, how), func(t *testing.T) {
					w := w.within(t)
					call := w.unknown(handsOver, lost)
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					w.line.end = cancel
					w.line.mark(n, how)
					found, err := w.lookup(ctx, call)
					// HTTP may make a question again whose connection was cut.
					if asked, _, _ := w.line.counts(); err == nil && found.Verdict != provider.LookupUnknown && asked <= requests {
						t.Errorf("look-up: got verdict %d from a broken request, want an error", found.Verdict)
					}
					w.settle(call)
				})
			}
		}
	}
}

func testNotSentForEver(t *testing.T, h Harness) {
	_, handsOver := shape(t, h)
	w := newWorld(t, h)
	call := w.unknown(handsOver, keptBack)
	if found := w.settle(call); found.Verdict != provider.LookupNotSent {
		return // it was not promised
	}
	if !w.line.release() {
		t.Fatal("no request was kept back")
	}
	if taken := w.taken(); len(taken) != 0 {
		t.Errorf("the hand-over arrived after it was found not sent: got %v taken, want nothing", taken)
	}
	w.settle(call)
}

func testNoLookup(t *testing.T, h Harness) {
	w := newWorld(t, h)
	for block, name := range map[int]string{8: "taken", 10: "not taken"} {
		legs := texts(2)
		legs[0].To = numbered(block, 1)
		w.line.mark(-1, passes)
		call := w.submit(t.Context(), legs)
		call.mustBe(w, provider.Unknown)
		w.play("lookup: false")
		for range 2 {
			if found, err := w.lookup(t.Context(), call); err == nil && found.Verdict != provider.LookupUnknown {
				t.Errorf("%s: got verdict %d, want nothing learnt", name, found.Verdict)
			}
		}
		w.play("")
		w.settle(call)
	}
}

func testLookupNothing(t *testing.T, h Harness) {
	w := newWorld(t, h)
	for _, nonsense := range []string{"", "../../cash", "a b?c=d#e", "\x00", strings.Repeat("x", 10_000)} {
		found, err := w.Provider.Lookup(t.Context(), provider.Enquiry{UpstreamID: nonsense, Refs: []string{"demo-rich.nobody.0.1.1"}})
		if err == nil && found.Verdict == provider.LookupTaken || len(found.Reports) > 0 {
			t.Errorf("look-up of %.20q: got %+v, want nothing found", nonsense, found)
		}
	}
}

func testLookupAgrees(t *testing.T, h Harness) {
	w := newWorld(t, h)
	legs := w.everyEnd()
	calls := w.accept(legs)
	reported := map[string]provider.Report{}
	for _, r := range w.finals(len(legs)) {
		reported[r.Ref] = r
	}
	looked := map[string]provider.Report{}
	for _, call := range calls {
		if !w.askable(call) {
			return
		}
		for _, r := range w.settle(call).Reports {
			looked[r.Ref] = r
		}
	}
	// A list may leave out what a report says in words.
	if diff := cmp.Diff(reported, looked, cmpopts.IgnoreFields(provider.Report{}, "Text")); diff != "" {
		t.Errorf("look-up against reports (-reports +look-up):\n%s", diff)
	}
}
