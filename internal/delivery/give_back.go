package delivery

import (
	"database/sql"
	"fmt"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/message"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
)

// Returned gives those of the legs, by their keys, that were given back to their site.
func Returned(tx *db.Tx, legs []id.ID) (map[id.ID]bool, error) {
	found := make(map[id.ID]bool, len(legs))
	if len(legs) == 0 {
		return found, nil
	}
	rows, err := tx.Lookup("leg_returned", []string{"leg"}, db.Col("leg", legs))
	list, err := db.Collect(rows, err, func(r *sql.Rows) (d id.ID, err error) { return d, r.Scan(&d) })
	if err != nil {
		return nil, fmt.Errorf("find legs that were given back: %w", err)
	}
	for _, d := range list {
		found[d] = true
	}
	return found, nil
}

// Return writes down that legs, by their keys, are given back to their sites, and gives those
// that nobody has given back before: each is one's own once, whoever says so at the same
// moment. It is called before any message or account is locked; by names who gives back, for
// people.
func Return(tx *db.Tx, legs []id.ID, by string) (ours map[id.ID]bool, err error) {
	ours = make(map[id.ID]bool, len(legs))
	if len(legs) == 0 {
		return ours, nil
	}
	n, mine := len(legs), make(map[id.ID]id.ID, len(legs))
	rows := make([]id.ID, n)
	for i, leg := range legs {
		rows[i] = id.New()
		mine[leg] = rows[i]
	}
	err = tx.InsertAbsent("leg_returned", []string{"leg"}, "id",
		db.Col("leg", legs), db.Col("id", rows), db.Same("returned_by", by, n), db.Same("at", tx.Now, n))
	if err != nil {
		return nil, fmt.Errorf("note legs that are given back: %w", err)
	}
	found, err := tx.Lookup("leg_returned", []string{"leg", "id"}, db.Col("leg", legs))
	_, err = db.Collect(found, err, func(r *sql.Rows) (none struct{}, err error) {
		var leg, row id.ID
		if err = r.Scan(&leg, &row); err == nil {
			ours[leg] = mine[leg] == row
		}
		return none, err
	})
	if err != nil {
		return nil, fmt.Errorf("find legs that are given back: %w", err)
	}
	return ours, nil
}

// GivingBack is a refund for legs of one message and channel.
type GivingBack struct {
	message.Key
	Channel string
	Amount  money.Amount // what the site paid for the legs
	Reason  string
	Name    string // the same again is the same refund
}

// GivenBack is what came of it.
type GivenBack struct {
	Usage  id.ID
	Refund id.ID        // zero: nothing was left to be refunded, or it was only asked what would be
	Amount money.Amount // of the refund: at most what its usage still has
}

// GiveBack makes a refund, or with confirm false says what it would be. What the usage still
// has bounds it, since somebody may have refunded it by hand; a site whose data was erased
// gets nothing any more.
func GiveBack(tx *db.Tx, ledger *credit.Ledger, g GivingBack, confirm bool) (out GivenBack, err error) {
	u, err := usageOf(tx, ledger, g.Key, g.Channel)
	if err != nil {
		return out, err
	}
	out = GivenBack{Usage: u.ID, Amount: min(g.Amount, u.TotalCost-u.RefundAmount)}
	if !confirm || out.Amount == 0 {
		return out, nil
	}
	r := credit.RefundRequest{Site: g.Site, Usage: u.ID, Amount: out.Amount, Strategy: message.StrategyOf, Key: g.Name, Reason: g.Reason}
	made, left, err := ledger.Refund(tx, r)
	if f := fault.Of(err); err != nil && f.Code == fault.CodeRefundExceeds { // less is left than when it was read
		if out.Amount = left; left == 0 {
			return out, nil
		}
		r.Amount = left
		made, _, err = ledger.Refund(tx, r)
	}
	if fault.Is(err, fault.NotFound) {
		out.Amount = 0
		return out, nil
	}
	out.Refund = made.ID
	return out, err
}

// usageOf finds what a message spent on a channel.
func usageOf(tx *db.Tx, ledger *credit.Ledger, k message.Key, channel string) (u credit.Usage, err error) {
	list, err := ledger.Usages(tx, k.Site, k.ID, [16]byte{}, provider.Channels)
	for _, one := range list {
		if one.Channel.String() == channel {
			return one, err
		}
	}
	if err == nil {
		err = fault.New(fault.Internal, fault.CodeInternal, "%s spent nothing on %s, though a leg of it was charged; run ledger verify", k.ID.Text(id.Message), channel)
	}
	return u, err
}
