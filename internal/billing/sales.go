package billing

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
	"creditmsg/internal/payment"
)

// Sale is a payment that became credit, as papers see it, with what of it went back.
type Sale struct {
	Payment id.ID
	Time    int // which time it became credit: a bank may take a transfer back, and it may come again
	At      db.Time
	Supply  money.Amount
	VAT     money.Amount
	Slip    bool // a card slip or a cash receipt stands for it
	Receipt bool // a cash receipt is wanted for it, and is not issued yet
	Backs   []Back
}

// Back is what went back of a sale. One that the gateway is still asked for is none yet, and
// one that it refused is none at all.
type Back struct {
	Cancel id.ID
	At     db.Time // from when on it counts
	Supply money.Amount
	VAT    money.Amount
}

// Sales lists what a site paid before a moment, the oldest first, with what of it went back
// before that moment. It reads all payments of the site: what one needs papers for may show
// long after it was paid.
func (s *Service) Sales(tx *db.Tx, site string, until db.Time) ([]Sale, error) {
	rows, err := tx.Query(`SELECT `+list(rowColumns)+` FROM billing_payment WHERE site_id = ? AND times > 0 ORDER BY site_id, id`, site)
	payments, err := db.Collect(rows, err, scanRow)
	if err != nil {
		return nil, fmt.Errorf("read payments of %s: %w", site, err)
	}
	if len(payments) == 0 {
		return nil, nil
	}
	rows, err = tx.Query(`SELECT `+list(cancelColumns)+` FROM billing_cancel WHERE site_id = ? AND (state = ? OR state = ?)
		ORDER BY site_id, payment_id, id`, site, string(CancelDone), string(CancelTransfer))
	cancels, err := db.Collect(rows, err, scanCancel)
	if err != nil {
		return nil, fmt.Errorf("read cancellations of %s: %w", site, err)
	}
	backs := map[id.ID][]*cancelRow{}
	for _, c := range cancels {
		backs[c.Payment] = append(backs[c.Payment], c)
	}
	var out []Sale
	for _, p := range payments {
		sales, err := s.salesOf(tx, p, backs[p.ID], until)
		if err != nil {
			return nil, err
		}
		out = append(out, sales...)
	}
	slices.SortFunc(out, func(a, b Sale) int {
		return cmp.Or(cmp.Compare(a.At, b.At), slices.Compare(a.Payment[:], b.Payment[:]), a.Time-b.Time)
	})
	return out, nil
}

// salesOf are the times that a payment became credit before a moment.
func (s *Service) salesOf(tx *db.Tx, p *row, cancels []*cancelRow, until db.Time) ([]Sale, error) {
	first := Sale{Payment: p.ID, Supply: p.Amount, VAT: p.VAT, Slip: p.Slip}
	if !p.Slip && (p.Method == payment.VirtualAccount || p.Method == payment.Transfer) {
		if err := s.open(tx, p); err != nil { // of a site whose data was erased nobody wants a receipt
			return nil, err
		}
		first.Receipt = p.Receipt != nil && p.Receipt.State == ReceiptWanted && p.Returned < p.Total
	}
	times, err := s.creditings(tx, p)
	if err != nil {
		return nil, err
	}
	sales := make([]Sale, len(times))
	for i, at := range times {
		sales[i] = first
		sales[i].Time, sales[i].At = i+1, at
	}
	for _, c := range cancels {
		of := 0 // the last time that it became credit before that
		for of+1 < len(times) && times[of+1] <= c.CreatedAt {
			of++
		}
		if at := c.since(); at < until {
			sales[of].Backs = append(sales[of].Backs, Back{c.ID, at, c.Amount, c.VAT})
		}
	}
	return slices.DeleteFunc(sales, func(s Sale) bool { return s.At >= until }), nil
}

// since is from when on a cancellation counts: that of the operator's own from when its credit
// was taken, however long the transfer takes him.
func (c *cancelRow) since() db.Time {
	if c.ByHand {
		return c.CreatedAt
	}
	return c.DoneAt
}

// creditings are the moments at which a payment became credit. The last one stands in its
// row, as long as no bank took it back; the ledger knows the others.
func (s *Service) creditings(tx *db.Tx, p *row) ([]db.Time, error) {
	if p.times == 1 && p.PaidAt != 0 {
		return []db.Time{p.PaidAt}, nil
	}
	entries, err := s.ledger.CashEntries(tx, p.Site, 0, math.MaxInt64)
	if err != nil {
		return nil, err
	}
	var out []db.Time
	for _, e := range entries {
		if e.Kind == credit.Payment && e.Ref == p.text() {
			out = append(out, e.At)
		}
	}
	if len(out) > 0 && p.PaidAt != 0 {
		out[len(out)-1] = p.PaidAt
	}
	return out, nil
}
