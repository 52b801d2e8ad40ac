package paymenttest

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"creditmsg/internal/payment"
)

// The sentences about accounts that payers transfer to.

// waiting begins a payment by virtual account; ok is false when there are none.
func (w *world) waiting(payer string) (o payment.Order, r payment.Result, ok bool) {
	w.Helper()
	if !w.Capabilities().Takes(payment.VirtualAccount) {
		return o, r, false
	}
	o = newOrder(payment.VirtualAccount)
	o.Payer.Name = payer
	r = w.Begin(w.Context(), o)
	w.judge(&attempt{order: o}, r)
	return o, r, true
}

func (w *world) deposit(order string) {
	w.Helper()
	if rec := w.ask(http.MethodPost, "/_sim/deposit", url.Values{"orderId": {order}}); rec.Code != http.StatusOK {
		w.Fatalf("deposit: got %d %s", rec.Code, rec.Body)
	}
}

func testDeposit(t *testing.T, h Harness) {
	w := newWorld(t, h)
	o, begun, ok := w.waiting("홍길동")
	if !ok {
		return
	}
	w.mustBe(begun, payment.Waiting)
	a := &attempt{order: o}
	if d := begun.Account; d == nil || d.Bank == "" || d.Number == "" || time.Until(d.Until) < 23*time.Hour {
		t.Fatalf("account: got %+v", begun.Account)
	}
	again, found := w.Begin(t.Context(), o), w.found(a)
	for what, r := range map[string]payment.Result{"again": again, "found": found} {
		if w.mustBe(r, payment.Waiting); *r.Account != *begun.Account || r.Secret != begun.Secret {
			t.Errorf("%s: got %+v, want the same account", what, r)
		}
	}
	w.deposit(o.ID)
	paid := w.found(a)
	w.mustBe(paid, payment.Paid)
	w.until("a notice that bears the payment's secret", func() bool {
		for _, c := range w.hook.all() {
			if n := w.read(c); n.Secret != "" && n.Secret == begun.Secret && n.OrderID == o.ID {
				return true
			}
		}
		return begun.Secret == ""
	})
	c := cancellation(a, paid)
	if r := w.cancel(c); r.State != payment.CancelNever || r.Reason != payment.BadBankAccount {
		t.Errorf("refund without an account: got %+v", r)
	}
	c.Key, c.To = newKey(), &payment.BankAccount{Bank: "20", Number: "1002123456789", Holder: "홍길동"}
	if r := w.cancel(c); r.State != payment.CancelDone {
		t.Errorf("refund: got %+v, want it done", r)
	}
	w.wants(a, price, 1)
	w.lostAccounts()
}

// lostAccounts are given out while the reply breaks.
func (w *world) lostAccounts() {
	for _, how := range broken {
		o := newOrder(payment.VirtualAccount)
		w.line.mark(everyRequest, how)
		r := w.Begin(w.Context(), o)
		w.line.mark(everyRequest, passes)
		if r.State != payment.Unknown {
			w.Errorf("%v: got %+v, want it unknown", how, r)
		}
		if again := w.Begin(w.Context(), o); again.State != payment.Waiting {
			w.Errorf("%v, again: got %+v, want an account", how, again)
		}
		w.mustBe(w.found(&attempt{order: o}), payment.Waiting)
	}
	o, begun, _ := w.waiting("홍길동")
	a := &attempt{order: o}
	if r := w.Cancel(w.Context(), cancellation(a, begun)); r.State != payment.CancelDone {
		w.Errorf("close an account: got %+v, want it done", r)
	}
	w.mustBe(w.found(a), payment.Declined)
}

func testReversal(t *testing.T, h Harness) {
	w := newWorld(t, h)
	o, begun, ok := w.waiting("홍길동#19")
	if !ok {
		return
	}
	w.mustBe(begun, payment.Waiting)
	w.deposit(o.ID)
	w.until("the bank to take the money back", func() bool {
		return len(w.takings(o.ID)) == 0 && len(w.hook.all()) >= 3
	})
	w.mustBe(w.found(&attempt{order: o}), payment.Waiting)
}
