package simulator

import (
	"net/http"
	"time"
)

// Stripe's words for where a payment stands.
const (
	requiresMethod  = "requires_payment_method"
	requiresCapture = "requires_capture"
	succeeded       = "succeeded"
	intentCanceled  = "canceled"
)

// orderTag is the name under which whoever makes a payment tells which order it is for.
const orderTag = "order_id"

// intent is one payment at Stripe.
type intent struct {
	id, status            string
	amount                int64 // won
	customer, description string
	method                *stripeMethod
	tags                  map[string]string
	manual                bool // the card is held first, and captured by a request of its own
	created, charged      time.Time
	charge                string // the id of its charge; empty = there is none
	moved                 *balance
	failure               *stripeError
	reason                string // why it was cancelled
	taking                *Taking
	refunds               []*refund
	story                 story
}

func (p *intent) order() string { return p.tags[orderTag] }

func (p *intent) label() string { return p.method.card.label() }

// left is what can still be refunded.
func (p *intent) left() int64 {
	if p.taking == nil {
		return 0
	}
	return p.amount - p.taking.back()
}

// addIntent enters a payment. The caller holds the lock.
func (s *Simulator) addIntent(p *intent) *intent {
	p.id = newKey("pi_")
	p.story = s.newStory(p.label())
	s.stripe.intents[p.id] = p
	s.stripe.listed = append(s.stripe.listed, p)
	return p
}

// collect takes the money of a payment. The caller holds the lock.
func (s *Simulator) collect(p *intent, now time.Time) {
	p.status = succeeded
	p.taking = s.take(&Taking{Gateway: "stripe", OrderID: p.order(), Ref: p.id, Method: "card", Amount: p.amount, At: now})
	p.moved = s.moveBalance("charge", p.amount, now, ref{p.charge, func() object { return s.chargeView(p) }})
	s.reach(p, "payment_intent.succeeded", now)
}

// giveUp ends a payment whose card was held and is let go. The caller holds the lock.
func (s *Simulator) giveUp(p *intent, reason string, now time.Time) {
	p.status, p.reason = intentCanceled, reason
	s.reach(p, "payment_intent.canceled", now)
}

// reach tells that a payment now stands elsewhere. The caller holds the lock.
func (s *Simulator) reach(p *intent, kind string, now time.Time) {
	p.story.chapter++
	s.announce(&p.story, now, kind, s.intentView(p))
}

// newIntent takes money with a stored card, while its owner is not there.
func (s *Simulator) newIntent(c *call) answer {
	amount, ok := c.won("amount")
	m, customer := s.stripe.methods[c.form.Get("payment_method")], c.form.Get("customer")
	switch {
	case !ok:
		return unfit("amount", "Invalid integer")
	case c.form.Get("currency") != "krw":
		return unfit("currency", "Only krw is simulated.")
	case c.form.Get("confirm") != "true" || c.form.Get("off_session") != "true" || c.form.Get("capture_method") == "manual":
		return unfit("confirm", "Only payments that are confirmed off-session and captured at once are simulated.")
	case amount < stripeLeast:
		return coded("amount_too_small")
	case customer == "" || s.stripe.customers[customer] == nil:
		return missing("customer", customer)
	case m == nil:
		return missing("payment_method", c.form.Get("payment_method"))
	case m.customer == "":
		return unfit("payment_method", "The provided PaymentMethod was detached from its Customer. It may not be used again.")
	case m.customer != customer:
		return stripeSays(http.StatusBadRequest, stripeError{Type: invalidRequest, Code: "resource_missing", Param: "payment_method",
			Message: "The customer does not have a payment method with the ID " + m.id + ". The payment method must be attached to the customer."})
	}
	p := &intent{amount: amount, customer: customer, method: m, tags: c.tagged("metadata"), description: c.form.Get("description"), created: c.now}
	a := s.move(c, ofTaking, m.card.label(), p.order(), func(now time.Time) answer {
		s.addIntent(p)
		p.charge, p.charged = newKey("ch_"), now
		s.collect(p, now)
		return c.shows(s.intentView(p))
	})
	if b, refused := a.body.(stripeBody); refused && b.Error.Type == cardError {
		return s.declined(s.addIntent(p), a, b, c.now)
	}
	return a
}

// declined notes the refusal of a card on its payment, and names the payment in the answer.
// The caller holds the lock.
func (s *Simulator) declined(p *intent, a answer, b stripeBody, now time.Time) answer {
	failure := b.Error
	p.status, p.failure = requiresMethod, &failure
	b.Error.Intent = expanded(s.intentView(p), nil)
	s.reach(p, "payment_intent.payment_failed", now)
	a.body = b
	return a
}

// capture takes the money of a card that was held.
func (s *Simulator) capture(c *call) answer {
	p := s.stripe.intents[c.r.PathValue("id")]
	switch {
	case p == nil:
		return missing("intent", c.r.PathValue("id"))
	case p.status != requiresCapture:
		return coded("payment_intent_unexpected_state")
	case c.form.Has("amount_to_capture"):
		return unfit("amount_to_capture", "Only whole captures are simulated.")
	}
	a := s.move(c, ofTaking, p.label(), p.order(), func(now time.Time) answer {
		if p.status == requiresCapture {
			s.collect(p, now)
		}
		return c.shows(s.intentView(p))
	})
	if b, refused := a.body.(stripeBody); refused && b.Error.Type == cardError {
		return s.declined(p, a, b, c.now)
	}
	return a
}

// cancelIntent lets a card go that was held.
func (s *Simulator) cancelIntent(c *call) answer {
	p := s.stripe.intents[c.r.PathValue("id")]
	switch {
	case p == nil:
		return missing("intent", c.r.PathValue("id"))
	case p.status != requiresCapture && p.status != requiresMethod:
		return coded("payment_intent_unexpected_state")
	}
	s.giveUp(p, orElse(c.form.Get("cancellation_reason"), "requested_by_customer"), c.now)
	return c.shows(s.intentView(p))
}

func (s *Simulator) getIntent(c *call) answer {
	if p := s.stripe.intents[c.r.PathValue("id")]; p != nil {
		return c.shows(s.intentView(p))
	}
	return missing("intent", c.r.PathValue("id"))
}

func (s *Simulator) listIntents(c *call) answer {
	customer := c.form.Get("customer")
	if customer != "" && s.stripe.customers[customer] == nil {
		return missing("customer", customer)
	}
	var all []entryOf
	for _, p := range s.stripe.listed {
		if customer == "" || p.customer == customer {
			all = append(all, entryOf{p.id, p.created, func() object { return s.intentView(p) }})
		}
	}
	return s.lists(c, all)
}
