package server

import (
	"context"

	"creditmsg/internal/db"
	"creditmsg/internal/paper"
)

// What the command line shows of tax invoices is what the API gives.
type (
	// TaxInvoices are the tax invoices of a Korean month.
	TaxInvoices = paper.TaxInvoices
	// TaxRow is one of them.
	TaxRow = paper.TaxRow
	// TaxWaiting is what a site paid that stands in none.
	TaxWaiting = paper.TaxWaiting
)

// TaxInvoices gives the tax invoices of a month; with issue they are issued first, unless they
// were. Faults: Invalid, NotFound, and Conflict for a month that cannot be issued yet.
func (p *Operator) TaxInvoices(ctx context.Context, month string, issue bool) (t *TaxInvoices, err error) {
	if issue {
		return p.papers.IssueTaxInvoices(ctx, p.d, month)
	}
	err = p.d.Snapshot(ctx, "operator_tax_invoices", func(tx *db.Tx) error {
		t, err = p.papers.TaxInvoices(tx, month)
		return err
	})
	return t, err
}
