package paper

import (
	"cmp"
	"slices"
	"time"

	"creditmsg/internal/billing"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/money"
)

// taxDraft is what would be issued of a month.
type taxDraft struct {
	TaxInvoices
	ends   time.Time
	last   string // the last month that was issued, "" = none
	first  string // the month of the first payment that needs a paper; only of the first run
	groups []*taxGroup
}

// lastDay is the last Korean day of the month, which its invoices are dated by.
func (d *taxDraft) lastDay() string { return lastDayOf(d.Month) }

// taxKey names a payment (n: which time it became credit) or a cancellation (n = 0).
type taxKey struct {
	id id.ID
	n  int
}

// taxItem is a payment or a cancellation that stands in an invoice, or in none on purpose.
type taxItem struct {
	taxKey
	site   string
	month  string // that the invoice was issued for
	no     int    // of the invoice; 0 = what it stood with made nothing together
	supply money.Amount
	vat    money.Amount
}

// taxGroup is what becomes one invoice.
type taxGroup struct {
	kind     string
	site     string
	month    string // that was paid in, or whose invoice is corrected
	no       int    // of the invoice that is corrected
	day      string // of a correction: on which it went back
	buyer    TaxParty
	original string // its date
	items    []taxItem
	payments []string
	cancels  []string
	sum      Total
}

func (g *taxGroup) add(key taxKey, name string, supply, vat money.Amount) {
	g.items = append(g.items, taxItem{taxKey: key, site: g.site, supply: supply, vat: vat})
	g.sum.add(Total{signed(supply), signed(vat), signed(supply + vat)})
	if key.n > 0 {
		g.payments = append(g.payments, name)
	} else {
		g.cancels = append(g.cancels, name)
	}
}

func (g *taxGroup) giveBack(b billing.Back) {
	g.add(taxKey{b.Cancel, 0}, b.Cancel.Text(id.Cancel), -b.Supply, -b.VAT)
}

// sortSales decides what a site's sales become in a month. It is pure. What stands in no
// invoice yet is of the month or late; what went back since a payment stood in one corrects
// it. A card slip or a cash receipt is a paper of its own, and no two stand for one payment,
// so what waits for a cash receipt is only counted. What was paid between the last issued
// month and this one is left to the months between.
func sortSales(siteID string, sales []billing.Sale, known map[taxKey]taxItem, month, last string) (groups []*taxGroup, wanted TaxWaiting) {
	wanted = TaxWaiting{Site: siteID, Why: whyWanted}
	group := func(kind, of string, no int, day string) *taxGroup {
		at := slices.IndexFunc(groups, func(g *taxGroup) bool { return g.kind == kind && g.month == of && g.no == no && g.day == day })
		if at < 0 {
			at = len(groups)
			groups = append(groups, &taxGroup{kind: kind, site: siteID, month: of, no: no, day: day})
		}
		return groups[at]
	}
	for _, s := range sales {
		key, own := taxKey{s.Payment, s.Time}, korea.Month(s.At.Time())
		first, stands := known[key]
		backs := slices.DeleteFunc(slices.Clone(s.Backs), func(b billing.Back) bool { _, is := known[taxKey{b.Cancel, 0}]; return is })
		if stands {
			for _, b := range backs {
				group(TaxCorrection, first.month, first.no, korea.Day(b.At.Time())).giveBack(b)
			}
			continue
		}
		var g *taxGroup
		switch {
		case s.Slip || last < own && own < month:
			continue
		case s.Receipt:
			g = &taxGroup{}
		case own == month:
			g = group(TaxOfMonth, own, 0, "")
		default:
			g = group(TaxLate, own, 0, "")
		}
		g.add(key, s.Payment.Text(id.Payment), s.Supply, s.VAT)
		for _, b := range backs {
			g.giveBack(b)
		}
		if s.Receipt {
			wanted.Payments++
			wanted.Total.add(g.sum)
		}
	}
	return groups, wanted
}

// The order of rows: those of the month, late ones, corrections, each by site.
var taxOrder = map[string]int{TaxOfMonth: 0, TaxLate: 1, TaxCorrection: 2}

// writeRows makes the groups of a draft its rows.
func (p *Papers) writeRows(tx *db.Tx, d *taxDraft) error {
	switch next := monthAfter(d.last); {
	case d.last == "" && d.first < d.Month:
		d.IssueFirst = d.first
	case d.last != "" && next < d.Month:
		d.IssueFirst = next
	}
	slices.SortStableFunc(d.groups, func(a, b *taxGroup) int {
		return cmp.Or(taxOrder[a.kind]-taxOrder[b.kind], cmp.Compare(a.site, b.site), cmp.Compare(a.month, b.month), a.no-b.no, cmp.Compare(a.day, b.day))
	})
	for _, g := range d.groups {
		if g.kind == TaxCorrection {
			if err := p.correcting(tx, g); err != nil {
				return err
			}
		}
		no := 0
		if g.sum != (Total{}) {
			no = len(d.Rows) + 1
			d.Rows = append(d.Rows, g.row(no, d.lastDay()))
			d.Total.add(g.sum)
		} else {
			d.Netted = append(d.Netted, TaxNetted{g.site, g.month, listed(g.payments), listed(g.cancels)})
		}
		for i := range g.items {
			g.items[i].month, g.items[i].no = d.Month, no
		}
	}
	d.fileRows()
	if err := d.addsUp(); err != nil {
		return fault.Wrap(err, fault.Internal, fault.CodeInternal, "the tax invoices of %s do not add up and are not given out", d.Month)
	}
	return nil
}

// listed is a list that is never null in JSON.
func listed(list []string) []string { return append([]string{}, list...) }

// row is the invoice that a group becomes. A late one is dated by the month that was paid in,
// a correction by the day on which the money went back: 부가가치세법 시행령 §70①2 dates the
// correction of a contract that is undone so, with the original's date as a remark.
func (g *taxGroup) row(no int, day string) TaxRow {
	r := TaxRow{No: no, Site: g.site, Kind: g.kind, Date: day, Original: g.original, Buyer: g.buyer, Item: receiptItem,
		Payments: listed(g.payments), Cancellations: listed(g.cancels), Total: g.sum}
	switch g.kind {
	case TaxLate:
		r.Date = lastDayOf(g.month)
	case TaxCorrection:
		r.Date, r.Item = g.day, receiptItem+" 취소"
	}
	return r
}

// lastDayOf is the last day of a month, which is one.
func lastDayOf(month string) string {
	start, _ := korea.ParseMonth(month)
	return korea.Day(start.AddDate(0, 1, -1))
}

// monthAfter is the month after another; "" has none.
func monthAfter(month string) string {
	start, err := korea.ParseMonth(month)
	if err != nil {
		return ""
	}
	return korea.Month(start.AddDate(0, 1, 0))
}

// fileRows says in which file each row is uploaded: corrections apart from the others, since
// the form was not made for them, and no more in one file than the form takes.
func (d *taxDraft) fileRows() {
	in, before := 0, ""
	for i := range d.Rows {
		r := &d.Rows[i]
		correction := r.Kind == TaxCorrection
		if i == 0 || in == mostTaxRows || correction && before != TaxCorrection {
			d.Files, in = d.Files+1, 0
		}
		in++
		r.File, before = d.Files, r.Kind
	}
}
