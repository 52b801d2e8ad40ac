package paymenttest

import (
	"context"
	"sync"
	"testing"
	"time"

	"creditmsg/internal/payment"
)

// Every request that takes money is broken in every way, and the result compared with the
// truth.

func testVendorFaults(t *testing.T, h Harness) {
	w := newWorld(t, h, inHaste)
	var attempts []*attempt
	for _, way := range w.ways() {
		for _, bb := range []int{8, 9, 10, 12, 13, 15} {
			attempts = append(attempts, way.prepare(w, cardOf(bb)))
		}
	}
	for i, r := range together(t.Context(), attempts) {
		a := attempts[i]
		t.Run(a.card, func(t *testing.T) {
			w := w.within(t)
			w.judge(a, r)
			w.mustBe(r, payment.Unknown)
			w.settle(a)
		})
	}
}

// together makes attempts at once, since some wait for their time-out.
func together(ctx context.Context, attempts []*attempt) []payment.Result {
	results := make([]payment.Result, len(attempts))
	var all sync.WaitGroup
	for i, a := range attempts {
		all.Go(func() { results[i] = a.do(ctx) })
	}
	all.Wait()
	return results
}

func testUnderWay(t *testing.T, h Harness) {
	each(t, h, func(w *world, way way) {
		a := way.prepare(w, cardOf(14))
		w.mustBe(w.try(a), payment.Unknown)
		w.until("the payment to end", func() bool {
			r := w.Find(w.Context(), a.order)
			if r.State != payment.Paid && r.State != payment.Absent && r.State != payment.Open {
				w.Fatalf("find: got %+v", r)
			}
			return r.State == payment.Paid
		})
		w.found(a)
		w.try(a)
	})
}

func testSweepTake(t *testing.T, h Harness) {
	each(t, h, func(w *world, way way) {
		whole := way.prepare(w, goodCard)
		w.line.mark(everyRequest, passes)
		w.mustBe(w.try(whole), payment.Paid)
		for nth := range w.line.count() {
			for _, how := range broken {
				w.Run(how.String(), func(t *testing.T) {
					w := w.within(t)
					a := way.prepare(w, goodCard)
					w.line.mark(nth, how)
					r := a.do(t.Context())
					w.line.mark(everyRequest, passes)
					w.judge(a, r)
					w.mustBe(r, payment.Unknown)
					w.settle(a)
				})
			}
		}
	})
}

func testTimeouts(t *testing.T, h Harness) {
	type silence struct {
		*world
		name   string
		sale   *attempt
		cancel *payment.Cancellation // in place of the sale
	}
	var all []*silence
	for _, how := range []fault{slowBefore, slowAfter} {
		w := newWorld(t, h, inHaste)
		for _, way := range w.ways() {
			all = append(all, &silence{w, way.name + " " + how.String(), way.prepare(w, goodCard), nil})
		}
		a, paid := w.bought(goodCard)
		c := cancellation(a, paid)
		all = append(all, &silence{w, "cancel " + how.String(), a, &c})
		w.line.mark(everyChange, how)
	}
	sales, cancels := make([]payment.Result, len(all)), make([]payment.CancelResult, len(all))
	var waiting sync.WaitGroup // together, since each waits for its time-out
	for i, s := range all {
		waiting.Go(func() {
			if s.cancel != nil {
				cancels[i] = s.Cancel(t.Context(), *s.cancel)
			} else {
				sales[i] = s.sale.do(t.Context())
			}
		})
	}
	waiting.Wait()
	for i, s := range all {
		t.Run(s.name, func(t *testing.T) {
			w := s.within(t)
			w.line.mark(everyRequest, passes)
			if s.cancel != nil {
				if cancels[i].State != payment.CancelUnknown {
					t.Errorf("got %+v, want it unknown", cancels[i])
				}
				w.givenBack(s.sale, *s.cancel)
				return
			}
			w.judge(s.sale, sales[i])
			w.mustBe(sales[i], payment.Unknown)
			w.settle(s.sale)
		})
	}
}

func testContextEnds(t *testing.T, h Harness) {
	each(t, h, func(w *world, way way) {
		for _, how := range []fault{endsBefore, endsAfter} {
			a := way.prepare(w, goodCard)
			ctx, cancel := context.WithCancel(w.Context())
			var ended time.Time
			w.line.mark(everyChange, how)
			w.line.end = func() { ended = time.Now(); cancel() }
			r := a.do(ctx)
			if took := time.Since(ended); took > soon {
				w.Errorf("returned %v after its context ended, want at most %v", took, soon)
			}
			w.line.mark(everyRequest, passes)
			w.judge(a, r)
			w.mustBe(r, payment.Unknown)
			w.settle(a)
			cancel()
		}
	})
}

func testSweepFind(t *testing.T, h Harness) {
	w := newWorld(t, h)
	paid, _ := w.bought(goodCard)
	for _, how := range broken {
		for what, o := range map[string]payment.Order{"a paid order": paid.order, "an order that nobody knows": newOrder(payment.Card)} {
			w.line.mark(everyRequest, how)
			if r := w.Find(t.Context(), o); r.State != payment.Unknown {
				t.Errorf("%s, %v: got %+v, want it unknown", what, how, r)
			}
		}
	}
	w.line.mark(everyRequest, passes)
	w.mustBe(w.found(paid), payment.Paid)
}
