package simulator

import (
	"net/http"
	"time"
)

func shown(p *payment) answer { return answer{status: http.StatusOK, body: p.view()} }

// confirm takes the money of a payment that the payer said yes to in the window.
func (s *Simulator) confirm(c *call) answer {
	if a := forced(c); a != nil {
		return *a
	}
	var in struct {
		Key    string `json:"paymentKey"`
		Order  string `json:"orderId"`
		Amount int64  `json:"amount"`
	}
	if a := c.read(&in); a != nil {
		return *a
	}
	p := s.toss.payments[in.Key]
	switch {
	case p == nil:
		return tossRefuses("NOT_FOUND_PAYMENT")
	case p.order != in.Order || p.total != in.Amount:
		return tossRefuses("INVALID_REQUEST")
	case p.status == expired || p.status == aborted:
		return tossRefuses("NOT_FOUND_PAYMENT_SESSION")
	case p.status != inProcess:
		return tossRefuses("ALREADY_PROCESSED_PAYMENT")
	}
	a := s.move(c, ofTaking, p.label(), p.order, func(now time.Time) answer {
		if p.status == inProcess {
			s.paid(p, now)
		}
		return shown(p)
	})
	if e, refused := a.body.(tossError); refused && a.truth == nil && !a.forget && !c.later {
		s.ended(p, aborted, e.Code, c.now)
	}
	return a
}

func (s *Simulator) getPayment(c *call) answer {
	if p := s.toss.payments[c.r.PathValue("key")]; p != nil {
		return shown(p)
	}
	return tossRefuses("NOT_FOUND_PAYMENT")
}

func (s *Simulator) getOrder(c *call) answer {
	if p := s.toss.orders[c.r.PathValue("order")]; p != nil {
		return shown(p)
	}
	return tossRefuses("NOT_FOUND_PAYMENT")
}

// issue makes a billing key of what the window gave, once.
func (s *Simulator) issue(c *call) answer {
	var in struct {
		Auth     string `json:"authKey"`
		Customer string `json:"customerKey"`
	}
	if a := c.read(&in); a != nil {
		return *a
	}
	left := s.toss.auths[in.Auth]
	if left == nil {
		return tossRefuses("NOT_FOUND_BILLING")
	}
	if left.customer != in.Customer {
		return tossRefuses("NOT_MATCHES_CUSTOMER_KEY")
	}
	delete(s.toss.auths, in.Auth)
	left.billing, left.at = newKey("bsim_"), c.now
	s.toss.cards[left.billing] = left
	return answer{status: http.StatusOK, body: left.view()}
}

// charge takes money of a stored card.
func (s *Simulator) charge(c *call) answer {
	if a := forced(c); a != nil {
		return *a
	}
	var in struct {
		Customer string `json:"customerKey"`
		Amount   int64  `json:"amount"`
		Order    string `json:"orderId"`
		Name     string `json:"orderName"`
	}
	if a := c.read(&in); a != nil {
		return *a
	}
	stored := s.toss.cards[c.r.PathValue("billing")]
	switch {
	case stored == nil:
		return tossRefuses("NOT_FOUND_BILLING")
	case stored.removed:
		return tossRefuses("ALREADY_REMOVED_BILLING_KEY")
	case stored.customer != in.Customer:
		return tossRefuses("NOT_MATCHES_CUSTOMER_KEY")
	case in.Name == "" || len([]rune(in.Name)) > 100:
		return tossRefuses("INVALID_REQUEST")
	}
	if a := s.sale(in.Order, in.Amount); a != nil {
		return *a
	}
	return s.move(c, ofTaking, stored.label(), in.Order, func(now time.Time) answer {
		p := s.add(&payment{order: in.Order, name: in.Name, customer: in.Customer, kind: "BILLING", total: in.Amount, requested: now, card: stored})
		s.paid(p, now)
		return shown(p)
	})
}

// removeCard makes a billing key useless.
func (s *Simulator) removeCard(c *call) answer {
	stored := s.toss.cards[c.r.PathValue("billing")]
	switch {
	case stored == nil:
		return tossRefuses("NOT_FOUND_BILLING")
	case stored.removed:
		return tossRefuses("ALREADY_REMOVED_BILLING_KEY")
	}
	stored.removed = true
	t := s.newStory(stored.label())
	s.tellToss(&t, c.now, map[string]any{
		"eventType": "BILLING_DELETED", "createdAt": c.now.In(korean).Format(noticeForm),
		"data": map[string]string{"billingKey": stored.billing, "customerKey": stored.customer},
	})
	return answer{status: http.StatusOK, body: stored.view()}
}
