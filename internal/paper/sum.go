package paper

import (
	"fmt"
	"slices"
	"strings"

	"creditmsg/internal/credit"
	"creditmsg/internal/korea"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
)

// addsUp is nil when every number of the statement follows from the others. It reads no
// signature; what it says is for the tenant.
func (s *Statement) addsUp() error {
	for _, check := range []func() error{s.checkMovements, s.checkChannels, s.checkPayments, s.checkHeads} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (s *Statement) checkMovements() error {
	at, count := credit.Balance(s.Opening), int64(0)
	if !possible(at) || !possible(credit.Balance(s.Closing)) {
		return fmt.Errorf("a balance is below zero")
	}
	for i, m := range s.Movements {
		sum := credit.Sum{Kind: credit.Kind(m.Kind), Debit: credit.Name(m.Debit), Credit: credit.Name(m.Credit), Count: m.Count, Amount: m.Amount}
		if !sum.Possible() || m.Count <= 0 || m.Amount <= 0 {
			return fmt.Errorf("movement %d: %d of kind %s from %s to %s of %s cannot be", i+1, m.Count, m.Kind, m.Debit, m.Credit, m.Amount)
		}
		if slices.ContainsFunc(s.Movements[:i], func(o Movement) bool {
			return o.Kind == m.Kind && o.Debit == m.Debit && o.Credit == m.Credit
		}) {
			return fmt.Errorf("movement %d stands there twice", i+1)
		}
		var err error
		if at, err = at.After(sum); err != nil {
			return fmt.Errorf("movement %d: %w", i+1, err)
		}
		if count += m.Count; count < 0 {
			return fmt.Errorf("movement %d counts too many", i+1)
		}
	}
	c := s.Closing
	switch {
	case at.Available != c.Available || at.Held != c.Held || at.Spent != c.Spent:
		return fmt.Errorf("the opening balance and the movements make %s available, %s held and %s spent, but it closes with %s, %s and %s",
			at.Available, at.Held, at.Spent, c.Available, c.Held, c.Spent)
	case s.Opening.Seq < 0 || c.Seq-s.Opening.Seq != count:
		return fmt.Errorf("the movements count %d entries, but there are %d from entry %d to %d", count, c.Seq-s.Opening.Seq, s.Opening.Seq+1, c.Seq)
	case count == 0 && c.Hash != s.Opening.Hash:
		return fmt.Errorf("nothing moved, but the chain ends otherwise than it began")
	}
	return nil
}

func possible(b credit.Balance) bool { return b.Available >= 0 && b.Held >= 0 && b.Spent >= 0 }

// moved adds up the movements of a kind.
func (s *Statement) moved(kind credit.Kind) (sum money.Amount) {
	for _, m := range s.Movements {
		if m.Kind == string(kind) {
			sum += m.Amount
		}
	}
	return sum
}

func (s *Statement) checkChannels() error {
	var spent, refunded money.Amount
	if len(s.Channels) != provider.Channels {
		return fmt.Errorf("it names %d channels, not %d", len(s.Channels), provider.Channels)
	}
	for i, c := range s.Channels {
		if c.Channel != provider.Channel(i).String() || c.Quantity < 0 || c.Spent < 0 || c.Refunded < 0 || (c.Quantity == 0) != (c.Spent == 0) {
			return fmt.Errorf("channel %s: %d recipients for %s, %s refunded cannot be", c.Channel, c.Quantity, c.Spent, c.Refunded)
		}
		var err error
		if spent, err = spent.Plus(c.Spent); err == nil {
			refunded, err = refunded.Plus(c.Refunded)
		}
		if err != nil {
			return fmt.Errorf("channel %s: %w", c.Channel, err)
		}
	}
	if want := s.moved(credit.Settle); spent != want {
		return fmt.Errorf("the channels spent %s together, but %s was settled", spent, want)
	}
	if want := s.moved(credit.Refund); refunded != want {
		return fmt.Errorf("the channels were refunded %s together, but the movements say %s", refunded, want)
	}
	return nil
}

func (s *Statement) checkPayments() error {
	var want money.Amount
	var sum Total
	for _, m := range s.Movements {
		want += paidBy(m.Debit, m.Credit) * m.Amount
	}
	after := s.Opening.Seq
	for _, p := range s.Payments {
		if !p.possible(s.Form) {
			return fmt.Errorf("payment of entry %d: %s with %s of VAT is not %s", p.Seq, money.Amount(p.Supply), money.Amount(p.VAT), money.Amount(p.Total.Total))
		}
		if inOrder := p.Seq == 0 || p.Seq > after && p.Seq <= s.Closing.Seq; !inOrder || korea.Month(p.At) != s.Month {
			return fmt.Errorf("payment of entry %d: it is not of this month, or stands in the wrong place", p.Seq)
		}
		if after = p.Seq; after == 0 {
			after = s.Closing.Seq // what has no entry stands after all that have one
		}
		sum.add(p.Total)
	}
	if sum != s.PaymentTotal || money.Amount(sum.Supply) != want {
		return fmt.Errorf("the payments make %s with %s of VAT, but their sum is given as %s with %s, and the movements say %s",
			money.Amount(sum.Supply), money.Amount(sum.VAT), money.Amount(s.PaymentTotal.Supply), money.Amount(s.PaymentTotal.VAT), want)
	}
	return nil
}

// checkHeads holds the heads to the balances between which they lie.
func (s *Statement) checkHeads() error {
	last := s.Opening
	if b := s.HeadBefore; b != nil {
		if b.Day >= s.Month+"-01" || b.Seq > last.Seq || b.Seq == last.Seq && b.Balance != last {
			return fmt.Errorf("the head of %s is not that before the month", b.Day)
		}
		if s.Complete && b.Seq != last.Seq {
			return fmt.Errorf("entries before the month are not signed, so it is not complete")
		}
	}
	day := ""
	for _, h := range s.Heads {
		if !strings.HasPrefix(h.Day, s.Month+"-") || h.Day <= day || h.Seq <= last.Seq || h.Seq > s.Closing.Seq || h.Spent < 0 {
			return fmt.Errorf("the head of %s is not of this month, or stands in the wrong place", h.Day)
		}
		day, last = h.Day, h.Balance
	}
	switch {
	case last.Seq == s.Closing.Seq && last != s.Closing:
		return fmt.Errorf("it does not close with what the head of %s signs", day)
	case s.Complete && (last.Seq != s.Closing.Seq || s.HeadBefore == nil && s.Opening.Seq != 0):
		return fmt.Errorf("it says that the month is complete, but it is not signed to its end")
	}
	return nil
}
