package toss_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"testing"
	"time"

	"creditmsg/internal/payment"
	"creditmsg/internal/payment/paymenttest"
)

// liar is the honest adapter with a change of what goes in or comes out.
type liar struct {
	payment.Gateway
	order   func(o *payment.Order)                                                 // what is asked of Begin, Confirm and Charge
	back    func(o payment.Order, back *url.Values)                                // what Confirm is told
	sold    func(l *liar, o payment.Order, t payment.Token, r *payment.Result)     // what Confirm and Charge say
	found   func(o payment.Order, r *payment.Result)                               // what Find says
	give    func(c *payment.Cancellation)                                          // what is asked of Cancel
	given   func(l *liar, c payment.Cancellation, r *payment.CancelResult)         // what it says
	token   func(r *payment.Registration, back url.Values, t *payment.TokenResult) // what FinishToken says
	removed func(err error) error
	notice  func(n *payment.Notice, err *error)
	page    func(p *payment.Page, err *error)
	receipt func(r *payment.ReceiptResult)
	ctx     func(context.Context) context.Context
}

func (l *liar) context(ctx context.Context) context.Context {
	if l.ctx != nil {
		return l.ctx(ctx)
	}
	return ctx
}

func (l *liar) after(o payment.Order, t payment.Token, r payment.Result) payment.Result {
	if l.sold != nil {
		l.sold(l, o, t, &r)
	}
	return r
}

func (l *liar) Begin(ctx context.Context, o payment.Order) payment.Result {
	if l.order != nil {
		l.order(&o)
	}
	return l.Gateway.Begin(ctx, o)
}

func (l *liar) Confirm(ctx context.Context, o payment.Order, back url.Values) payment.Result {
	if l.order != nil {
		l.order(&o)
	}
	if l.back != nil {
		l.back(o, &back)
	}
	return l.after(o, payment.Token{}, l.Gateway.Confirm(l.context(ctx), o, back))
}

func (l *liar) Charge(ctx context.Context, o payment.Order, t payment.Token) payment.Result {
	if l.order != nil {
		l.order(&o)
	}
	return l.after(o, t, l.Gateway.Charge(l.context(ctx), o, t))
}

func (l *liar) Find(ctx context.Context, o payment.Order) payment.Result {
	r := l.Gateway.Find(ctx, o)
	if l.found != nil {
		l.found(o, &r)
	}
	return r
}

func (l *liar) Cancel(ctx context.Context, c payment.Cancellation) payment.CancelResult {
	if l.give != nil {
		l.give(&c)
	}
	r := l.Gateway.Cancel(ctx, c)
	if l.given != nil {
		l.given(l, c, &r)
	}
	return r
}

func (l *liar) FinishToken(ctx context.Context, r payment.Registration, back url.Values) payment.TokenResult {
	t := l.Gateway.FinishToken(ctx, r, back)
	if l.token != nil {
		l.token(&r, back, &t)
	}
	return t
}

func (l *liar) RemoveToken(ctx context.Context, t payment.Token) error {
	err := l.Gateway.RemoveToken(ctx, t)
	if l.removed != nil {
		return l.removed(err)
	}
	return err
}

func (l *liar) Notice(h http.Header, body []byte, now time.Time) (payment.Notice, error) {
	n, err := l.Gateway.Notice(h, body, now)
	if l.notice != nil {
		l.notice(&n, &err)
	}
	return n, err
}

func (l *liar) Transactions(ctx context.Context, from, until time.Time, after string) (payment.Page, error) {
	p, err := l.Gateway.Transactions(ctx, from, until, after)
	if l.page != nil {
		l.page(&p, &err)
	}
	return p, err
}

func (l *liar) Receipt(ctx context.Context, c payment.CashReceipt) payment.ReceiptResult {
	r := l.Gateway.Receipt(ctx, c)
	if l.receipt != nil {
		l.receipt(&r)
	}
	return r
}

// says changes what Confirm and Charge say.
func says(change func(r *payment.Result)) func(*liar) {
	return func(l *liar) {
		l.sold = func(_ *liar, _ payment.Order, _ payment.Token, r *payment.Result) { change(r) }
	}
}

// finds changes what Find says.
func finds(change func(r *payment.Result)) func(*liar) {
	return func(l *liar) { l.found = func(_ payment.Order, r *payment.Result) { change(r) } }
}

