package paymenttest

import (
	"net/url"
	"testing"

	"creditmsg/internal/payment"
)

// The sentences about cards that are left with the gateway.

func testToken(t *testing.T, h Harness) {
	w := newWorld(t, h)
	if !w.Capabilities().Tokens {
		return
	}
	a := w.charging(goodCard)
	w.mustBe(w.try(a), payment.Paid)
	for _, try := range []string{"once", "twice"} {
		if err := w.RemoveToken(t.Context(), a.token); err != nil {
			t.Errorf("remove %s: %v", try, err)
		}
	}
	o := newOrder(payment.Stored)
	late := &attempt{order: o, token: a.token}
	r := w.Charge(t.Context(), o, a.token)
	if w.judge(late, r); r.State != payment.Declined || !r.Reason.Dead() {
		t.Errorf("charge after: got %+v, want it declined for a dead card", r)
	}
	for action, reason := range map[string]payment.Reason{"leave": payment.PayerLeft, "decline": payment.CardDeclined} {
		reg := newRegistration()
		begun := w.BeginToken(t.Context(), reg)
		if action == "decline" && h.Hosted {
			w.stays(begun.Checkout, goodCard, action)
			action, reason = "leave", payment.PayerLeft
		}
		if got := w.FinishToken(t.Context(), reg, w.play(begun.Checkout, goodCard, action)); got.State != payment.Declined || got.Reason != reason {
			t.Errorf("%s: got %+v, want it declined for %s", action, got, reason)
		}
	}
	for _, how := range broken {
		w.lostToken(how)
	}
}

// lostToken leaves a card while the reply breaks; the same request again has it.
func (w *world) lostToken(how fault) {
	w.Helper()
	reg := newRegistration()
	back := w.play(w.BeginToken(w.Context(), reg).Checkout, goodCard, "pay")
	w.line.mark(everyRequest, how)
	got := w.FinishToken(w.Context(), reg, back)
	w.line.mark(everyRequest, passes)
	if got.State != payment.Unknown {
		w.Errorf("%v: got %+v, want it unknown", how, got)
	}
	if got := w.FinishToken(w.Context(), reg, back); got.State != payment.Paid || got.Token.Secret == "" {
		w.Errorf("%v, again: got %+v, want the card", how, got)
	}
}

func testStrangeToken(t *testing.T, h Harness) {
	w := newWorld(t, h)
	if !w.Capabilities().Tokens {
		return
	}
	mine, other := newRegistration(), newRegistration()
	back := w.play(w.BeginToken(t.Context(), mine).Checkout, goodCard, "pay")
	for what, got := range map[string]payment.TokenResult{
		"of another customer": w.FinishToken(t.Context(), other, back),
		"nothing":             w.FinishToken(t.Context(), mine, url.Values{}),
	} {
		if got.State != payment.Failed || got.Reason != payment.BadRequest || got.Token.Secret != "" {
			t.Errorf("%s: got %+v, want it failed", what, got)
		}
	}
	if got := w.FinishToken(t.Context(), mine, back); got.State != payment.Paid {
		t.Errorf("mine: got %+v, want the card", got)
	}
	token := w.stored(goodCard)
	token.Customer = other.Customer
	o := newOrder(payment.Stored)
	r := w.Charge(t.Context(), o, token)
	if w.judge(&attempt{order: o, token: token}, r); r.State != payment.Declined || !r.Reason.Dead() {
		t.Errorf("charge for another customer: got %+v, want it declined", r)
	}
}
