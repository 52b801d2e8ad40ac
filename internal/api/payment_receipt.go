package api

import (
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/paper"
)

// receiptPolicy keeps a receipt's page from loading anything.
const receiptPolicy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// receipts declares the route of receipts.
func receipts(a *api) {
	a.paper(operation{
		id: "getReceipt", path: "/v1/credit/payments/{id}/receipt", tag: "Payments", summary: "Get the receipt of a payment",
		codes: []string{fault.CodeStateConflict},
		about: "Supplier and customer, supply, VAT and total, the means, the card slip or cash receipt, and what was given back. " +
			"The HTML can be printed and loads nothing. A payment that is not paid has none.",
		params: []*huma.Param{
			{Name: "id", In: "path", Required: true, Description: "pay_…", Schema: &huma.Schema{Type: huma.TypeString}},
			choice("format", "Instead of Accept.", paper.JSON, paper.HTML),
		},
	}, []string{paper.JSON, paper.HTML}, a.paperSchema("PaymentReceipt", reflect.TypeFor[paper.Receipt]()), a.receipt)
}

func (a *api) receipt(w http.ResponseWriter, r *http.Request, x *exchange) error {
	format, err := formatOf(r, paper.JSON, paper.HTML)
	if err != nil {
		return err
	}
	of, err := paymentID(r.PathValue("id"))
	if err != nil {
		return err
	}
	var made *paper.Receipt
	err = a.DB.Snapshot(r.Context(), "api_get_receipt", func(tx *db.Tx) (err error) {
		made, err = a.Papers.Receipt(tx, x.site, of)
		return err
	})
	if err != nil {
		return err
	}
	text, err := made.In(format)
	if err != nil {
		return err
	}
	w.Header().Add("Vary", "Accept")
	if format == paper.HTML {
		w.Header().Set("Content-Security-Policy", receiptPolicy)
	}
	a.sendBytes(w, http.StatusOK, paperMedia[format], text)
	return nil
}
