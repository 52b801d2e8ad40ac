package server

import (
	"context"
	"fmt"
	"io"
	"os"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/invoice"
)

// What the command line says and shows of invoices is what the API does.
type (
	// InvoiceRequest says what a file is and how to read it.
	InvoiceRequest = invoice.Request
	// Invoice is a carrier's file with what came of its comparison.
	Invoice = invoice.Invoice
	// InvoiceDifference is one thing that is not agreed on.
	InvoiceDifference = invoice.Difference
	// InvoiceApplied is what an act posted, or would post.
	InvoiceApplied = invoice.Applied
)

// InvoiceDetail is an invoice with its differences, where they were asked for.
type InvoiceDetail struct {
	Invoice
	List []InvoiceDifference `json:"list,omitempty"`
}

// InvoicePaper says which list is written.
type InvoicePaper struct {
	Kind   string // "" = every kind
	Claims bool   // what is to be sent to the carrier
}

// ImportInvoice reads and compares a file; see invoice.Service.Import.
func (p *Operator) ImportInvoice(ctx context.Context, path string, r InvoiceRequest) (Invoice, error) {
	file, err := os.Open(path)
	if err != nil {
		return Invoice{}, fmt.Errorf("read the invoice: %w", err)
	}
	defer func() { _ = file.Close() }()
	return p.invoices.Import(ctx, file, r)
}

// Invoices lists all invoices, the newest first.
func (p *Operator) Invoices(ctx context.Context) (out List[Invoice], err error) {
	out.Data = []Invoice{}
	err = p.d.Snapshot(ctx, "operator_invoices", func(tx *db.Tx) error {
		out.Data = out.Data[:0]
		for before := (id.ID{}); ; {
			page, err := invoice.List(tx, before, pageSize)
			if out.Data = append(out.Data, page...); err != nil || len(page) < pageSize {
				return err
			}
			before = page[pageSize-1].ID
		}
	})
	return out, err
}

// Invoice shows an invoice, with its differences or those of one kind where all is given.
func (p *Operator) Invoice(ctx context.Context, name, kind string, all bool) (out InvoiceDetail, err error) {
	var k invoice.Kind
	if kind != "" {
		if k, err = invoice.ParseKind("--kind", kind); err != nil {
			return out, err
		}
	}
	err = p.d.Snapshot(ctx, "operator_invoice", func(tx *db.Tx) error {
		out.List = nil
		if out.Invoice, err = invoice.Find(tx, name); err != nil || !all {
			return err
		}
		for after := int64(0); ; {
			page, err := invoice.Differences(tx, out.ID, k, after, pageSize)
			if out.List = append(out.List, page...); err != nil || len(page) < pageSize {
				return err
			}
			after = page[pageSize-1].N
		}
	})
	return out, err
}

// WriteInvoice writes the differences of an invoice as CSV.
func (p *Operator) WriteInvoice(ctx context.Context, w io.Writer, name string, list InvoicePaper) error {
	paper := invoice.Paper{Claims: list.Claims}
	if list.Kind != "" {
		var err error
		if paper.Kind, err = invoice.ParseKind("--kind", list.Kind); err != nil {
			return err
		}
	}
	return p.invoices.WriteCSV(ctx, w, name, paper)
}

// ApplyInvoice posts what is proposed; see invoice.Service.Apply.
func (p *Operator) ApplyInvoice(ctx context.Context, name string, only []string, confirm bool) (InvoiceApplied, error) {
	var kinds []invoice.Kind
	for _, text := range only {
		k, err := invoice.ParseKind("--only", text)
		if err != nil {
			return InvoiceApplied{}, err
		}
		kinds = append(kinds, k)
	}
	return p.invoices.Apply(ctx, name, kinds, confirm)
}
