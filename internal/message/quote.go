package message

import (
	"context"
	"fmt"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
)

// Quote is what a message would cost; nothing is held for it.
type Quote struct {
	Tally      Tally
	Prices     credit.Prices
	Expected   money.Amount // by the reach learned so far
	Bytes      Range
	Recipients int64
	RejectedBy map[string]int64
	Available  money.Amount
}

// Sufficient reports whether the available credit covers the worst case.
func (q Quote) Sufficient() bool { return q.Available >= q.Tally.Held }

// Estimate begins a draft that is only counted: it is never staged or accepted.
func (s *Service) Estimate(ctx context.Context, siteID string, r Request) (*Draft, error) {
	d, err := s.Draft(ctx, siteID, r)
	if d != nil {
		d.counting = true
	}
	return d, err
}

// AddMany counts n recipients whose values are not known; each variable counts
// as long as its own name is.
func (d *Draft) AddMany(n int64) error {
	if n < 1 || n > 1_000_000 {
		return fault.Check("/recipient_count", "want 1 to 1000000")
	}
	values := make([]string, len(d.names.list))
	for i, name := range d.names.list {
		values[i] = "#{" + name + "}"
	}
	d.receipt.Total += n
	steps, code, detail := d.rule.route(values, false, &d.names, d.prices, &d.bytes)
	if why := d.blocked.why(values, steps); code == "" && why != "" {
		code, detail = BlockedWord, why
	}
	if code != "" {
		d.receipt.Rejected += n
		d.receipt.RejectedBy[code] += n
		d.receipt.Rejections = append(d.receipt.Rejections, Rejection{Code: code, Detail: detail})
		return nil
	}
	class, err := d.classes.add(d.class(steps, false))
	if err != nil {
		return err
	}
	d.classes.count[class] += n - 1
	d.accepted += n
	return nil
}

// Count decides on all recipients that were taken so far and says what became of them.
func (d *Draft) Count(ctx context.Context) (Receipt, error) {
	err := d.settle(ctx)
	r := d.receipt
	r.Accepted = d.accepted
	return r, err
}

// Quote sums up a draft that was only counted.
func (d *Draft) Quote(ctx context.Context) (Quote, error) {
	if err := d.settle(ctx); err != nil {
		return Quote{}, err
	}
	if d.accepted == 0 {
		return Quote{}, d.nobody()
	}
	sum, err := tally(d.classes.list, d.classes.count)
	if err != nil {
		return Quote{}, fault.Wrap(err, fault.Invalid, fault.CodeValidation, "the message would cost more than can be counted")
	}
	q := Quote{Tally: sum, Prices: d.prices, Bytes: d.bytes, Recipients: d.accepted, RejectedBy: d.receipt.RejectedBy}
	err = d.s.d.View(ctx, "message_quote", func(tx *db.Tx) error {
		account, err := d.s.ledger.Account(tx, d.Message.Site)
		if err != nil {
			return err
		}
		q.Available = account.Available
		learned, err := learnReach(tx, d.Message.Site)
		q.Expected = learned.expected(d.classes.list, d.classes.count)
		return err
	})
	if err != nil {
		return q, fmt.Errorf("quote for site %s: %w", d.Message.Site, err)
	}
	return q, nil
}

// ByChannel gives the first steps of a quote that any recipient takes.
func (q Quote) ByChannel(c provider.Channel) (count int64, unit, cost money.Amount) {
	count, unit = q.Tally.Planned[c], q.Prices[c]
	cost, _ = unit.Times(count) // part of a sum that fitted
	return count, unit, cost
}
