package server

import (
	"context"
	"time"

	"creditmsg/internal/billing"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/korea"
	"creditmsg/internal/money"
)

// Difference is one disagreement between a gateway and our rows about one order.
type Difference struct {
	Gateway string       `json:"gateway"`
	Day     string       `json:"day"` // in Korea
	Kind    string       `json:"kind"`
	Order   string       `json:"order"` // the payment's id, or another house's
	Ref     string       `json:"ref"`   // the gateway's id
	Site    *string      `json:"site"`  // null = no payment of ours
	Ours    money.Amount `json:"ours"`
	Theirs  money.Amount `json:"theirs"`
	At      time.Time    `json:"at"`
}

// ComparedDay is what the comparison of one day found.
type ComparedDay struct {
	Gateway      string    `json:"gateway"`
	Day          string    `json:"day"`
	Transactions int64     `json:"transactions"` // of the gateway
	Payments     int64     `json:"payments"`     // of ours
	Differences  int64     `json:"differences"`
	At           time.Time `json:"at"`
}

// Comparison is what gateways and our rows disagree about.
type Comparison struct {
	OK          bool          `json:"ok"` // whether nothing differs
	Days        []ComparedDay `json:"days"`
	Differences []Difference  `json:"differences"`
}

func comparisonOf(found []billing.Difference, days []billing.DayCompared) Comparison {
	c := Comparison{OK: len(found) == 0, Days: []ComparedDay{}, Differences: []Difference{}}
	for _, d := range days {
		c.Days = append(c.Days, ComparedDay{d.Gateway, d.Day, d.Transactions, d.Payments, d.Differences, d.At.Time()})
	}
	for _, d := range found {
		c.Differences = append(c.Differences, Difference{d.Gateway, d.Day, string(d.Kind), d.Order, d.Ref, named(d.Site), d.Ours, d.Theirs, d.At.Time()})
	}
	return c
}

// ComparePayments holds what a gateway moved on a Korean day against our rows, now. Faults:
// Invalid, NotFound.
func (p *Operator) ComparePayments(ctx context.Context, gateway, day string) (Comparison, error) {
	if _, err := korea.ParseDay(day); err != nil {
		return Comparison{}, fault.Check("DAY", "%q is not a day such as 2026-12-01", day)
	}
	found, err := p.billing.Compare(ctx, gateway, day)
	if err != nil {
		return Comparison{}, err
	}
	return comparisonOf(found, nil), nil
}

// PaymentDifferences gives what the comparisons found since a Korean day; "" = the last seven
// days. Invalid.
func (p *Operator) PaymentDifferences(ctx context.Context, since string) (c Comparison, err error) {
	if since != "" {
		if _, err := korea.ParseDay(since); err != nil {
			return c, fault.Check("--since", "%q is not a day such as 2026-12-01", since)
		}
	}
	err = p.d.Snapshot(ctx, "operator_differences", func(tx *db.Tx) error {
		from := since
		if from == "" {
			from = weekAgo(tx)
		}
		found, days, err := p.billing.Differences(tx, from)
		c = comparisonOf(found, days)
		return err
	})
	return c, err
}

// weekAgo is the Korean day a week ago.
func weekAgo(tx *db.Tx) string { return korea.Day(tx.Now.Time().AddDate(0, 0, -7)) }
