package main

import (
	"context"

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
