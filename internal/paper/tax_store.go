package paper

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
	"creditmsg/internal/site"
)

// An issued invoice is the operator's own document, which he has to keep also when a site's
// data is erased: it is sealed with a key of the installation.

func taxContext(month string, no int) string { return fmt.Sprintf("tax invoice %s %d", month, no) }

// IssueTaxInvoices remembers the tax invoices of a month as they are now, for ever, and gives
// them. A month that was issued is given as it was. Faults: Invalid; Conflict for a month that
// has not ended, while an earlier one is not issued, and while the operator has no profile.
func (p *Papers) IssueTaxInvoices(ctx context.Context, d *db.DB, month string) (out *TaxInvoices, err error) {
	var draft *taxDraft
	err = d.Snapshot(ctx, "paper_tax_draft", func(tx *db.Tx) error {
		out, draft, err = p.taxOf(tx, month)
		if draft == nil {
			return err
		}
		return draft.mayIssue(tx.Now)
	})
	if out != nil || err != nil {
		return out, err
	}
	run := id.New()
	err = d.Update(ctx, "paper_tax_issue", func(tx *db.Tx) error { return p.keepTax(tx, draft, run) })
	if err != nil {
		return nil, err
	}
	err = d.Snapshot(ctx, "paper_tax_issued", func(tx *db.Tx) error { out, err = p.issuedTax(tx, month); return err })
	return out, err
}

// keepTax stores a draft, unless the month was issued meanwhile. What was drafted of a month
// that is over stays true: nothing begins in it any more.
func (p *Papers) keepTax(tx *db.Tx, draft *taxDraft, run id.ID) error {
	key, err := p.keys.Installation(tx, site.PaperKey)
	if err != nil {
		return err
	}
	whole, issued := draft.TaxInvoices, tx.Now.Time()
	whole.State, whole.IssuedAt, whole.Rows = TaxIssued, &issued, nil
	text, err := compact(&whole)
	if err != nil {
		return err
	}
	month := []string{draft.Month}
	err = tx.InsertAbsent("paper_tax_run", []string{"kst_month"}, "kst_month", db.Col("kst_month", month), db.Col("id", []id.ID{run}),
		db.Col("issued_at", []db.Time{tx.Now}), db.Col("sealed", [][]byte{key.Seal(taxContext(draft.Month, 0), text)}))
	if err != nil {
		return fmt.Errorf("issue the tax invoices of %s: %w", draft.Month, err)
	}
	rows, err := tx.Lookup("paper_tax_run", []string{"id"}, db.Col("kst_month", month))
	found, err := db.Collect(rows, err, func(r *sql.Rows) (v id.ID, err error) { return v, r.Scan(&v) })
	if err != nil {
		return fmt.Errorf("issue the tax invoices of %s: %w", draft.Month, err)
	}
	if len(found) != 1 || found[0] != run {
		return nil
	}
	if err := draft.keepRows(tx, key); err != nil {
		return fmt.Errorf("issue the tax invoices of %s: %w", draft.Month, err)
	}
	return audit.Note(tx, audit.Change{Action: "tax_invoices.issued", Ref: draft.Month, After: audit.Fields{"invoices": len(draft.Rows)}})
}

func (d *taxDraft) keepRows(tx *db.Tx, key *site.Key) error {
	var no, itemNo, n []int
	var sites, kinds, itemSites []string
	var supply, vat, itemSupply, itemVAT []money.Amount
	var sealed [][]byte
	var items []id.ID
	for i := range d.Rows {
		r := &d.Rows[i]
		text, err := compact(r)
		if err != nil {
			return err
		}
		no, sites, kinds = append(no, r.No), append(sites, r.Site), append(kinds, r.Kind)
		supply, vat = append(supply, money.Amount(r.Supply)), append(vat, money.Amount(r.VAT))
		sealed = append(sealed, key.Seal(taxContext(d.Month, r.No), text))
	}
	for _, g := range d.groups {
		for _, it := range g.items {
			itemSites, items, n, itemNo = append(itemSites, it.site), append(items, it.id), append(n, it.n), append(itemNo, it.no)
			itemSupply, itemVAT = append(itemSupply, it.supply), append(itemVAT, it.vat)
		}
	}
	err := tx.InsertMany("paper_tax_row", db.Same("kst_month", d.Month, len(no)), db.Col("no", no), db.Col("site_id", sites), db.Col("kind", kinds),
		db.Col("supply", supply), db.Col("vat", vat), db.Col("sealed", sealed))
	if err != nil {
		return err
	}
	return tx.InsertMany("paper_tax_item", db.Col("site_id", itemSites), db.Col("item_id", items), db.Col("n", n), db.Same("kst_month", d.Month, len(n)),
		db.Col("no", itemNo), db.Col("supply", itemSupply), db.Col("vat", itemVAT))
}

