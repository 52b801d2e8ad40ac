package paymenttest

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"creditmsg/internal/payment"
)

// The sentences about taking money while every request arrives.

// each tests every way to take money.
func each(t *testing.T, h Harness, test func(*world, way)) {
	w := newWorld(t, h)
	for _, way := range w.ways() {
		t.Run(way.name, func(t *testing.T) { test(w.within(t), way) })
	}
}

func testTake(t *testing.T, h Harness) {
	each(t, h, func(w *world, way way) {
		a := way.prepare(w, goodCard)
		r := w.try(a)
		w.mustBe(r, payment.Paid)
		if r.Amount != price || r.Cancelled != 0 || r.Means == "" || !r.Slip || time.Since(r.PaidAt).Abs() > time.Hour || r.PaidAt.Location() != time.UTC {
			w.Errorf("got %+v, want its amount, means, slip and time", r)
		}
		w.mustBe(w.found(a), payment.Paid)
		a.order.Ref = r.Ref
		w.mustBe(w.found(a), payment.Paid)
	})
}

func testSameKey(t *testing.T, h Harness) {
	each(t, h, func(w *world, way way) {
		a := way.prepare(w, goodCard)
		one, two := w.try(a), w.try(a)
		if one.State != payment.Paid || two.State != payment.Paid || one.Ref != two.Ref {
			w.Errorf("got %+v, then %+v, want the same payment", one, two)
		}
	})
}

func testAtOnce(t *testing.T, h Harness) {
	each(t, h, func(w *world, way way) {
		a := way.prepare(w, goodCard)
		results := make([]payment.Result, 8)
		var all sync.WaitGroup
		for i := range results {
			all.Go(func() { results[i] = a.do(w.Context()) })
		}
		all.Wait()
		for _, r := range results {
			if r.State != payment.Paid && r.State != payment.Unknown {
				w.Errorf("got %+v, want paid or unknown", r)
			}
			w.judge(a, r)
		}
		w.mustBe(w.found(a), payment.Paid)
	})
}

func testDeclines(t *testing.T, h Harness) {
	each(t, h, func(w *world, way way) {
		for bb, reason := range map[int]payment.Reason{
			1: payment.CardDeclined, 2: payment.CardDeclined, 3: payment.CardDead, 4: payment.CardDead, 5: payment.CardDeclined, 6: "", 7: payment.CardDead,
		} {
			if h.Hosted && way.name == confirm {
				w.refusedOnPage(cardOf(bb), reason)
				continue
			}
			a := way.prepare(w, cardOf(bb))
			r := w.try(a)
			if r.State != payment.Declined || r.Code == "" || reason != "" && r.Reason != reason || r.Reason != payment.NeedsPayer && reason == "" && r.Reason != payment.CardDeclined {
				w.Errorf("card %02d: got %+v, want it declined for %s", bb, r, reason)
			}
			w.found(a)
		}
	})
}

// refusedOnPage is a card that a page of the vendor's own refuses. One whose issuer wants to
// ask the payer, who is there, may be taken.
func (w *world) refusedOnPage(card string, reason payment.Reason) {
	w.Helper()
	o := newOrder(payment.Card)
	begun := w.Begin(w.Context(), o)
	w.mustBe(begun, payment.Open)
	o.Ref = begun.Ref
	if reason != "" {
		w.stays(begun.Checkout, card, "pay")
		w.mustBe(w.found(&attempt{order: o}), payment.Open)
	}
	back := w.play(begun.Checkout, goodCard, "pay")
	w.mustBe(w.try(&attempt{order: o, do: func(ctx context.Context) payment.Result { return w.Confirm(ctx, o, back) }}), payment.Paid)
}

func testOtherKey(t *testing.T, h Harness) {
	w := newWorld(t, h)
	if !w.Capabilities().Takes(payment.Stored) {
		return
	}
	a := w.charging(goodCard)
	w.mustBe(w.try(a), payment.Paid)
	o := a.order
	o.Key = newKey()
	if r := w.Charge(t.Context(), o, a.token); r.State != payment.Paid && r.State != payment.Unknown {
		t.Errorf("got %+v, want it paid or unknown", r)
	}
	w.mustBe(w.found(a), payment.Paid) // once
}

