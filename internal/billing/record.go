package billing

import (
	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
	"creditmsg/internal/payment"
	"creditmsg/internal/site"
)

// Recorded is the gateway of payments that the operator booked without one.
const Recorded = "operator"

// Recording is credit that was paid for outside of any gateway, such as in cash.
type Recording struct {
	Site      string
	Amount    money.Amount // credit, without VAT; whole won
	Note      string       // the operator's, stored sealed
	ExpiresAt db.Time      // of its credit; 0 = never
}

// Record books a payment as paid, and gives it with the seq of the ledger's entry that it
// became. A fraction of a won is Invalid, since nobody can pay one.
func (s *Service) Record(tx *db.Tx, r Recording) (Payment, int64, error) {
	if r.Amount%money.Won != 0 || r.Amount < money.Won || r.Amount > MostAmount {
		return Payment{}, 0, fault.Check("/amount", "want whole won, at least 1 and at most %s", MostAmount)
	}
	if err := site.LockNotErased(tx, r.Site); err != nil {
		return Payment{}, 0, err
	}
	p := &row{expires: r.ExpiresAt, Payment: Payment{Site: r.Site, ID: id.New(), Gateway: Recorded, Method: payment.Transfer,
		State: Created, CreatedAt: tx.Now, Papers: Papers{Note: r.Note}}}
	p.Amount, p.VAT, p.Total = ofCredit(r.Amount)
	if err := s.add(tx, p); err != nil {
		return Payment{}, 0, err
	}
	_, err := s.apply(tx, p, payment.Result{State: payment.Paid, Amount: p.Total}, nil)
	return p.Payment, p.lot, err
}

// TopUp books credit that an operator gives or takes: what was paid for is a payment, with its
// VAT and its receipt. Faults: those of Record and of the ledger's Add, and Conflict for a site
// that was erased.
func (s *Service) TopUp(tx *db.Tx, t credit.TopUp) (credit.Entry, error) {
	if t.Kind != credit.Payment {
		if err := site.LockNotErased(tx, t.Site); err != nil {
			return credit.Entry{}, err
		}
		return s.ledger.Add(tx, t)
	}
	_, seq, err := s.Record(tx, Recording{Site: t.Site, Amount: t.Amount, Note: t.Note, ExpiresAt: t.ExpiresAt})
	if err != nil {
		return credit.Entry{}, err
	}
	made, err := s.ledger.Entries(tx, t.Site, seq-1, 1)
	if err != nil {
		return credit.Entry{}, err
	}
	return made[0], nil
}