// lies are what each liar does, and the sentence that finds it.
var lies = map[string]struct {
	sentence string
	lie      func(*liar)
}{
	"takes a lost answer for a failure": {"whatever breaks at whichever request, the result is true", says(func(r *payment.Result) {
		if r.State == payment.Unknown {
			r.State, r.Reason = payment.Failed, payment.GatewayFailure
		}
	})},
	"takes a lost answer for a yes": {"whatever breaks at whichever request, the result is true", says(func(r *payment.Result) {
		if r.State == payment.Unknown {
			r.State = payment.Paid
		}
	})},
	"takes a partner's error for a decline": {"a failure of the vendor is unknown and found out later", says(func(r *payment.Result) {
		if r.Code == "PROVIDER_ERROR" {
			r.State, r.Reason = payment.Declined, payment.CardDeclined
		}
	})},
	"takes a request under way for a failure": {"what is still under way is found out later", says(func(r *payment.Result) {
		if r.Code == "IDEMPOTENT_REQUEST_PROCESSING" {
			r.State, r.Reason = payment.Failed, payment.GatewayBusy
		}
	})},
	"repeats a request by itself": {"a request that times out is unknown", func(l *liar) {
		l.sold = func(l *liar, o payment.Order, t payment.Token, r *payment.Result) {
			if r.State == payment.Unknown && t.Secret != "" {
				*r = l.Gateway.Charge(context.Background(), o, t)
				r.State = payment.Failed
			}
		}
	}},
	"uses a new key each time": {"the same key takes once", func(l *liar) {
		l.order = func(o *payment.Order) { o.Key = "key-" + time.Now().Format(time.RFC3339Nano) }
	}},
	"charges another amount":     {"money is taken once and said to be", says(func(r *payment.Result) { r.Amount -= 10_000 })},
	"does not say which payment": {"money is taken once and said to be", says(func(r *payment.Result) { r.Ref = "" })},
	"knows nothing":              {"money is taken once and said to be", says(func(r *payment.Result) { *r = payment.Result{} })},
	"rounds fractions away": {"an amount that is not whole won is not asked for", func(l *liar) {
		l.order = func(o *payment.Order) { o.Amount = max(o.Amount/10_000, 1) * 10_000 }
	}},
	"trusts the return address": {"a return address that does not fit takes nothing", func(l *liar) {
		l.back = func(o payment.Order, back *url.Values) {
			if back.Has("paymentKey") {
				*back = url.Values{"paymentKey": {back.Get("paymentKey")}, "orderId": {o.ID}, "amount": {"11000"}}
			}
		}
	}},
	"mistakes who left": {"a payer who leaves or is refused took nothing", says(func(r *payment.Result) {
		if r.Reason == payment.PayerLeft {
			r.Reason = payment.CardDeclined
		}
	})},
	"blames every card alike": {"a refused card is declined for its reason", says(func(r *payment.Result) {
		if r.State == payment.Declined {
			r.Reason = payment.CardDeclined
		}
	})},
	"comes again at once": {"who is too fast is told when to come again", says(func(r *payment.Result) { r.RetryAfter = 0 })},
	"blames the card for a key": {"credentials that are not taken fail", says(func(r *payment.Result) {
		if r.Reason == payment.BadCredentials {
			r.State, r.Reason = payment.Declined, payment.CardDeclined
		}
	})},
	"tells the card": {"a refused card is declined for its reason", func(l *liar) {
		l.sold = func(_ *liar, _ payment.Order, t payment.Token, r *payment.Result) { r.Text += t.Secret }
	}},
	"outlives its context": {"nothing is asked after the context has ended", func(l *liar) { l.ctx = context.WithoutCancel }},
	"takes silence for absent": {"a look-up that breaks learns nothing", finds(func(r *payment.Result) {
		if r.State == payment.Unknown {
			r.State = payment.Absent
		}
	})},
	"finds nothing":    {"money is taken once and said to be", finds(func(r *payment.Result) { *r = payment.Result{State: payment.Absent} })},
	"finds everything": {"an order that nobody knows is absent", finds(func(r *payment.Result) { r.State = payment.Paid })},
	"does not find cancellations": {"a payment is given back whole", finds(func(r *payment.Result) {
		if r.State == payment.Cancelled {
			r.State, r.Cancelled = payment.Paid, 0
		}
	})},
	"does not notice a reversal": {"a deposit may be taken back", finds(func(r *payment.Result) {
		if r.State == payment.Waiting {
			r.State = payment.Paid
		}
	})},
	"says a lost cancellation is done": {"whatever breaks at a cancellation, its result is true", func(l *liar) {
		l.given = func(_ *liar, _ payment.Cancellation, r *payment.CancelResult) {
			if r.State == payment.CancelUnknown {
				r.State = payment.CancelDone
			}
		}
	}},
	"says a lost cancellation is for later": {"whatever breaks at a cancellation, its result is true", func(l *liar) {
		l.given = func(_ *liar, _ payment.Cancellation, r *payment.CancelResult) {
			if r.State == payment.CancelUnknown {
				r.State, r.Reason = payment.CancelLater, payment.GatewayBusy
			}
		}
	}},
	"gives back twice": {"the same key gives back once", func(l *liar) {
		l.given = func(l *liar, c payment.Cancellation, _ *payment.CancelResult) {
			c.Key += "x"
			l.Gateway.Cancel(context.Background(), c)
		}
	}},
	"gives all back for a part": {"a payment is given back in parts", func(l *liar) { l.give = func(c *payment.Cancellation) { c.Whole = true } }},
	"never gives up cancelling": {"a cancellation says what became of it", func(l *liar) {
		l.given = func(_ *liar, _ payment.Cancellation, r *payment.CancelResult) {
			if r.State == payment.CancelNever {
				r.State = payment.CancelLater
			}
		}
	}},
	"takes anybody's card in": {"a card of another customer is not taken in", func(l *liar) {
		l.token = func(r *payment.Registration, _ url.Values, t *payment.TokenResult) {
			if t.State == payment.Failed {
				*t = payment.TokenResult{State: payment.Paid, Token: payment.Token{Customer: r.Customer, Secret: "bsim_x", Label: "x"}}
			}
		}
	}},
	"loses the card": {"a card is left, charged and removed", func(l *liar) {
		l.token = func(_ *payment.Registration, _ url.Values, t *payment.TokenResult) {
			if t.State == payment.Unknown {
				t.State = payment.Failed
			}
		}
	}},
	"complains of a card that is gone": {"a card is left, charged and removed", func(l *liar) {
		l.removed = func(error) error { return errors.New("gone") }
	}},
	"names no payment": {"notices name the payment and change nothing", func(l *liar) {
		l.notice = func(n *payment.Notice, _ *error) { n.OrderID, n.Ref = "", "" }
	}},
	"reads by the clock": {"notices name the payment and change nothing", func(l *liar) {
		l.notice = func(n *payment.Notice, _ *error) { n.ID = time.Now().Format(time.RFC3339Nano) }
	}},
	"swallows garbage": {"garbage is an error or nothing, never a panic", func(l *liar) {
		l.notice = func(_ *payment.Notice, err *error) { *err = nil }
	}},
	"forgets the secret of a deposit": {"an account is given out once and paid into", func(l *liar) {
		l.notice = func(n *payment.Notice, _ *error) { n.Secret = "" }
	}},
	"lists one page":         {"the list of transactions is what was moved", func(l *liar) { l.page = func(p *payment.Page, _ *error) { p.Next = "" } }},
	"lists without an error": {"the list of transactions is what was moved", func(l *liar) { l.page = func(_ *payment.Page, err *error) { *err = nil } }},
	"takes a receipt for lost": {"a cash receipt is issued and taken back", func(l *liar) {
		l.receipt = func(r *payment.ReceiptResult) {
			if r.State == payment.Unknown {
				r.State = payment.Failed
			}
		}
	}},
}

// told are the lies as the suite takes them.
func told() map[string]paymenttest.Lie {
	all := map[string]paymenttest.Lie{}
	for name, l := range lies {
		all[name] = paymenttest.Lie{Sentence: l.sentence, Tell: func(g payment.Gateway) payment.Gateway {
			who := &liar{Gateway: g}
			l.lie(who)
			return who
		}}
	}
	return all
}

func TestALiar(t *testing.T) { paymenttest.TryLiar(t, harness(), told()) }

func TestTheSuiteFindsEveryLiar(t *testing.T) { paymenttest.FindLiars(t, told()) }
