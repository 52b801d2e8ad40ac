package paymenttest

import (
	"errors"
	"net/url"
	"strconv"
	"testing"
	"time"

	"creditmsg/internal/money"
	"creditmsg/internal/payment"
)

// The sentences about what moves no money.

func testCapabilities(t *testing.T, h Harness) {
	w := newWorld(t, h)
	c := w.Capabilities()
	if len(c.Methods) == 0 || c.Least <= 0 || c.Takes(payment.Stored) != c.Tokens {
		t.Errorf("capabilities: got %+v, want methods, a least amount, and stored cards where they may be left", c)
	}
	first := c.Methods[0]
	c.Methods[0] = "other"
	if got := w.Capabilities(); got.Methods[0] != first {
		t.Errorf("methods after a caller wrote into them: got %v", got.Methods)
	}
}

// unsupported fails unless a result says that this is not done, and nothing was asked.
func (w *world) unsupported(what string, s payment.State, r payment.Reason) {
	w.Helper()
	if s != payment.Failed || r != payment.NotSupported || w.line.count() > 0 {
		w.Errorf("%s: got %v for %s after %d requests, want it not supported", what, s, r, w.line.count())
	}
}

func testNotSupported(t *testing.T, h Harness) {
	w := newWorld(t, h)
	c, ctx := w.Capabilities(), t.Context()
	token := payment.Token{Customer: "customer-1", Secret: "secret-1"}
	for _, m := range []payment.Method{payment.Card, payment.VirtualAccount, payment.Transfer, payment.Stored, "other"} {
		if m == payment.Stored || !c.Takes(m) { // a stored card is charged, not begun
			r := w.Begin(ctx, newOrder(m))
			w.unsupported("begin "+string(m), r.State, r.Reason)
		}
	}
	if !c.Tokens {
		r := w.Charge(ctx, newOrder(payment.Stored), token)
		w.unsupported("charge", r.State, r.Reason)
		begun := w.BeginToken(ctx, newRegistration())
		w.unsupported("begin to leave a card", begun.State, begun.Reason)
		got := w.FinishToken(ctx, newRegistration(), nil)
		w.unsupported("leave a card", got.State, got.Reason)
		if err := w.RemoveToken(ctx, token); !errors.Is(err, payment.ErrNotSupported) {
			t.Errorf("remove a card: got %v", err)
		}
	}
	if !c.CashReceipts {
		r := payment.CashReceipt{OrderID: "order-1", OrderName: "x", Key: newKey(), Ref: "receipt-1", Amount: price, Identity: "01012345678"}
		issued, back := w.Receipt(ctx, r), w.TakeBack(ctx, r)
		w.unsupported("cash receipt", issued.State, issued.Reason)
		w.unsupported("take a cash receipt back", back.State, back.Reason)
	}
	if !c.Lists {
		if _, err := w.Transactions(ctx, time.Now().Add(-time.Hour), time.Now(), ""); !errors.Is(err, payment.ErrNotSupported) {
			t.Errorf("transactions: got %v", err)
		}
	}
}

func testBegin(t *testing.T, h Harness) {
	w := newWorld(t, h)
	if !w.Capabilities().Takes(payment.Card) {
		return
	}
	o := newOrder(payment.Card)
	begun := w.Begin(t.Context(), o)
	w.mustBe(begun, payment.Open)
	scripted := begun.Checkout != nil && begun.Checkout.Script != "" && len(begun.Checkout.Fields) > 0
	if begun.Checkout == nil || begun.Checkout.URL == "" || scripted == h.Hosted || h.Hosted && begun.Ref == "" {
		t.Fatalf("checkout: got %+v, want a page, and a script with its fields or the payment's id", begun)
	}
	for name, value := range begun.Checkout.Fields {
		w.discreet(name + " " + value)
	}
	if n := len(w.takings(o.ID)); n > 0 {
		t.Errorf("begun: got %d takings, want none", n)
	}
	plain := w.account
	plain.CheckoutURL = ""
	if got := w.adapter(plain).Begin(t.Context(), newOrder(payment.Card)); got.State != payment.Open || (got.Checkout.URL != "") != h.Hosted {
		t.Errorf("without a page of its own: got %+v", got)
	}
	if !h.Hosted {
		return
	}
	if again := w.Begin(t.Context(), o); again.Ref != begun.Ref || again.Checkout.URL != begun.Checkout.URL {
		t.Errorf("begun again: got %+v, want the same page", again)
	}
	for _, how := range broken {
		o := newOrder(payment.Card)
		w.line.mark(everyRequest, how)
		r := w.Begin(t.Context(), o)
		w.line.mark(everyRequest, passes)
		w.mustBe(r, payment.Unknown)
		w.mustBe(w.Begin(t.Context(), o), payment.Open)
	}
}

