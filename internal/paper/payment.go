package paper

import (
	"time"

	"creditmsg/internal/billing"
	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/money"
)

// Payment is credit that was paid for, or, below zero, whose payment was taken back. VAT
// comes on top of the credit, and is that of the payment, or of its cancellation.
type Payment struct {
	Seq       int64     `json:"seq"` // of its entry; 0 = none, since VAT alone went back
	At        time.Time `json:"at"`
	Kind      string    `json:"kind"`
	Ref       string    `json:"ref"`
	Cancel    string    `json:"cancel,omitempty"`         // pcn_…, of what was taken back or restored
	FromEntry bool      `json:"vat_from_entry,omitempty"` // nobody wrote its VAT down: it is computed from the entry
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

// String is the amount as the ledger writes it.
func (a signed) String() string { return money.Amount(a).String() }

// MarshalText writes the amount.
func (a signed) MarshalText() ([]byte, error) { return money.Amount(a).MarshalText() }

// Grouped writes the amount as people do.
func (a signed) Grouped() string { return money.Amount(a).Grouped() }

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

// addPayments lists what was paid in the month and what of it went back: an entry each, with
// the VAT that its payment has. start is the month's beginning.
func (p *Papers) addPayments(tx *db.Tx, s *Statement, start time.Time) error {
	paid, err := p.ledger.CashEntries(tx, s.Site, s.Opening.Seq, s.Closing.Seq)
	if err != nil {
		return err
	}
	booked, err := p.billing.Booked(tx, s.Site, paid, db.At(start), db.At(start.AddDate(0, 1, 0)))
	if err != nil {
		return err
	}
	s.Payments = make([]Payment, 0, len(paid))
	for _, e := range paid {
		row := Payment{Seq: e.Seq, At: e.At.Time(), Kind: string(e.Kind), Ref: e.Ref}
		if len(booked) > 0 && booked[0].Entry == e.Seq {
			row.book(booked[0])
			booked = booked[1:]
		} else {
			row.FromEntry, row.Total = true, taxed(paidBy(string(e.Debit), string(e.Credit))*e.Amount)
		}
		s.Payments = append(s.Payments, row)
	}
	for _, b := range booked { // VAT that went back alone
		row := Payment{At: b.At.Time(), Kind: string(credit.PaymentCancel), Ref: b.Payment.Text(id.Payment)}
		row.book(b)
		s.Payments = append(s.Payments, row)
	}
	for _, row := range s.Payments {
		s.PaymentTotal.add(row.Total)
	}
	return nil
}

// book gives a payment what billing says of it.
func (p *Payment) book(b billing.Booked) {
	p.Total = Total{signed(b.Supply), signed(b.VAT), signed(b.Supply + b.VAT)}
	if !b.Cancel.IsZero() {
		p.Cancel = b.Cancel.Text(id.Cancel)
	}
}

// possible reports whether the numbers of a payment fit each other. Forms before the present
// one computed all VAT from the entries.
func (p *Payment) possible(form string) bool {
	switch {
	case form == earlierForm:
		return p.Seq > 0 && p.Cancel == "" && !p.FromEntry && p.Total == taxed(money.Amount(p.Supply))
	case p.FromEntry:
		return p.Seq > 0 && p.Cancel == "" && p.Total == taxed(money.Amount(p.Supply))
	case p.Seq == 0:
		return p.Supply == 0 && p.Cancel != "" && p.VAT < 0 && p.Total.Total == p.VAT
	}
	return p.Supply != 0 && p.Total.Total == p.Supply+p.VAT
}
