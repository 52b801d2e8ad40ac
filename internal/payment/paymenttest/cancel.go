package paymenttest

import (
	"context"
	"testing"

	"creditmsg/internal/money"
	"creditmsg/internal/payment"
)

// The sentences about giving money back.

// cancellation gives all of a payment back.
func cancellation(a *attempt, r payment.Result) payment.Cancellation {
	return payment.Cancellation{OrderID: a.order.ID, Ref: r.Ref, Key: newKey(), Amount: a.order.Amount, Whole: true, Reason: "고객 요청"}
}

// given is what was really given back of a payment, and how often.
func (w *world) given(order string) (sum money.Amount, times int) {
	w.Helper()
	for _, t := range w.takings(order) {
		sum, times = sum+t.back(), times+len(t.Cancels)
	}
	return sum, times
}

// cancel makes one cancellation and holds it to what was really given back since.
func (w *world) cancel(c payment.Cancellation) payment.CancelResult {
	w.Helper()
	before, _ := w.given(c.OrderID)
	r := w.Cancel(w.Context(), c)
	after, _ := w.given(c.OrderID)
	switch {
	case r.State == payment.CancelDone && (after == 0 || r.Cancelled != after):
		w.Errorf("got %+v, given back in all was %s", r, after)
	case (r.State == payment.CancelLater || r.State == payment.CancelNever) && (after != before || r.Reason == ""):
		w.Errorf("got %+v, but given back was %s, then %s", r, before, after)
	}
	w.discreet(r.Code + " " + r.Text)
	return r
}

// wants fails unless this is what was given back, in one go, and Find says so.
func (w *world) wants(a *attempt, amount money.Amount, times int) {
	w.Helper()
	if sum, n := w.given(a.order.ID); sum != amount || n != times {
		w.Errorf("given back: got %s in %d, want %s in %d", sum, n, amount, times)
	}
	want := payment.PartlyCancelled
	switch amount {
	case a.order.Amount:
		want = payment.Cancelled
	case 0:
		want = payment.Paid
	}
	w.mustBe(w.found(a), want)
}

func testCancelWhole(t *testing.T, h Harness) {
	each(t, h, func(w *world, way way) {
		a := way.prepare(w, goodCard)
		paid := w.try(a)
		w.mustBe(paid, payment.Paid)
		r := w.cancel(cancellation(a, paid))
		if r.State != payment.CancelDone || r.Ref == "" {
			w.Errorf("got %+v, want it done", r)
		}
		w.wants(a, price, 1)
		if r := w.cancel(cancellation(a, paid)); r.State != payment.CancelDone && r.State != payment.CancelNever {
			w.Errorf("again: got %+v, want it done already, or never", r)
		}
		w.wants(a, price, 1)
	})
}

func testCancelParts(t *testing.T, h Harness) {
	w := newWorld(t, h)
	if !w.Capabilities().Partial {
		return
	}
	a, paid := w.bought(goodCard)
	refs := map[string]bool{}
	for i, part := range []money.Amount{1000 * money.Won, 1000 * money.Won, 9000 * money.Won} {
		c := cancellation(a, paid)
		c.Amount, c.Whole = part, i == 2
		r := w.cancel(c)
		if r.State != payment.CancelDone || refs[r.Ref] {
			t.Errorf("part %d: got %+v, want it done, with an id of its own", i, r)
		}
		refs[r.Ref] = true
	}
	w.wants(a, price, 3)
	b, paid := w.bought(goodCard)
	c := cancellation(b, paid)
	c.Amount, c.Whole = 2*price, false
	if r := w.cancel(c); r.State != payment.CancelNever {
		t.Errorf("more than was paid: got %+v, want never", r)
	}
	w.wants(b, 0, 0)
}

func testCancelSameKey(t *testing.T, h Harness) {
	w := newWorld(t, h)
	a, paid := w.bought(goodCard)
	c := cancellation(a, paid)
	if w.Capabilities().Partial {
		c.Amount, c.Whole = 1000*money.Won, false
	}
	one, two := w.cancel(c), w.cancel(c)
	if one.State != payment.CancelDone || two.State != payment.CancelDone || one.Ref != two.Ref {
		t.Errorf("got %+v, then %+v, want the same cancellation", one, two)
	}
	w.wants(a, c.Amount, 1)
}

