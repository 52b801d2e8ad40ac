package paper

import (
	"time"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/korea"
	"creditmsg/internal/money"
)

// Payment is credit that was paid for, or, below zero, whose payment was taken back. VAT
// comes on top of the credit.
type Payment struct {
	Seq  int64     `json:"seq"` // of its entry
	At   time.Time `json:"at"`
	Kind string    `json:"kind"`
	Ref  string    `json:"ref"`
	Total
}

// Total is an amount without and with its value added tax. It may be below zero.
type Total struct {
	Supply signed `json:"supply"`
	VAT    signed `json:"vat"`
	Total  signed `json:"total"`
}

// signed is an amount that may be below zero.
type signed money.Amount

// MarshalText writes the amount.
func (a signed) MarshalText() ([]byte, error) { return money.Amount(a).MarshalText() }

// UnmarshalText reads an amount that may begin with a minus sign.
func (a *signed) UnmarshalText(text []byte) error {
	v, err := money.ParseSigned(string(text))
	*a = signed(v)
	return err
}

// taxed adds the tax to a supply.
func taxed(supply money.Amount) Total {
	vat := korea.VAT(supply)
	return Total{signed(supply), signed(vat), signed(supply + vat)}
}

func (t *Total) add(o Total) {
	t.Supply, t.VAT, t.Total = t.Supply+o.Supply, t.VAT+o.VAT, t.Total+o.Total
}

// paidBy says what a movement is of what was paid: 1 for money that came, -1 for money that
// went back, 0 for neither.
func paidBy(debit, credited string) money.Amount {
	switch {
	case debit == string(credit.Cash):
		return 1
	case credited == string(credit.Cash):
		return -1
	}
	return 0
}

// addPayments lists what was paid in the month and what of it went back, as the entries say.
func (p *Papers) addPayments(tx *db.Tx, s *Statement) error {
	paid, err := p.ledger.CashEntries(tx, s.Site, s.Opening.Seq, s.Closing.Seq)
	if err != nil {
		return err
	}
	s.Payments = make([]Payment, len(paid))
	for i, e := range paid {
		t := taxed(paidBy(string(e.Debit), string(e.Credit)) * e.Amount)
		s.Payments[i] = Payment{Seq: e.Seq, At: e.At.Time(), Kind: string(e.Kind), Ref: e.Ref, Total: t}
		s.PaymentTotal.add(t)
	}
	return nil
}
