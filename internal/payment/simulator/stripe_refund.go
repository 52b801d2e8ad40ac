package simulator

import "time"

// refund is money of a payment that was given back.
type refund struct {
	id      string
	intent  *intent
	amount  int64 // won
	tags    map[string]string
	created time.Time
	moved   *balance
}

// newRefund gives money back.
func (s *Simulator) newRefund(c *call) answer {
	p := s.stripe.intents[c.form.Get("payment_intent")]
	if p == nil {
		return missing("payment_intent", c.form.Get("payment_intent"))
	}
	amount, named := c.won("amount")
	if !named {
		amount = p.left()
	}
	r, _ := rowOf(p.label())
	switch {
	case c.form.Has("amount") && !named:
		return unfit("amount", "Invalid integer")
	case p.status != succeeded:
		return coded("payment_intent_unexpected_state")
	case p.left() == 0:
		return coded("charge_already_refunded")
	case amount > p.left():
		return unfit("amount", "The refund amount is greater than what is left of the charge.")
	case r.whole && amount != p.left():
		return unfit("amount", "Partial refunds are not supported for this charge.")
	}
	return s.move(c, ofGiving, p.label(), p.order(), func(now time.Time) answer {
		return c.shows(s.refundView(s.giveOut(p, min(amount, p.left()), c, now)))
	})
}

// giveOut carries a refund out. The caller holds the lock.
func (s *Simulator) giveOut(p *intent, amount int64, c *call, now time.Time) *refund {
	f := &refund{id: newKey("re_"), intent: p, amount: amount, tags: c.tagged("metadata"), created: now}
	if amount == 0 { // another refund was faster
		return f
	}
	p.refunds = append(p.refunds, f)
	s.stripe.refunds = append(s.stripe.refunds, f)
	p.taking.Givings = append(p.taking.Givings, Giving{Ref: f.id, Amount: amount, Reason: c.form.Get("reason"), At: now})
	f.moved = s.moveBalance("refund", -amount, now, ref{f.id, func() object { return s.refundView(f) }})
	p.story.chapter++
	s.announce(&p.story, now, "charge.refunded", s.chargeView(p))
	return f
}

func (s *Simulator) listRefunds(c *call) answer {
	of := c.form.Get("payment_intent")
	if of != "" && s.stripe.intents[of] == nil {
		return missing("payment_intent", of)
	}
	var all []entryOf
	for _, f := range s.stripe.refunds {
		if of == "" || f.intent.id == of {
			all = append(all, entryOf{f.id, f.created, func() object { return s.refundView(f) }})
		}
	}
	return s.lists(c, all)
}

// balance is one movement on the merchant's account.
type balance struct {
	id, kind string
	amount   int64 // won; below zero = it went away
	at       time.Time
	source   ref
}

// moveBalance enters a movement. The caller holds the lock.
func (s *Simulator) moveBalance(kind string, amount int64, now time.Time, source ref) *balance {
	b := &balance{newKey("txn_"), kind, amount, now, source}
	s.stripe.balance = append(s.stripe.balance, b)
	return b
}

func (s *Simulator) listBalance(c *call) answer {
	kind := c.form.Get("type")
	var all []entryOf
	for _, b := range s.stripe.balance {
		if kind == "" || b.kind == kind {
			all = append(all, entryOf{b.id, b.at, b.view})
		}
	}
	return s.lists(c, all)
}
