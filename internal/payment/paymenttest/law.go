package paymenttest

import (
	"context"
	"strings"

	"creditmsg/internal/id"
	"creditmsg/internal/payment"
)

// attempt is one way to take money, which can be done again with the same key.
type attempt struct {
	order payment.Order
	card  string
	token payment.Token
	do    func(context.Context) payment.Result
}

// way prepares an attempt with a card, as far as no money moves.
type way struct {
	name    string
	prepare func(w *world, card string) *attempt
}

// confirm is the way of those who come back from the vendor's page.
const confirm = "confirm"

// ways are those of the gateway.
func (w *world) ways() (all []way) {
	c := w.Capabilities()
	if c.Takes(payment.Card) {
		all = append(all, way{confirm, (*world).confirming})
	}
	if c.Takes(payment.Stored) {
		all = append(all, way{"charge", (*world).charging})
	}
	if len(all) == 0 {
		w.Fatal("the gateway takes money in no way that the suite knows")
	}
	return all
}

func (w *world) confirming(card string) *attempt {
	w.Helper()
	o := newOrder(payment.Card)
	back := w.saidYes(&o, card)
	return &attempt{order: o, card: card, do: func(ctx context.Context) payment.Result { return w.Confirm(ctx, o, back) }}
}

func (w *world) charging(card string) *attempt {
	w.Helper()
	o, token := newOrder(payment.Stored), w.stored(card)
	o.Customer = token.Customer
	return &attempt{order: o, card: card, token: token, do: func(ctx context.Context) payment.Result { return w.Charge(ctx, o, token) }}
}

// judge holds a result to what was really taken.
func (w *world) judge(a *attempt, r payment.Result) {
	w.Helper()
	taken := w.takings(a.order.ID)
	if len(taken) > 1 {
		w.Errorf("order %s was taken %d times", a.order.ID, len(taken))
	}
	switch {
	case r.State.Taken():
		if len(taken) != 1 || taken[0].amount() != r.Amount || r.Ref != taken[0].Ref || taken[0].back() != r.Cancelled {
			w.Errorf("got %+v, but taken was %+v", r, taken)
		}
	case r.State != payment.Unknown && len(taken) > 0:
		w.Errorf("got %v (%s, %q), but the money was taken", r.State, r.Code, r.Text)
	case (r.State == payment.Declined || r.State == payment.Failed) && r.Reason == "":
		w.Errorf("%v without a reason: %+v", r.State, r)
	}
	w.discreet(r.Code+" "+r.Text, a.token.Secret)
}

// discreet finds what a text for logs must not hold.
func (w *world) discreet(said string, more ...string) {
	w.Helper()
	for _, secret := range append(more, w.account.SecretKey, w.account.WebhookSecret) {
		if secret != "" && strings.Contains(said, secret) {
			w.Errorf("a text for logs holds a secret: %q", said)
		}
	}
}

// try makes the attempt once and judges it.
func (w *world) try(a *attempt) payment.Result {
	w.Helper()
	r := a.do(w.Context())
	w.judge(a, r)
	return r
}

// found asks what became of the attempt; the vendor is to be reached, so that it is known.
func (w *world) found(a *attempt) payment.Result {
	w.Helper()
	o := a.order
	r := w.Find(w.Context(), o)
	taken := len(w.takings(o.ID)) > 0
	if r.State == payment.Unknown || r.State.Taken() != taken {
		w.Errorf("find: got %v (%s, %q), taken is %v", r.State, r.Code, r.Text, taken)
	}
	w.judge(a, r)
	return r
}

// settle brings an attempt that is unknown to its end: what Find says is true, and the same
// request once more does not take the money a second time.
func (w *world) settle(a *attempt) {
	w.Helper()
	w.line.mark(everyRequest, passes)
	if r := w.found(a); r.State == payment.Failed || r.State == payment.Declined {
		return
	}
	again := w.try(a)
	w.found(a)
	if again.State != payment.Paid && !w.h.KeepsErrors {
		if r := w.Find(w.Context(), a.order); r.State != payment.Paid {
			w.Errorf("the same request once more: got %v (%s, %q), then %v", again.State, again.Code, again.Text, r.State)
		}
	}
}

// mustBe fails unless the result is in this state.
func (w *world) mustBe(r payment.Result, want payment.State) {
	w.Helper()
	if r.State != want {
		w.Fatalf("got %v (%s, %s, %q), want %v", r.State, r.Reason, r.Code, r.Text, want)
	}
}

// bought is a payment that was taken.
func (w *world) bought(card string) (*attempt, payment.Result) {
	w.Helper()
	a := w.ways()[0].prepare(w, card)
	r := w.try(a)
	w.mustBe(r, payment.Paid)
	a.order.Ref = r.Ref
	return a, r
}

func newKey() string { return id.New().String() }
