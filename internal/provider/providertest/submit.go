package providertest

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"creditmsg/internal/id"
	"creditmsg/internal/provider"
)

// The sentences about Submit while every request of it arrives.

func testCapabilities(t *testing.T, h Harness) {
	w := newWorld(t, h)
	c := w.Capabilities()
	if len(c.Channels) == 0 || c.MaxLegs < 1 || c.MaxBytes < 0 || c.Lookup > provider.LookupAuthoritative {
		t.Errorf("capabilities: got %+v, want channels, legs and a known look-up", c)
	}
	first := c.Channels[0]
	c.Channels[0] = provider.Channels
	if got := w.Capabilities(); got.Channels[0] != first || !got.Carries(first) {
		t.Errorf("channels after a caller wrote into them: got %v, want %v first", got.Channels, first)
	}
	one := h.Account
	one.URL, one.Channels = w.account.URL, []provider.Channel{first}
	if got := w.adapter(one).Capabilities().Channels; !slices.Equal(got, one.Channels) {
		t.Errorf("channels of an account for %v: got %v", one.Channels, got)
	}
}

func testAccepted(t *testing.T, h Harness) {
	w := newWorld(t, h)
	legs := texts(3)
	if w.Capabilities().Carries(provider.Alimtalk) {
		legs = append(legs, w.alimtalk("demo-rich.k.0.0.1", numbered(0, 1)))
	}
	for _, part := range w.calls(legs) {
		w.line.mark(-1, passes)
		got := w.submit(t.Context(), part)
		got.mustBe(w, provider.Accepted)
		for i, m := range got.Members {
			if m.Refused {
				t.Errorf("member %d: got %+v, want it taken", i, m)
			}
		}
		if _, handed, _ := w.line.counts(); handed != 1 {
			t.Errorf("requests that hand over: got %d, want 1", handed)
		}
	}
}

func testEmpty(t *testing.T, h Harness) {
	w := newWorld(t, h)
	got := w.submit(t.Context(), nil)
	got.mustBe(w, provider.Accepted)
	if _, handed, _ := w.line.counts(); handed != 0 || len(w.taken()) != 0 {
		t.Errorf("requests that hand over: got %d, want none", handed)
	}
}

func testRefusedLeg(t *testing.T, h Harness) {
	w := newWorld(t, h)
	legs := texts(5)
	legs[1].To = w.refusedNumber()
	got := w.submit(t.Context(), legs)
	got.mustBe(w, provider.Accepted)
	for i, m := range got.Members {
		if m.Refused != (i == 1 && !h.Patient) {
			t.Errorf("member %d: got %+v, want the second alone refused", i, m)
		}
	}
	refused := got.Members[1]
	for _, r := range w.finals(map[bool]int{true: len(legs), false: len(legs) - 1}[h.Patient]) {
		if r.Ref == legs[1].Ref {
			refused = provider.Member{Refused: !r.Delivered, Reason: r.Reason, Code: r.Code}
		} else if !r.Delivered {
			t.Errorf("one beside it: got %+v, want it delivered", r)
		}
	}
	if refused.Reason != h.Why || refused.Code != cmp.Or(h.Code, h.Refused) {
		t.Errorf("the refused one: got %+v, want %s for %s", refused, h.Refused, h.Why)
	}
}

func testAllRefused(t *testing.T, h Harness) {
	if h.Patient {
		return // it refuses none when a call is made
	}
	w := newWorld(t, h)
	legs := texts(1)
	legs[0].To = w.refusedNumber()
	got := w.submit(t.Context(), legs)
	got.mustBe(w, provider.Accepted)
	if !got.Members[0].Refused || len(w.taken()) != 0 {
		t.Errorf("members: got %+v and %v taken, want it refused", got.Members, w.taken())
	}
	w.settle(got)
}

func testAuth(t *testing.T, h Harness) {
	w := newWorld(t, h, func(a *provider.Account) { a.APISecret += "x" })
	got := w.submit(t.Context(), texts(2))
	got.mustBe(w, provider.Refused)
	if got.Reason != provider.AuthFailed || !got.Reason.Operators() {
		t.Errorf("reason: got %s, want %s", got.Reason, provider.AuthFailed)
	}
}

