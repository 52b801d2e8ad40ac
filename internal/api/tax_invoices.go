package api

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/paper"
	"creditmsg/internal/site"
)

type taxMonth struct {
	Month string `path:"month" doc:"Korean, such as 2026-12."`
}

// taxInvoices declares the routes about the operator's tax invoices, which are about all sites.
func taxInvoices(a *api) {
	whole := a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[paper.TaxInvoices](), true, "")
	a.paper(operation{
		id: "getTaxInvoices", path: "/v1/tax-invoices/{month}", tag: "Tax invoices", ability: site.Operator, house: true,
		summary: "Get the tax invoices of a month",
		about: "One row for each site that asks for tax invoices: what it paid without a card slip or cash receipt, less what of it went back. " +
			"What went back of an issued month is a row of its own below zero. Sites that cannot be invoiced are listed with what is missing. " +
			"XLSX is the form that Hometax takes many invoices in, at most 100 a file; corrections are in files of their own.",
		params: []*huma.Param{
			{Name: "month", In: "path", Required: true, Description: "Korean, such as 2026-12.", Schema: &huma.Schema{Type: huma.TypeString}, Example: "2026-12"},
			choice("format", "Instead of Accept.", paper.JSON, paper.XLSX),
			{Name: "file", In: "query", Description: "Which of the files, from 1 on; of XLSX.", Schema: &huma.Schema{Type: huma.TypeInteger}},
		},
	}, []string{paper.JSON, paper.XLSX}, whole, a.taxInvoices)
	perform[taxMonth, *paper.TaxInvoices, *paper.TaxInvoices](a, operation{
		id: "issueTaxInvoices", method: http.MethodPost, path: "/v1/tax-invoices/{month}/issue", tag: "Tax invoices", ability: site.Operator, house: true,
		status: http.StatusOK, summary: "Issue the tax invoices of a month that is over",
		about: "From then on they are given as they are now. What changes later comes with the month that is issued next: months are issued in order. A month that was issued stays as it is.",
		codes: []string{fault.CodeStateConflict},
	}, func(ctx context.Context, _ *exchange, in *taxMonth, _ string) (*paper.TaxInvoices, error) {
		return a.Papers.IssueTaxInvoices(ctx, a.DB, in.Month)
	}, func(_ *db.Tx, t *paper.TaxInvoices) (*paper.TaxInvoices, error) { return t, nil })
}

func (a *api) taxInvoices(w http.ResponseWriter, r *http.Request, _ *exchange) error {
	format, err := formatOf(r, paper.JSON, paper.XLSX)
	if err != nil {
		return err
	}
	file := 1
	if text := r.URL.Query().Get("file"); text != "" {
		if file, err = strconv.Atoi(text); err != nil || format != paper.XLSX {
			return fault.Check("/file", "want the number of a file, with format=xlsx")
		}
	}
	var t *paper.TaxInvoices
	err = a.DB.Snapshot(r.Context(), "api_get_tax_invoices", func(tx *db.Tx) (err error) {
		t, err = a.Papers.TaxInvoices(tx, r.PathValue("month"))
		return err
	})
	if err != nil {
		return err
	}
	text, err := t.JSON()
	if format == paper.XLSX {
		text, err = t.File(file)
	}
	if err != nil {
		return err
	}
	w.Header().Add("Vary", "Accept")
	name(w, fmt.Sprintf("tax-invoices-%s-%d", t.Month, file), format)
	a.sendBytes(w, http.StatusOK, paperMedia[format], text)
	return nil
}