func testFractions(t *testing.T, h Harness) {
	w := newWorld(t, h)
	paid, bought := w.bought(goodCard)
	ways := []*attempt{}
	for _, way := range w.ways() {
		ways = append(ways, way.prepare(w, goodCard))
	}
	w.line.mark(everyRequest, passes)
	for _, amount := range []money.Amount{price + 1, money.Won / 2, 0, -price} {
		for _, a := range ways {
			o := a.order
			o.Amount = amount
			for what, r := range map[string]payment.Result{
				"begin": w.Begin(t.Context(), o), "charge": w.Charge(t.Context(), o, a.token),
				"confirm": w.Confirm(t.Context(), o, url.Values{"amount": {"11000"}, "orderId": {o.ID}, "paymentKey": {"x"}}),
			} {
				if r.State != payment.Failed || r.Reason != payment.BadRequest && r.Reason != payment.NotSupported {
					t.Errorf("%s of %s: got %+v", what, amount, r)
				}
			}
		}
		c := cancellation(paid, bought)
		c.Amount = amount
		if r := w.Cancel(t.Context(), c); r.State != payment.CancelNever || r.Reason != payment.BadRequest {
			t.Errorf("cancel %s: got %+v", amount, r)
		}
	}
	if n := w.line.count(); n != 0 {
		t.Errorf("got %d requests, want none", n)
	}
}

func testLeaves(t *testing.T, h Harness) {
	w := newWorld(t, h)
	if !w.Capabilities().Takes(payment.Card) {
		return
	}
	for action, reason := range map[string]payment.Reason{"leave": payment.PayerLeft, "decline": payment.CardDeclined} {
		o := newOrder(payment.Card)
		begun := w.Begin(t.Context(), o)
		w.mustBe(begun, payment.Open)
		o.Ref = begun.Ref
		if action == "decline" && h.Hosted {
			w.stays(begun.Checkout, goodCard, action)
			w.mustBe(w.found(&attempt{order: o}), payment.Open)
			action, reason = "leave", payment.PayerLeft
		}
		back := w.play(begun.Checkout, goodCard, action)
		r := w.Confirm(t.Context(), o, back)
		if r.State != payment.Declined || r.Reason != reason {
			t.Errorf("%s: got %+v, want it declined for %s", action, r, reason)
		}
		w.found(&attempt{order: o})
	}
}

func testStrangeReturn(t *testing.T, h Harness) {
	w := newWorld(t, h)
	if !w.Capabilities().Takes(payment.Card) {
		return
	}
	o, other := newOrder(payment.Card), newOrder(payment.Card)
	other.Amount = 2 * price
	back, otherBack := w.saidYes(&o, goodCard), w.saidYes(&other, goodCard)
	cheap := o
	cheap.Amount = price + money.Won
	w.line.mark(everyRequest, passes)
	results := map[string]payment.Result{
		"of another order": w.Confirm(t.Context(), o, otherBack),
		"another amount":   w.Confirm(t.Context(), cheap, back),
		"nothing":          w.Confirm(t.Context(), o, nil),
	}
	for what, r := range results {
		if r.State != payment.Failed || r.Reason != payment.BadRequest {
			t.Errorf("%s: got %+v, want it failed", what, r)
		}
	}
	if n := w.line.count(); n > 0 {
		t.Errorf("got %d requests, want none", n)
	}
	mixed := url.Values{}
	for name := range back { // everything of the order, but the payment of another
		mixed.Set(name, back.Get(name))
		if v := back.Get(name); v != o.ID && v != won(o.Amount) {
			mixed.Set(name, otherBack.Get(name))
		}
	}
	r := w.Confirm(t.Context(), o, mixed)
	if r.State.Taken() || r.State == payment.Open {
		t.Errorf("the payment of another order: got %+v", r)
	}
	misled := o
	for _, ref := range []string{r.Ref, other.Ref} {
		misled.Ref = ref
		w.mustBe(w.Find(t.Context(), misled), payment.Open)
	}
	for _, order := range []payment.Order{o, other} {
		if n := len(w.takings(order.ID)); n > 0 {
			t.Errorf("order %s: got %d takings, want none", order.ID, n)
		}
	}
}

// won is an amount as most gateways write it.
func won(a money.Amount) string { return strconv.FormatInt(int64(a/money.Won), 10) }

func testAbsent(t *testing.T, h Harness) {
	w := newWorld(t, h)
	r := w.Find(t.Context(), newOrder(payment.Card))
	w.mustBe(r, payment.Absent)
	o := newOrder(payment.Card)
	_, paid := w.bought(goodCard)
	w.mustBe(w.Find(t.Context(), o), payment.Absent)
	o.Ref = paid.Ref // of another order
	w.mustBe(w.Find(t.Context(), o), payment.Absent)
}
