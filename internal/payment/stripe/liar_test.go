package stripe_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"creditmsg/internal/payment"
	"creditmsg/internal/payment/paymenttest"
	"creditmsg/internal/payment/simulator"
)

// liar is the honest adapter with a change of what goes in or comes out. What every adapter
// can lie about is tried with that of Toss; here is what Stripe adds.
type liar struct {
	payment.Gateway
	begin  func(o *payment.Order)
	sold   func(o payment.Order, r *payment.Result)
	found  func(o payment.Order, r *payment.Result)
	given  func(r *payment.CancelResult)
	notice func(h http.Header, body []byte, now *time.Time) http.Header
	seen   map[string]bool // orders that were charged
}

func (l *liar) Begin(ctx context.Context, o payment.Order) payment.Result {
	if l.begin != nil {
		l.begin(&o)
	}
	return l.Gateway.Begin(ctx, o)
}

func (l *liar) Confirm(ctx context.Context, o payment.Order, back url.Values) payment.Result {
	r := l.Gateway.Confirm(ctx, o, back)
	if l.sold != nil {
		l.sold(o, &r)
	}
	return r
}

func (l *liar) Charge(ctx context.Context, o payment.Order, t payment.Token) payment.Result {
	r := l.Gateway.Charge(ctx, o, t)
	if l.sold != nil {
		l.sold(o, &r)
	}
	return r
}

func (l *liar) Find(ctx context.Context, o payment.Order) payment.Result {
	r := l.Gateway.Find(ctx, o)
	if l.found != nil {
		l.found(o, &r)
	}
	return r
}

func (l *liar) Cancel(ctx context.Context, c payment.Cancellation) payment.CancelResult {
	r := l.Gateway.Cancel(ctx, c)
	if l.given != nil {
		l.given(&r)
	}
	return r
}

func (l *liar) Notice(h http.Header, body []byte, now time.Time) (payment.Notice, error) {
	if l.notice != nil {
		h = l.notice(h, body, &now)
	}
	return l.Gateway.Notice(h, body, now)
}

// signedNow is a header that proves any body.
func signedNow(body []byte, now time.Time) http.Header {
	sum := hmac.New(sha256.New, []byte(simulator.DefaultStripeSecret))
	fmt.Fprintf(sum, "%d.%s", now.Unix(), body)
	return http.Header{"Stripe-Signature": {fmt.Sprintf("t=%d,v1=%s", now.Unix(), hex.EncodeToString(sum.Sum(nil)))}}
}

// lies are what each liar does, and the sentence that finds it.
func lies() map[string]paymenttest.Lie {
	told := func(sentence string, lie func(*liar)) paymenttest.Lie {
		return paymenttest.Lie{Sentence: sentence, Tell: func(g payment.Gateway) payment.Gateway {
			l := &liar{Gateway: g, seen: map[string]bool{}}
			lie(l)
			return l
		}}
	}
	const forged = "forged notices are refused or do no harm"
	return map[string]paymenttest.Lie{
		"believes every notice": told(forged, func(l *liar) {
			l.notice = func(_ http.Header, body []byte, now *time.Time) http.Header { return signedNow(body, *now) }
		}),
		"believes old notices": told(forged, func(l *liar) {
			l.notice = func(h http.Header, _ []byte, now *time.Time) http.Header { *now = time.Now(); return h }
		}),
		"opens another page each time": told("beginning takes no money and says how to pay", func(l *liar) {
			l.begin = func(o *payment.Order) { o.Key += time.Now().Format(time.RFC3339Nano) }
		}),
		"takes a lost capture for open": told("whatever breaks at whichever request, the result is true", func(l *liar) {
			l.sold = func(o payment.Order, r *payment.Result) {
				if r.State == payment.Unknown && o.Method == payment.Card {
					r.State = payment.Open
				}
			}
		}),
		"takes a kept error for a failure": told("a failure of the vendor is unknown and found out later", func(l *liar) {
			l.sold = func(_ payment.Order, r *payment.Result) {
				if r.Code == "api_error" {
					r.State, r.Reason = payment.Failed, payment.GatewayFailure
				}
			}
		}),
		"asks for the first try alone": told("a second try after a refusal is found", func(l *liar) {
			l.found = func(o payment.Order, r *payment.Result) {
				if o.Ref != "" && o.Ref != r.Ref {
					*r = payment.Result{State: payment.Declined, Ref: o.Ref, Reason: payment.CardDeclined}
				}
			}
		}),
		"calls a second key a failure": told("an order that was paid is not charged with another key", func(l *liar) {
			l.sold = func(o payment.Order, r *payment.Result) {
				if l.seen[o.ID] {
					r.State, r.Reason = payment.Failed, payment.BadRequest
				}
				l.seen[o.ID] = true
			}
		}),
		"says that what was held was given back": told("a payment that was not taken is not given back", func(l *liar) {
			l.given = func(r *payment.CancelResult) { r.State = payment.CancelDone }
		}),
		"takes a kept error for given back": told("a cancellation says what became of it", func(l *liar) {
			l.given = func(r *payment.CancelResult) {
				if r.State == payment.CancelUnknown {
					r.State = payment.CancelDone
				}
			}
		}),
	}
}

func TestALiar(t *testing.T) { paymenttest.TryLiar(t, harness(), lies()) }

func TestTheSuiteFindsEveryLiar(t *testing.T) { paymenttest.FindLiars(t, lies()) }