func testCancelFaults(t *testing.T, h Harness) {
	w := newWorld(t, h, inHaste)
	for bb, want := range map[int]payment.CancelState{
		20: payment.CancelNever, 21: payment.CancelNever, 22: payment.CancelLater, 23: payment.CancelUnknown, 24: payment.CancelUnknown,
		25: payment.CancelUnknown, 26: payment.CancelLater, 27: payment.CancelUnknown, 28: payment.CancelUnknown,
	} {
		t.Run(cardOf(bb), func(t *testing.T) {
			w := w.within(t)
			a, paid := w.bought(cardOf(bb))
			c := cancellation(a, paid)
			r := w.cancel(c)
			if r.State != want || bb == 26 && r.RetryAfter <= 0 {
				t.Fatalf("got %+v, want it %v", r, want)
			}
			switch want {
			case payment.CancelNever:
				w.wants(a, 0, 0)
			case payment.CancelLater:
				c.Key = newKey() // nothing was given back, so another key may be used
				fallthrough
			case payment.CancelUnknown:
				if bb == 25 && h.KeepsErrors {
					c = w.keptForEver(a, c)
				}
				w.givenBack(a, c)
			}
		})
	}
	if w.Capabilities().Partial {
		w.wholeOnly()
	}
}

// keptForEver is a cancellation whose key the vendor answers with an error of its own, though
// nothing was given back. Whoever has made sure of that makes it with another key.
func (w *world) keptForEver(a *attempt, c payment.Cancellation) payment.Cancellation {
	w.Helper()
	if r := w.cancel(c); r.State != payment.CancelUnknown {
		w.Errorf("again: got %+v, want it unknown", r)
	}
	w.mustBe(w.found(a), payment.Paid)
	c.Key = newKey()
	return c
}

// givenBack makes a cancellation again until it is done; it must be done once.
func (w *world) givenBack(a *attempt, c payment.Cancellation) {
	w.Helper()
	w.until("the cancellation to be done", func() bool {
		r := w.cancel(c)
		if r.State != payment.CancelDone && r.State != payment.CancelUnknown {
			w.Fatalf("again: got %+v", r)
		}
		known := w.h.KeepsErrors && w.Find(w.Context(), a.order).State == payment.Cancelled
		return r.State == payment.CancelDone || known
	})
	w.wants(a, c.Amount, 1)
}

// wholeOnly is about payments of which no part can be given back.
func (w *world) wholeOnly() {
	a, paid := w.bought(cardOf(29))
	c := cancellation(a, paid)
	part := c
	part.Key, part.Amount, part.Whole = newKey(), 1000*money.Won, false
	if r := w.cancel(part); r.State != payment.CancelNever {
		w.Errorf("a part: got %+v, want never", r)
	}
	if r := w.cancel(c); r.State != payment.CancelDone {
		w.Errorf("the whole: got %+v, want it done", r)
	}
}

func testSweepCancel(t *testing.T, h Harness) {
	w := newWorld(t, h)
	whole, bought := w.bought(goodCard)
	w.line.mark(everyRequest, passes)
	w.cancel(cancellation(whole, bought))
	for nth := range w.line.count() {
		for _, how := range broken {
			t.Run(how.String(), func(t *testing.T) {
				w := w.within(t)
				a, paid := w.bought(goodCard)
				c := cancellation(a, paid)
				w.line.mark(nth, how)
				r := w.cancel(c)
				w.line.mark(everyRequest, passes)
				if r.State != payment.CancelUnknown {
					t.Errorf("got %+v, want it unknown", r)
				}
				if r := w.cancel(c); r.State != payment.CancelDone {
					t.Errorf("again: got %+v, want it done", r)
				}
				w.wants(a, price, 1)
			})
		}
	}
}

func testCancelOpen(t *testing.T, h Harness) {
	w := newWorld(t, h)
	if !w.Capabilities().Takes(payment.Card) {
		return
	}
	o := newOrder(payment.Card)
	back := w.saidYes(&o, goodCard)
	a := &attempt{order: o, do: func(ctx context.Context) payment.Result { return w.Confirm(ctx, o, back) }}
	open := w.found(a)
	w.mustBe(open, payment.Open)
	if r := w.Cancel(t.Context(), cancellation(a, open)); r.State != payment.CancelNever {
		t.Errorf("got %+v, want never", r)
	}
	w.mustBe(w.try(a), payment.Paid)
}
