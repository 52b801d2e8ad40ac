package paper

import (
	"slices"
	"strings"
	"time"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/korea"
	"creditmsg/internal/site"
)

// Where a month's tax invoices stand.
const (
	TaxRunning = "running" // the month is not over
	TaxOpen    = "open"    // it is over, and not issued
	TaxIssued  = "issued"  // what is written does not change any more
)

// The kinds of tax invoices.
const (
	TaxOfMonth    = "month"      // what was paid in the month, less what of it went back by its end
	TaxLate       = "late"       // what was paid in an earlier issued month, and stood in no invoice then
	TaxCorrection = "correction" // 수정세금계산서: what went back of an issued invoice, below zero
)

// taxGeneral is the form's code of an ordinary tax invoice (일반), taxPaid that of one whose
// money has come (영수). All credit is paid for before it is there.
const (
	taxGeneral = "01"
	taxPaid    = "01"
)

// TaxInvoices are the tax invoices of a Korean month, for payments without another paper.
type TaxInvoices struct {
	Month      string       `json:"month"`
	State      string       `json:"state"` // running, open or issued
	IssuedAt   *time.Time   `json:"issued_at,omitempty"`
	IssueFirst string       `json:"issue_first,omitempty"` // an earlier month that is to be issued before this one
	Supplier   TaxParty     `json:"supplier"`
	Lacking    []string     `json:"supplier_lacks"` // what the supplier's profile lacks; nothing is issued so
	Rows       []TaxRow     `json:"rows"`
	Total      Total        `json:"total"`
	Files      int          `json:"files"`   // how many files the rows are uploaded in
	Netted     []TaxNetted  `json:"netted"`  // what made nothing together, and needs no invoice
	Errors     []TaxWaiting `json:"errors"`  // sites that cannot be invoiced, with what is missing
	Waiting    []TaxWaiting `json:"waiting"` // sites that did not ask for tax invoices, and cash receipts to come
}

// TaxParty is who supplies or is supplied, as a tax invoice names him.
type TaxParty struct {
	BusinessNumber string `json:"business_number"`
	Name           string `json:"name"`
	Representative string `json:"representative"`
	Address        string `json:"address"`
	BusinessType   string `json:"business_type"`
	BusinessItem   string `json:"business_item"`
	Email          string `json:"email"`
}

// TaxRow is one tax invoice. What stands in it adds up to its total.
type TaxRow struct {
	No            int      `json:"no"`
	File          int      `json:"file"` // that it is uploaded in
	Site          string   `json:"site"`
	Kind          string   `json:"kind"`
	Date          string   `json:"date"`               // 작성일자, a Korean day
	Original      string   `json:"original,omitempty"` // the date of the invoice that is corrected
	Buyer         TaxParty `json:"buyer"`
	Item          string   `json:"item"`
	Payments      []string `json:"payments"`      // pay_…
	Cancellations []string `json:"cancellations"` // pcn_…
	Total
}

// TaxNetted is what a site paid and got back before it was invoiced.
type TaxNetted struct {
	Site          string   `json:"site"`
	Month         string   `json:"month"` // that it was paid in
	Payments      []string `json:"payments"`
	Cancellations []string `json:"cancellations"`
}

// TaxWaiting is what a site paid, less what went back, that stands in no invoice. It is looked
// at again each month.
type TaxWaiting struct {
	Site     string   `json:"site"`
	Why      string   `json:"why"`               // incomplete, no_paper, cash_receipt or cash_receipt_wanted
	Missing  []string `json:"missing,omitempty"` // members of the billing profile
	Payments int      `json:"payments"`
	Total
}

// Why a site's payments wait.
const (
	whyIncomplete = "incomplete"          // it asks for tax invoices, and its profile lacks something
	whyNoPaper    = "no_paper"            // it asks for no paper, or has no profile any more
	whyReceipt    = "cash_receipt"        // it asks for cash receipts instead
	whyWanted     = "cash_receipt_wanted" // the payer wants a cash receipt for the payment, which is still to be issued
)

// TaxInvoices gives the tax invoices of a month: as they were issued, or as they would be now.
// It belongs into a Snapshot. Faults: Invalid for what is no month, NotFound for one that is to
// come, or that lies before the first that was issued.
func (p *Papers) TaxInvoices(tx *db.Tx, month string) (*TaxInvoices, error) {
	found, draft, err := p.taxOf(tx, month)
	if found != nil || err != nil {
		return found, err
	}
	if month > korea.Month(tx.Now.Time()) {
		return nil, fault.New(fault.NotFound, fault.CodeNotFound, "%s has not begun: there are no tax invoices of it", month)
	}
	return &draft.TaxInvoices, nil
}

// taxOf gives what was issued of a month, or else a draft.
func (p *Papers) taxOf(tx *db.Tx, month string) (*TaxInvoices, *taxDraft, error) {
	start, err := korea.ParseMonth(month)
	if err != nil {
		return nil, nil, fault.Check("/month", "%q is not a month such as 2026-12", short(month))
	}
	issued, err := p.issuedTax(tx, month)
	if issued != nil || err != nil {
		return issued, nil, err
	}
	last, err := lastTaxMonth(tx)
	if err != nil {
		return nil, nil, err
	}
	if month <= last {
		return nil, nil, fault.New(fault.NotFound, fault.CodeNotFound, "%s lies before the first month whose tax invoices were issued", month)
	}
	draft, err := p.draftTax(tx, start, last)
	return nil, draft, err
}

