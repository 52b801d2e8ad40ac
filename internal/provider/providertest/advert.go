package providertest

import (
	"testing"

	"creditmsg/internal/provider"
)

// The sentence about advertising: it is told to vendors that want to know.

func testAdvertising(t *testing.T, h Harness) {
	w := newWorld(t, h)
	legs := texts(2)
	for i := range legs {
		legs[i].Text = "(광고)세일\n무료수신거부 0801234567"
	}
	legs[1].Advertising = true
	parts := w.calls(legs)
	if h.Advertising && len(parts) != 2 {
		t.Errorf("calls of advertising and information: got %d, want 2, since the vendor takes either", len(parts))
	}
	for _, part := range parts {
		w.line.mark(-1, passes)
		got := w.submit(t.Context(), part)
		got.mustBe(w, provider.Accepted)
		for i, m := range got.Members {
			if m.Refused {
				t.Errorf("member %d: got %+v, want it taken", i, m)
			}
		}
	}
	if !h.Advertising {
		return // it is not told, and cannot judge
	}
	unmarked := texts(1)
	unmarked[0].Advertising = true
	w.line.mark(-1, passes)
	w.submit(t.Context(), unmarked).mustBe(w, provider.Refused)
}
