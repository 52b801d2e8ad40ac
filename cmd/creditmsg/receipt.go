package main

import (
	"context"
	"io"
	"path/filepath"

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
	format := v.Format
	if format == "" && filepath.Ext(v.Out) == ".html" {
		format = "html"
	}
	if format == "" {
		format = "json"
	}
	if v.JSON && format != "json" {
		return usageError{"--json is another format than " + format}
	}
	var text []byte
	_, _, err := v.result(ctx, server.OperatorOptions{}, func(p *server.Operator) (any, func(*table), error) {
		var err error
		text, err = p.Receipt(ctx, v.Site, v.ID, format)
		return nil, nil, err
	})
	if err != nil {
		return v.refused(s, err)
	}
	return v.writeTo(s, v.Out, func(w io.Writer) error { _, err := w.Write(text); return err })
}