// JSON is the month as it is given out.
func (t *TaxInvoices) JSON() ([]byte, error) {
	text, err := compact(t)
	return append(text, '\n'), err
}

// mayIssue is why a draft cannot be issued now: Conflict.
func (d *taxDraft) mayIssue(now db.Time) error {
	refuse := func(format string, args ...any) error {
		return fault.New(fault.Conflict, fault.CodeStateConflict, format, args...)
	}
	switch {
	case credit.LastDay(now) < d.lastDay():
		return refuse("%s has not ended: its tax invoices can be issued from some minutes after %s 24:00 in Korea on", d.Month, d.lastDay())
	case d.IssueFirst != "":
		return refuse("months are issued in order: issue %s first", d.IssueFirst)
	case d.last == "" && d.first != d.Month:
		return refuse("until the end of %s nothing was paid that a tax invoice could be issued for", d.Month)
	case len(d.Lacking) > 0:
		return refuse("the operator's billing profile lacks %s: set it with creditmsg site profile operator", strings.Join(d.Lacking, ", "))
	}
	return nil
}

// partyOf is whom a profile names, and what it lacks for a tax invoice.
func partyOf(f *Profile) (party TaxParty, lacking []string) {
	lacking = []string{}
	for _, need := range []struct{ name, text string }{
		{"business_number", f.BusinessNumber}, {"name", f.Name}, {"representative", f.Representative}, {"email", f.Email},
	} {
		if need.text == "" {
			lacking = append(lacking, need.name)
		}
	}
	return TaxParty{f.BusinessNumber, f.Name, f.Representative, f.Address, f.BusinessType, f.BusinessItem, f.Email}, lacking
}

// buyer is whom a site's tax invoices are made out to; why is empty when they can be.
func (p *Papers) buyer(tx *db.Tx, siteID string) (party TaxParty, why string, lacking []string, err error) {
	f, err := p.Profile(tx, siteID)
	if fault.Is(err, fault.NotFound) {
		return party, whyNoPaper, []string{"paper"}, nil // erased
	}
	if err != nil {
		return party, "", nil, err
	}
	party, lacking = partyOf(&f)
	switch {
	case f.Paper == CashReceiptBusiness || f.Paper == CashReceiptPerson:
		return party, whyReceipt, nil, nil
	case f.Paper != TaxInvoice:
		return party, whyNoPaper, append([]string{"paper"}, lacking...), nil
	case len(lacking) > 0:
		return party, whyIncomplete, lacking, nil
	}
	return party, "", nil, nil
}

// wait lists what stands in no invoice: as an error, unless somebody chose another paper.
func (t *TaxInvoices) wait(w TaxWaiting) {
	if w.Why == whyReceipt || w.Why == whyWanted {
		t.Waiting = append(t.Waiting, w)
	} else {
		t.Errors = append(t.Errors, w)
	}
}

// draftTax makes the tax invoices of a month that begins at start, as they would be issued
// now. last is the last month that was issued.
func (p *Papers) draftTax(tx *db.Tx, start time.Time, last string) (*taxDraft, error) {
	supplier, err := p.Profile(tx, site.Operator)
	if err != nil {
		return nil, err
	}
	d := &taxDraft{last: last, ends: start.AddDate(0, 1, 0)}
	d.TaxInvoices = TaxInvoices{Month: korea.Month(start), State: TaxOpen, Rows: []TaxRow{}, Netted: []TaxNetted{}, Errors: []TaxWaiting{}, Waiting: []TaxWaiting{}}
	d.Supplier, d.Lacking = partyOf(&supplier)
	if credit.LastDay(tx.Now) < d.lastDay() {
		d.State = TaxRunning
	}
	for after := ""; ; {
		sites, err := site.List(tx, after, sitesAtATime)
		if err != nil {
			return nil, err
		}
		for _, s := range sites {
			after = s.ID
			if site.IsTest(s.ID) {
				continue // nothing was sold there
			}
			if err := p.draftSite(tx, d, s.ID); err != nil {
				return nil, err
			}
		}
		if len(sites) < sitesAtATime {
			break
		}
	}
	return d, p.writeRows(tx, d)
}

// sitesAtATime is how many sites are listed at once.
const sitesAtATime = 500

// draftSite adds what a site's sales come to.
func (p *Papers) draftSite(tx *db.Tx, d *taxDraft, siteID string) error {
	sales, err := p.billing.Sales(tx, siteID, db.At(d.ends))
	if err != nil || len(sales) == 0 {
		return err
	}
	known, err := taxItems(tx, siteID)
	if err != nil {
		return err
	}
	for i := range sales {
		if own := korea.Month(sales[i].At.Time()); !sales[i].Slip && (d.first == "" || own < d.first) {
			d.first = own
		}
	}
	groups, wanted := sortSales(siteID, sales, known, d.Month, d.last)
	if wanted.Payments > 0 {
		d.wait(wanted)
	}
	open := slices.ContainsFunc(groups, func(g *taxGroup) bool { return g.kind != TaxCorrection })
	if !open {
		d.groups = append(d.groups, groups...)
		return nil
	}
	buyer, why, lacking, err := p.buyer(tx, siteID)
	if err != nil {
		return err
	}
	waiting := TaxWaiting{Site: siteID, Why: why, Missing: lacking}
	for _, g := range groups {
		if g.buyer = buyer; g.kind == TaxCorrection || why == "" {
			d.groups = append(d.groups, g)
			continue
		}
		waiting.Payments += len(g.payments)
		waiting.Total.add(g.sum)
	}
	if waiting.Payments > 0 {
		d.wait(waiting)
	}
	return nil
}
