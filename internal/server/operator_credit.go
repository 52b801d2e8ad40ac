package server

import (
	"context"
	"slices"
	"strings"
	"time"

	"creditmsg/internal/billing"
	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/korea"
	"creditmsg/internal/money"
	"creditmsg/internal/site"
)

// TopUp is credit that an operator gives or takes.
type TopUp struct {
	Site   string
	Amount string // won, such as 15000 or -500.50; negative only for an adjustment
	Kind   string // paid, bonus or adjustment
	Reason string
	// Expires is the last Korean day on which the credit can be used, such as 2026-12-31; ""
	// = it does not expire. An adjustment never does.
	Expires string
}

// The kinds of a top-up as people say them.
var topUpKinds = map[string]credit.Kind{"paid": credit.Payment, "bonus": credit.Bonus, "adjustment": credit.Adjustment}

// Entry is one line of a site's ledger with the purse after it.
type Entry struct {
	Site      string       `json:"site"`
	Seq       int64        `json:"seq"`
	Kind      string       `json:"kind"`
	Amount    money.Amount `json:"amount"`
	Debit     string       `json:"debit"`
	Credit    string       `json:"credit"`
	Available money.Amount `json:"available_after"`
	Held      money.Amount `json:"held_after"`
	Note      string       `json:"note"`
	At        time.Time    `json:"at"`
}

func entryOf(e credit.Entry) Entry {
	return Entry{Site: e.Site, Seq: e.Seq, Kind: string(e.Kind), Amount: e.Amount, Debit: string(e.Debit), Credit: string(e.Credit),
		Available: e.AvailableAfter, Held: e.HeldAfter, Note: e.Note, At: e.At.Time()}
}

// AddCredit books a top-up. Faults: Invalid, NotFound, and Conflict for taking more
// than is available.
func (p *Operator) AddCredit(ctx context.Context, t TopUp) (e Entry, err error) {
	add, err := t.parse()
	if err != nil {
		return Entry{}, err
	}
	err = p.d.Update(ctx, "operator_add_credit", func(tx *db.Tx) error {
		if _, err := site.Find(tx, t.Site); err != nil {
			return err
		}
		made, err := p.billing.TopUp(tx, add)
		e = entryOf(made)
		return err
	})
	return e, err
}

func (t TopUp) parse() (credit.TopUp, error) {
	kind, known := topUpKinds[t.Kind]
	if !known {
		return credit.TopUp{}, fault.Check("--kind", "%q is not one of paid, bonus, adjustment", t.Kind)
	}
	amount, err := money.ParseSigned(t.Amount)
	switch {
	case err != nil:
		return credit.TopUp{}, fault.Check("AMOUNT", "%q is not an amount of won with at most four decimals, such as 15000 or -500.50", t.Amount)
	case amount == 0:
		return credit.TopUp{}, fault.Check("AMOUNT", "an amount of nothing changes nothing")
	case amount < 0 && kind != credit.Adjustment:
		return credit.TopUp{}, fault.Check("AMOUNT", "only an adjustment may be negative: leave --kind %s out", t.Kind)
	case kind == credit.Payment && (amount%money.Won != 0 || amount > billing.MostAmount):
		return credit.TopUp{}, fault.Check("AMOUNT", "what was paid for is whole won, at most %s: book a fraction as an adjustment", billing.MostAmount)
	case strings.TrimSpace(t.Reason) == "":
		return credit.TopUp{}, fault.Check("--reason", "say why, for whoever reads the ledger later")
	}
	add := credit.TopUp{Site: t.Site, Kind: kind, Amount: amount, Note: t.Reason}
	if t.Expires == "" {
		return add, nil
	}
	last, err := korea.ParseDay(t.Expires)
	switch {
	case err != nil:
		return add, fault.Check("--expires", "%q is not a day such as 2026-12-31", t.Expires)
	case kind == credit.Adjustment:
		return add, fault.Check("--expires", "an adjustment does not expire: say --kind paid or bonus")
	}
	add.ExpiresAt = db.At(last.AddDate(0, 0, 1))
	return add, nil
}

// Purse is a site's credit with its newest entries.
type Purse struct {
	Site      string        `json:"site"`
	Balance   money.Amount  `json:"balance"`
	Available money.Amount  `json:"available"`
	Held      money.Amount  `json:"held"`
	Spent     money.Amount  `json:"spent"`
	Prices    credit.Prices `json:"prices"`
	Entries   []Entry       `json:"entries"` // the newest first
}

// newest is how many entries a purse shows.
const newest = 10

// Credit gives a site's purse. NotFound.
func (p *Operator) Credit(ctx context.Context, id string) (c Purse, err error) {
	err = p.d.Snapshot(ctx, "operator_credit", func(tx *db.Tx) error {
		if _, err := site.Find(tx, id); err != nil {
			return err
		}
		a, err := p.ledger.Account(tx, id)
		if err != nil {
			return err
		}
		c = Purse{Site: id, Balance: a.Available + a.Held, Available: a.Available, Held: a.Held, Spent: a.Spent, Entries: []Entry{}}
		if c.Prices, err = credit.PricesOf(tx, id); err != nil {
			return err
		}
		entries, err := p.ledger.Entries(tx, id, max(a.Seq-newest, 0), newest)
		for _, e := range slices.Backward(entries) {
			c.Entries = append(c.Entries, entryOf(e))
		}
		return err
	})
	return c, err
}
