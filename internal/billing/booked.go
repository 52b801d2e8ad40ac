package billing

import (
	"fmt"
	"slices"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
)

// Booked is what stands behind an entry of the ledger that money moved by.
type Booked struct {
	Entry   int64 // its seq; 0 = none: VAT alone went back, after all of the credit had
	At      db.Time
	Payment id.ID
	Cancel  id.ID        // that it is of; zero = of the payment itself
	Supply  money.Amount // below zero where it went back
	VAT     money.Amount // as the payment or the cancellation has it, likewise
}

// Booked gives what stands behind entries (credit.Ledger.CashEntries) of a site, in their
// order, and after them what no entry says of the time from one moment until before another:
// VAT that went back alone. An entry that was written before payments were, or a cancellation
// before its entry was noted, is left out. One that does not fit its payment is Internal.
func (s *Service) Booked(tx *db.Tx, site string, entries []credit.Entry, from, until db.Time) ([]Booked, error) {
	known, err := readBooked(tx, site, entries)
	if err != nil {
		return nil, err
	}
	var out []Booked
	for _, e := range entries {
		b, found := known[e.Seq]
		if !found {
			continue
		}
		if signed := movedBy(e); b.Supply != signed || b.Payment.Text(id.Payment) != e.Ref {
			return nil, fault.New(fault.Internal, fault.CodeInternal, "entry %d of %s moved %s, where its payment says %s; run ledger verify", e.Seq, site, signed, b.Supply)
		}
		b.At = e.At
		out = append(out, b)
	}
	rows, err := tx.Query(`SELECT `+list(cancelColumns)+` FROM billing_cancel
		WHERE site_id = ? AND amount = 0 AND created_at >= ? AND created_at < ? ORDER BY site_id, payment_id, id`, site, from, until)
	alone, err := db.Collect(rows, err, scanCancel)
	if err != nil {
		return nil, fmt.Errorf("read cancellations of %s: %w", site, err)
	}
	for _, c := range alone {
		out = append(out, Booked{At: c.CreatedAt, Payment: c.Payment, Cancel: c.ID, VAT: -c.VAT})
	}
	return out, nil
}

func movedBy(e credit.Entry) money.Amount {
	if e.Debit == credit.Cash {
		return e.Amount
	}
	return -e.Amount
}

// readBooked reads what the payments that entries name have moved, by the seq of the entry.
func readBooked(tx *db.Tx, site string, entries []credit.Entry) (map[int64]Booked, error) {
	out := map[int64]Booked{}
	ids := paymentsOf(entries)
	if len(ids) == 0 {
		return out, nil
	}
	of := db.Same("site_id", site, len(ids))
	rows, err := tx.Lookup("billing_payment", rowColumns, of, db.Col("id", ids))
	payments, err := db.Collect(rows, err, scanRow)
	if err != nil {
		return nil, fmt.Errorf("read payments of %s: %w", site, err)
	}
	byRef := map[string]*row{}
	for _, p := range payments {
		byRef[p.text()] = p
	}
	for _, e := range entries {
		if p := byRef[e.Ref]; p != nil && e.Kind == credit.Payment {
			out[e.Seq] = Booked{Entry: e.Seq, Payment: p.ID, Supply: p.Amount, VAT: p.VAT}
		}
	}
	rows, err = tx.Lookup("billing_cancel", cancelColumns, of, db.Col("payment_id", ids))
	cancels, err := db.Collect(rows, err, scanCancel)
	if err != nil {
		return nil, fmt.Errorf("read cancellations of %s: %w", site, err)
	}
	for _, c := range cancels {
		for _, b := range c.booked() {
			out[b.Entry] = b
		}
	}
	return out, nil
}

// paymentsOf are the payments that entries name.
func paymentsOf(entries []credit.Entry) (ids []id.ID) {
	for _, e := range entries {
		if of, err := id.Parse(id.Payment, e.Ref); err == nil {
			ids = append(ids, of)
		}
	}
	slices.SortFunc(ids, func(a, b id.ID) int { return slices.Compare(a[:], b[:]) })
	return slices.Compact(ids)
}

// booked are the entries that money moved by: what was taken, what is owed instead, and what
// was restored. What is taken and owed shares the VAT in whole won.
func (c *cancelRow) booked() (out []Booked) {
	if c.taken.Entry == 0 {
		return nil
	}
	add := func(seq int64, supply, vat money.Amount) {
		if supply != 0 {
			out = append(out, Booked{Entry: seq, Payment: c.Payment, Cancel: c.ID, Supply: supply, VAT: vat})
		}
	}
	vat := c.VAT
	owedSeq := c.taken.Entry
	for _, before := range []money.Amount{c.taken.Paid, c.taken.Bonus} {
		if before > 0 {
			owedSeq++
		}
	}
	if c.taken.Owed > 0 {
		vat = max(c.VAT, 0).Share(int64(c.taken.Paid), int64(c.Amount)) / money.Won * money.Won
	}
	add(c.taken.Entry, -c.taken.Paid, -vat)
	add(owedSeq, -c.taken.Owed, vat-c.VAT)
	if c.undone > 0 {
		add(c.undone, c.Amount, c.VAT)
	}
	return out
}
