package simulator

import (
	"time"
	"unicode/utf8"
)

const (
	accountUsual = 168 // hours
	accountMost  = 720
)

// openAccount gives a payment an account of its own.
func (s *Simulator) openAccount(c *call) answer {
	if a := forced(c); a != nil {
		return *a
	}
	var in struct {
		Amount   int64  `json:"amount"`
		Order    string `json:"orderId"`
		Name     string `json:"orderName"`
		Customer string `json:"customerName"`
		Bank     string `json:"bank"`
		Hours    int    `json:"validHours"`
	}
	if a := c.read(&in); a != nil {
		return *a
	}
	if in.Hours == 0 {
		in.Hours = accountUsual
	}
	if n := utf8.RuneCountInString(in.Name); n == 0 || n > 100 || in.Customer == "" || in.Bank == "" || in.Hours < 1 || in.Hours > accountMost {
		return tossRefuses("INVALID_REQUEST")
	}
	if a := s.sale(in.Order, in.Amount); a != nil {
		return *a
	}
	lasts := time.Duration(in.Hours) * time.Hour
	return s.move(c, ofTaking, in.Customer, in.Order, func(now time.Time) answer {
		p := s.add(&payment{order: in.Order, name: in.Name, kind: "NORMAL", status: waiting, total: in.Amount, requested: now,
			account: &account{number: "X" + digits(13), bank: in.Bank, payer: in.Customer, due: now.Add(lasts), refund: "NONE"}})
		s.toss.accounts[p.account.number] = p
		s.lapse(p, now, lasts, waiting)
		s.changed(p, now)
		return shown(p)
	})
}

// deposit lets the money of a payment arrive on its account; it says whether one waited for
// it. The caller holds the lock.
func (s *Simulator) deposit(p *payment, now time.Time, reversed bool) bool {
	if p == nil || p.status != waiting {
		return false
	}
	s.paid(p, now)
	r, tabled := rowOf(p.label())
	if reversed || r.reverses || !tabled && s.chance(ofReversing, p.label()) < s.scenario.Reverse {
		s.after(now, s.options.SlowFor, func(now time.Time) { s.reverse(p, now) })
	}
	return true
}

// reverse takes money back that seemed to have come: a fault of the bank's network. The
// caller holds the lock.
func (s *Simulator) reverse(p *payment, now time.Time) {
	if p.status != done {
		return
	}
	s.untake(p.taking)
	s.unmove(p)
	p.status, p.approved, p.taking = waiting, time.Time{}, nil
	s.changed(p, now)
}
