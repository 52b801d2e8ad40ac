package main

import (
	"context"
	"strings"

	"creditmsg/internal/server"
)

type paymentReceipt struct {
	Site   string `arg:"" help:"The site."`
	ID     string `arg:"" help:"The payment: pay_…"`
	Format string `enum:",json,html" default:"" placeholder:"FORMAT" help:"json or html, a page to print; without it what --out ends in, else json."`
	Out    string `placeholder:"FILE" help:"Where to write it; without it to standard output."`
	database
}

// Run writes the receipt.
func (v *paymentReceipt) Run(ctx context.Context, s *streams) error {
	return v.paper(ctx, s, v.Format, v.Out, func(p *server.Operator, format string) ([]byte, error) {
		return p.Receipt(ctx, v.Site, v.ID, format)
	}, "html")
}

type paymentReceiptIssued struct {
	onePayment
	Number string `arg:"" help:"The receipt's approval number (승인번호)."`
	database
}

// Run notes that the cash receipt was issued.
func (v *paymentReceiptIssued) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		return shownPayment(p.ReceiptIssued(ctx, v.Site, v.ID, v.Number))
	})
}

func showCashReceipt(t *table, p server.Payment) {
	c := p.CashReceipt
	whose := "a person's"
	if c.Business {
		whose = "a business's"
	}
	t.row("cash receipt", strings.TrimSpace(c.Status+" "+c.Number)+", "+whose+": "+c.Identity)
	if c.Status == "wanted" && p.Method == "transfer" && p.PaidAt != nil {
		t.row("", "issue it, and then say: creditmsg payment receipt-issued "+p.Site+" "+p.ID+" NUMBER")
	}
}
