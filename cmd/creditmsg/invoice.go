package main

import (
	"context"
	"fmt"

	"creditmsg/internal/server"
)

// invoiceVerb works on what carriers bill.
type invoiceVerb struct {
	Import invoiceImport `cmd:"" help:"Import a carrier's invoice and compare it line by line."`
	List   invoiceList   `cmd:"" help:"List the invoices, the newest first."`
	Show   invoiceShow   `cmd:"" help:"Show an invoice and what it differs in."`
	Apply  invoiceApply  `cmd:"" help:"Give back to sites what the carrier says was not delivered."`
}

type invoiceImport struct {
	Provider    string            `arg:"" help:"Name of the provider account."`
	File        string            `arg:"" help:"The CSV file."`
	Month       string            `placeholder:"2026-11" help:"The month that is billed; without it that of most lines."`
	Column      map[string]string `placeholder:"FIELD=NAME" help:"Which column is what, where the file has names of its own; repeated. Fields: reference, call, message, number, channel, result, sent, reported, price, vat."`
	Delivered   []string          `placeholder:"CODE" help:"Result codes that mean delivered; repeated."`
	VATIncluded bool              `name:"vat-included" help:"Prices include VAT, where no column says so."`
	Total       string            `placeholder:"WON" help:"The total that the carrier states, without VAT."`
	Price       map[string]string `mapsep:"," placeholder:"CHANNEL=WON" help:"Agreed unit prices without VAT, such as sms=8.4,lms=25."`
	Kind        string            `placeholder:"KIND" help:"How the carrier's files look; without it as the configured account's kind."`
	database
}

// Help is shown below the flags' own help.
func (invoiceImport) Help() string {
	return `A file that cannot be read in one place is refused as a whole, and each place is named.
The same file again is the same invoice: compared anew, or left alone once a refund of it was posted.`
}

// Run imports the file.
func (v *invoiceImport) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		made, err := p.ImportInvoice(ctx, v.File, server.InvoiceRequest{Provider: v.Provider, Kind: v.Kind, Month: v.Month, Columns: v.Column,
			Delivered: v.Delivered, VAT: v.VATIncluded, Total: v.Total, Prices: v.Price})
		if err != nil {
			return nil, nil, err
		}
		return made, func(t *table) { showInvoice(t, made) }, nil
	})
}

func showInvoice(t *table, v server.Invoice) {
	t.row("invoice", v.Name)
	t.row("of", v.Provider+", "+v.Month+" ("+string(v.State)+")")
	t.row("lines", count(v.Lines, "line")+", "+grouped(v.Billed)+" of them bill something")
	t.row("amount", wonOf(v.Amount)+" without VAT")
	if v.Stated > 0 {
		off := "as the lines add up"
		if v.Off != "" {
			off = "off by " + v.Off + " won"
		}
		t.row("stated total", wonOf(v.Stated)+", "+off)
	}
	if len(v.Kinds) == 0 {
		t.row("differences", "none")
	}
	for _, k := range v.Kinds {
		what := grouped(k.Count) + ": " + k.English
		if k.Refund > 0 {
			what += "; " + wonOf(k.Refund) + " to refund"
		}
		if k.Claim > 0 {
			what += "; " + wonOf(k.Claim) + " to claim"
		}
		t.row(k.Kind, what)
	}
}

type invoiceList struct{ database }

// Run lists the invoices.
func (v *invoiceList) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		list, err := p.Invoices(ctx)
		if err != nil {
			return nil, nil, err
		}
		return list, func(t *table) {
			t.row("INVOICE", "PROVIDER", "MONTH", "STATE", "LINES", "AMOUNT", "DIFFERENCES")
			for _, one := range list.Data {
				var n int64
				for _, k := range one.Kinds {
					n += k.Count
				}
				t.row(one.Name, one.Provider, one.Month, one.State, grouped(one.Lines), wonOf(one.Amount), grouped(n))
			}
		}, nil
	})
}

type invoiceShow struct {
	ID          string `arg:"" help:"The invoice: inv_…"`
	Differences bool   `help:"List each difference."`
	Kind        string `placeholder:"KIND" help:"Only differences of one kind."`
	CSV         bool   `name:"csv" help:"Print the differences as CSV."`
	Claims      bool   `help:"Print the list of claims as CSV, to be sent to the carrier; it holds phone numbers."`
	database
}

// Run shows the invoice.
func (v *invoiceShow) Run(ctx context.Context, s *streams) error {
	if v.JSON && (v.CSV || v.Claims) {
		return usageError{"--json and CSV do not go together"}
	}
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		if v.CSV || v.Claims {
			return nil, nil, p.WriteInvoice(ctx, s.out, v.ID, server.InvoicePaper{Kind: v.Kind, Claims: v.Claims})
		}
		found, err := p.Invoice(ctx, v.ID, v.Kind, v.Differences || v.Kind != "")
		if err != nil {
			return nil, nil, err
		}
		return found, func(t *table) {
			showInvoice(t, found.Invoice)
			for _, d := range found.List {
				t.row(fmt.Sprintf("%d %s", d.N, d.Kind), differenceText(d))
			}
		}, nil
	})
}

func differenceText(d server.InvoiceDifference) string {
	text := "not on the invoice"
	if d.Line > 0 {
		text = fmt.Sprintf("line %d bills %s", d.Line, wonOf(d.Billed))
	}
	if d.Twin > 0 {
		text += fmt.Sprintf(" after line %d", d.Twin)
	}
	if d.TwinInvoice != "" {
		text += " of " + d.TwinInvoice
	}
	if d.Reference != "" {
		text += ", " + d.Reference
	}
	if d.Ours != "" {
		text += fmt.Sprintf(", %s by %s for %s", d.Ours, d.Channel, wonOf(d.Charged))
	}
	if d.Posted {
		text += ", refunded"
	}
	return text
}

type invoiceApply struct {
	ID      string   `arg:"" help:"The invoice: inv_…"`
	Only    []string `placeholder:"KIND" help:"Only differences of this kind; repeated."`
	Confirm bool     `help:"Post the refunds. Without it nothing is posted, and what would be is told."`
	database
}

// Run posts what is proposed.
func (v *invoiceApply) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		done, err := p.ApplyInvoice(ctx, v.ID, v.Only, v.Confirm)
		if err != nil {
			return nil, nil, err
		}
		return done, func(t *table) {
			verb := "posted"
			if !done.Confirmed {
				verb = "would be posted"
			}
			t.row(verb, count(done.Refunds, "refund")+" for "+count(done.Legs, "leg")+", "+wonOf(done.Amount))
			if done.Before > 0 {
				t.row("refunded before", count(done.Before, "leg")+", by another invoice")
			}
			if done.Short > 0 {
				t.row("not left to refund", wonOf(done.Short))
			}
			if !done.Confirmed {
				t.say("Say --confirm to post it.")
			}
		}, nil
	})
}
