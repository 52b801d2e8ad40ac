package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"creditmsg/internal/server"
)

// taxVerb lists, writes and issues the tax invoices of a month.
type taxVerb struct {
	Month string `arg:"" help:"The Korean month, such as 2026-12."`
	Issue bool   `help:"Issue them: from then on they stay as they are, and later changes come with the next month."`
	Out   string `placeholder:"FILE" help:"Write them as a spreadsheet in Hometax's form; the second file is called FILE-2, and so on. They hold names and addresses."`
	database
}

// Help is shown below the flags' own help.
func (taxVerb) Help() string {
	return `Payments by card slip or with a cash receipt have their paper, and are left out. Months are issued in order,
each once it is over. Who is in no invoice is listed with what is missing: creditmsg site profile SITE …`
}

// Run lists the invoices, or writes them.
func (v *taxVerb) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		t, err := p.TaxInvoices(ctx, v.Month, v.Issue)
		if err != nil {
			return nil, nil, err
		}
		var files []string
		if v.Out != "" {
			if files, err = v.write(s, t); err != nil {
				return nil, nil, err
			}
		}
		return t, func(out *table) {
			for i, file := range files {
				out.say("%s: file %d of %d", file, i+1, len(files))
			}
			if v.Out == "" {
				showTaxRows(out, t)
			} else if len(files) == 0 {
				out.say("There is no invoice, and no file is written.")
			}
			showTaxState(out, t)
		}, nil
	})
}

// write writes the files, and gives their names.
func (v *taxVerb) write(s *streams, t *server.TaxInvoices) (files []string, err error) {
	ending := filepath.Ext(v.Out)
	for n := 1; n <= t.Files; n++ {
		text, err := t.File(n)
		if err != nil {
			return files, err
		}
		name := v.Out
		if n > 1 {
			name = fmt.Sprintf("%s-%d%s", strings.TrimSuffix(v.Out, ending), n, ending)
		}
		if err := v.writeTo(s, name, func(w io.Writer) error { _, err := w.Write(text); return err }); err != nil {
			return files, err
		}
		files = append(files, name)
	}
	return files, nil
}

func showTaxRows(out *table, t *server.TaxInvoices) {
	out.row("NO", "FILE", "SITE", "KIND", "DATE", "CORRECTS", "SUPPLY", "VAT", "TOTAL", "HOLDS")
	for _, r := range t.Rows {
		corrects := r.Original
		if corrects == "" {
			corrects = "-"
		}
		holds := count(int64(len(r.Payments)), "payment") + ", " + count(int64(len(r.Cancellations)), "cancellation")
		out.row(r.No, r.File, r.Site, r.Kind, r.Date, corrects, wonOf(r.Supply), wonOf(r.VAT), wonOf(r.Total.Total), holds)
	}
}

// showTaxState tells where the month stands, and of whom there is no invoice.
func showTaxState(out *table, t *server.TaxInvoices) {
	out.say("")
	out.row(t.Month, t.State)
	out.row("all rows", wonOf(t.Total.Supply)+" and "+wonOf(t.Total.VAT)+" of VAT")
	for _, n := range t.Netted {
		out.row("nothing left", n.Site+": "+count(int64(len(n.Payments)), "payment")+" of "+n.Month+", given back before an invoice")
	}
	for _, w := range t.Errors {
		out.row("NOT INVOICED", w.Site+": "+taxWaits(w)+"; its billing profile lacks "+each(w.Missing))
	}
	for _, w := range t.Waiting {
		why := "asks for cash receipts"
		if w.Why == "cash_receipt_wanted" {
			why = "a cash receipt is still to be issued"
		}
		out.row("not asked for", w.Site+": "+taxWaits(w)+"; "+why)
	}
	if len(t.Lacking) > 0 {
		out.row("SUPPLIER", "its billing profile lacks "+each(t.Lacking)+": creditmsg site profile operator …")
	}
	if t.IssueFirst != "" {
		out.row("issue first", t.IssueFirst)
	}
}

func taxWaits(w server.TaxWaiting) string {
	return count(int64(w.Payments), "payment") + " of " + wonOf(w.Supply) + " and " + wonOf(w.VAT) + " of VAT"
}