func testBalance(t *testing.T, h Harness) {
	if h.PostPaid {
		return // there is none
	}
	w := newWorld(t, h)
	w.play("balance: 0")
	got := w.submit(t.Context(), texts(2))
	got.mustBe(w, provider.Refused)
	if got.Reason != provider.ProviderBalance {
		t.Errorf("reason: got %s, want %s", got.Reason, provider.ProviderBalance)
	}
	w.play("balance: 100000")
	w.line.mark(-1, passes)
	w.submit(t.Context(), texts(2)).mustBe(w, provider.Accepted)
}

func testRateLimit(t *testing.T, h Harness) {
	w := newWorld(t, h)
	legs := texts(2)
	legs[1].To = numbered(11, 1)
	got := w.submit(t.Context(), legs)
	got.mustBe(w, provider.Refused)
	if got.Reason != provider.ProviderRateLimited || got.RetryAfter != time.Second {
		t.Errorf("got %s, to come again after %v; want %s after 1s", got.Reason, got.RetryAfter, provider.ProviderRateLimited)
	}
	w.settle(got)
	w.line.mark(-1, passes)
	w.submit(t.Context(), legs).mustBe(w, provider.Accepted)
}

func testUnreachable(t *testing.T, h Harness) {
	w := newWorld(t, h)
	nobody := w.account
	nobody.URL = "http://127.0.0.1:1" // nobody listens there
	w.Provider = w.adapter(nobody)
	got := w.submit(t.Context(), texts(2))
	got.mustBe(w, provider.NotSent)
	if got.Reason == "" {
		t.Error("not sent through no fault of ours: got no reason")
	}
}

func testBegun(t *testing.T, h Harness) {
	w := newWorld(t, h)
	got := w.submit(t.Context(), texts(1), func() error {
		if taken := len(w.received()); taken != 0 {
			t.Errorf("taken when begun is called: got %d, want nothing", taken)
		}
		return nil
	})
	got.mustBe(w, provider.Accepted)
	if want := map[bool]int{true: 0, false: 1}[h.OnePhase]; len(got.begun) != want {
		t.Errorf("begun: got %q, want %d calls", got.begun, want)
	}
}

func testBegunFails(t *testing.T, h Harness) {
	if h.OnePhase {
		return // it never begins
	}
	w := newWorld(t, h)
	got := w.submit(t.Context(), texts(2), func() error { return errors.New("the database is gone") })
	got.mustBe(w, provider.NotSent)
	if _, handed, _ := w.line.counts(); handed != 0 || got.Reason != "" {
		t.Errorf("got %d requests that hand over and the reason %q, want none: it was ours", handed, got.Reason)
	}
	w.settle(got)
}

func testEndedBefore(t *testing.T, h Harness) {
	w := newWorld(t, h)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	got := w.submit(ctx, texts(2))
	got.mustBe(w, provider.NotSent)
	if got.Reason != "" {
		t.Errorf("reason: got %q, want none: it was ours", got.Reason)
	}
	if found, err := w.Lookup(ctx, provider.Enquiry{UpstreamID: id.New().String()}); err == nil && found.Verdict != provider.LookupUnknown {
		t.Errorf("look-up: got %+v, want nothing learnt", found)
	}
}

func testEndedInBegun(t *testing.T, h Harness) {
	if h.OnePhase {
		return // it never begins
	}
	w := newWorld(t, h)
	ctx, cancel := context.WithCancel(t.Context())
	got := w.submit(ctx, texts(2), func() error { cancel(); return nil })
	got.mustBe(w, provider.NotSent)
	if _, handed, _ := w.line.counts(); handed != 0 {
		t.Errorf("requests that hand over: got %d, want none", handed)
	}
	w.settle(got)
}

// testVendorFaults are the numbers of the table that break the hand-over at the vendor.
func testVendorFaults(t *testing.T, h Harness) {
	for name, c := range map[string]struct {
		block int
		taken int
	}{
		"500 after acceptance": {8, 2}, "cut after acceptance": {9, 2}, "500 before acceptance": {10, 0}, "no answer": {12, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, h, inHaste)
			legs := texts(2)
			legs[0].To = numbered(c.block, 1)
			got := w.submit(t.Context(), legs)
			got.mustBe(w, provider.Unknown)
			if taken := len(w.taken()); taken != c.taken {
				t.Fatalf("taken: got %d, want %d", taken, c.taken)
			}
			if found := w.settle(got); found.Verdict == provider.LookupNotSent {
				w.line.mark(-1, passes)
				w.submit(t.Context(), legs).mustBe(w, provider.Accepted)
			}
		})
	}
}