// issuedTax gives a month as it was issued, nil for one that was not.
func (p *Papers) issuedTax(tx *db.Tx, month string) (*TaxInvoices, error) {
	rows, err := tx.Lookup("paper_tax_run", []string{"sealed"}, db.Col("kst_month", []string{month}))
	found, err := db.Collect(rows, err, func(r *sql.Rows) (b []byte, err error) { return b, r.Scan(&b) })
	if err != nil {
		return nil, fmt.Errorf("read the tax invoices of %s: %w", month, err)
	}
	if len(found) == 0 {
		return nil, nil
	}
	out := &TaxInvoices{}
	if err := p.openTax(tx, month, 0, found[0], out); err != nil {
		return nil, err
	}
	rows, err = tx.Query(`SELECT sealed FROM paper_tax_row WHERE kst_month = ? ORDER BY kst_month, no`, month)
	found, err = db.Collect(rows, err, func(r *sql.Rows) (b []byte, err error) { return b, r.Scan(&b) })
	if err != nil {
		return nil, fmt.Errorf("read the tax invoices of %s: %w", month, err)
	}
	out.Rows = make([]TaxRow, len(found))
	for i, sealed := range found {
		if err := p.openTax(tx, month, i+1, sealed, &out.Rows[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (p *Papers) openTax(tx *db.Tx, month string, no int, sealed []byte, into any) error {
	key, err := p.keys.Installation(tx, site.PaperKey)
	if err != nil {
		return err
	}
	text, err := key.Open(taxContext(month, no), sealed)
	if err != nil {
		return fmt.Errorf("read tax invoice %d of %s: %w", no, month, err)
	}
	if json.Unmarshal(text, into) != nil {
		return fmt.Errorf("read tax invoice %d of %s: it is not one", no, month) // the cause would quote it
	}
	return nil
}

// lastTaxMonth is the last month that was issued, "" = none.
func lastTaxMonth(tx *db.Tx) (month string, err error) {
	if err = tx.QueryRow(`SELECT COALESCE(MAX(kst_month), '') FROM paper_tax_run`).Scan(&month); err != nil {
		return "", fmt.Errorf("read which tax invoices were issued: %w", err)
	}
	return month, nil
}

// taxItems are the payments and cancellations of a site that stand in an invoice.
func taxItems(tx *db.Tx, siteID string) (map[taxKey]taxItem, error) {
	rows, err := tx.Query(`SELECT item_id, n, kst_month, no FROM paper_tax_item WHERE site_id = ?`, siteID)
	found, err := db.Collect(rows, err, func(r *sql.Rows) (it taxItem, err error) {
		return it, r.Scan(&it.id, &it.n, &it.month, &it.no)
	})
	if err != nil {
		return nil, fmt.Errorf("read the tax invoices of %s: %w", siteID, err)
	}
	out := make(map[taxKey]taxItem, len(found))
	for _, it := range found {
		out[it.taxKey] = it
	}
	return out, nil
}

// correcting gives a correction the buyer and the date of the invoice that it corrects.
func (p *Papers) correcting(tx *db.Tx, g *taxGroup) error {
	rows, err := tx.Query(`SELECT sealed FROM paper_tax_row WHERE kst_month = ? AND no = ?`, g.month, g.no)
	found, err := db.Collect(rows, err, func(r *sql.Rows) (b []byte, err error) { return b, r.Scan(&b) })
	if err != nil {
		return fmt.Errorf("read tax invoice %d of %s: %w", g.no, g.month, err)
	}
	if len(found) == 0 {
		return fault.New(fault.Internal, fault.CodeInternal, "money of %s went back that no tax invoice of %s stands for", g.site, g.month)
	}
	var first TaxRow
	if err := p.openTax(tx, g.month, g.no, found[0], &first); err != nil {
		return err
	}
	g.buyer, g.original = first.Buyer, first.Date
	return nil
}