func testSecondTry(t *testing.T, h Harness) {
	w := newWorld(t, h)
	if !w.Capabilities().Takes(payment.Stored) {
		return
	}
	a := w.charging(goodCard)
	w.scenario(`{"refuse": {"REJECT_CARD_COMPANY": 1}}`)
	refused := w.try(a)
	w.mustBe(refused, payment.Declined)
	w.scenario(`{}`)
	a.order.Ref, a.order.Key = refused.Ref, newKey()
	w.line.mark(everyChange, cutAfter)
	r := w.Charge(t.Context(), a.order, a.token)
	w.line.mark(everyRequest, passes)
	w.mustBe(r, payment.Unknown)
	w.mustBe(w.found(a), payment.Paid)
}

func testBusy(t *testing.T, h Harness) {
	each(t, h, func(w *world, way way) {
		a := way.prepare(w, cardOf(11))
		if r := w.try(a); r.State != payment.Failed || r.Reason != payment.GatewayBusy || r.RetryAfter <= 0 {
			w.Errorf("got %+v, want it failed, with a time to come again", r)
		}
		w.mustBe(w.try(a), payment.Paid)
	})
}

func testCredentials(t *testing.T, h Harness) {
	each(t, h, func(w *world, way way) {
		a := way.prepare(w, goodCard)
		stranger := w.account
		stranger.SecretKey += "9"
		honest := w.Gateway
		w.Gateway, w.account = w.adapter(stranger), stranger
		if r := w.try(a); r.State != payment.Failed || r.Reason != payment.BadCredentials {
			w.Errorf("got %+v, want it failed for the credentials", r)
		}
		if r := w.Find(w.Context(), a.order); r.State != payment.Unknown || r.Reason != payment.BadCredentials {
			w.Errorf("find: got %+v, want it unknown for the credentials", r)
		}
		w.Gateway = honest
		w.mustBe(w.try(a), payment.Paid)
	})
}

// nowhere is an address at which nobody serves.
func (w *world) nowhere() string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.Fatal(err)
	}
	defer l.Close()
	return "http://" + l.Addr().String()
}

func testUnreachable(t *testing.T, h Harness) {
	w := newWorld(t, h)
	token := payment.Token{Customer: "customer-1", Secret: "secret-1"}
	paid, bought := w.bought(goodCard)
	away := w.account
	away.URL = w.nowhere()
	w.Gateway = w.adapter(away)
	if w.Capabilities().Tokens {
		if r := w.Charge(t.Context(), newOrder(payment.Stored), token); r.State != payment.Failed || r.Reason != payment.GatewayFailure {
			t.Errorf("charge: got %+v, want it failed", r)
		}
		if err := w.RemoveToken(t.Context(), token); err == nil {
			t.Error("remove a card: got no error")
		}
	}
	if r := w.Find(t.Context(), paid.order); r.State != payment.Unknown {
		t.Errorf("find: got %+v, want it unknown", r)
	}
	if r := w.Cancel(t.Context(), cancellation(paid, bought)); r.State != payment.CancelLater {
		t.Errorf("cancel: got %+v, want it later", r)
	}
	if w.Capabilities().Lists {
		if _, err := w.Transactions(t.Context(), time.Now(), time.Now(), ""); err == nil {
			t.Error("transactions: got no error")
		}
	}
}

func testEnded(t *testing.T, h Harness) {
	each(t, h, func(w *world, way way) {
		a := way.prepare(w, goodCard)
		w.line.mark(everyRequest, passes)
		ctx, cancel := context.WithCancel(w.Context())
		cancel()
		r := a.do(ctx)
		w.judge(a, r)
		if n := w.line.count(); n > 0 || r.State != payment.Failed || len(w.takings(a.order.ID)) > 0 {
			w.Errorf("got %+v after %d requests, want it failed after none", r, n)
		}
		if r := w.Find(ctx, a.order); r.State != payment.Unknown {
			w.Errorf("find: got %+v, want it unknown", r)
		}
	})
}

func testConcurrent(t *testing.T, h Harness) {
	w := newWorld(t, h)
	var attempts []*attempt
	for range 10 {
		for _, way := range w.ways() {
			attempts = append(attempts, way.prepare(w, goodCard))
		}
	}
	results := make([]payment.Result, len(attempts))
	var all sync.WaitGroup
	for i, a := range attempts {
		all.Go(func() { results[i] = a.do(t.Context()) })
	}
	all.Wait()
	for i, a := range attempts {
		w.judge(a, results[i])
		w.mustBe(results[i], payment.Paid)
	}
}
