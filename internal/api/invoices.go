package api

import (
	"context"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/invoice"
	"creditmsg/internal/site"
)

// compareWithin is what an import may take once its file has come: a million lines are read,
// stored and compared.
const compareWithin = 30 * time.Minute

// invoices declares the routes about what carriers bill. They are about the installation, so
// only the operator's tokens reach them, and no site is named.
func invoices(a *api) {
	text := &huma.Schema{Type: huma.TypeString}
	param := func(name, about string) *huma.Param {
		return &huma.Param{Name: name, In: "query", Required: name == "provider", Schema: text, Description: about}
	}
	plain(a, operation{
		id: "importInvoice", method: http.MethodPost, path: "/v1/invoices", tag: "Invoices", ability: site.Operator, house: true, status: http.StatusOK, unkeyed: true,
		summary: "Import a carrier's invoice and compare it line by line",
		about: "The same file again is the same invoice, compared anew until a refund of it was posted. A file with a cell that cannot be read is refused as a whole, " +
			"with the place of each: `/lines/17/단가`.",
		codes: []string{fault.CodeMalformed, fault.CodeBodyTooLarge, fault.CodeUnsupportedMedia, fault.CodeUnsupportedEncoding, fault.CodeStateConflict},
		params: []*huma.Param{
			param("provider", "Name of our account at the carrier."), param("kind", "Of the carrier; that of the configured account where it is left out."),
			param("month", "That is billed, such as 2026-11; that of most lines where it is left out."),
			param("column", "FIELD=NAME, repeated, where the file has names of its own. Fields: reference, call, message, number, channel, result, sent, reported, price, vat."),
			param("delivered", "A result code that means delivered; repeated."), param("vat", "included, where prices include VAT and no column says so."),
			param("total", "That the carrier states, without VAT."), param("price", "CHANNEL=WON, the agreed unit price without VAT; repeated."),
		},
		body: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"text/csv": {
			Schema: &huma.Schema{Type: huma.TypeString, Description: "UTF-8 or CP949, at most 512 MiB."}}}},
	}, reflect.TypeFor[invoice.Invoice](), a.answering(a.importInvoice))
	read(a, operation{
		id: "listInvoices", method: http.MethodGet, path: "/v1/invoices", tag: "Invoices", ability: site.Operator, house: true, status: http.StatusOK,
		summary: "List the invoices, newest first",
	}, a.listInvoices)
	read(a, operation{
		id: "getInvoice", method: http.MethodGet, path: "/v1/invoices/{id}", tag: "Invoices", ability: site.Operator, house: true, status: http.StatusOK,
		summary: "Get an invoice with what it differs in, by kind",
	}, func(tx *db.Tx, _ *exchange, in *invoiceNamed) (invoice.Invoice, error) {
		return invoice.Find(tx, in.ID)
	})
	read(a, operation{
		id: "listInvoiceDifferences", method: http.MethodGet, path: "/v1/invoices/{id}/differences", tag: "Invoices", ability: site.Operator, house: true, status: http.StatusOK,
		summary: "List what an invoice, our charges and the carrier's reports do not agree on",
	}, a.listDifferences)
	register[invoiceApplied, invoice.Applied](a, operation{
		id: "applyInvoice", secondFactor: true, method: http.MethodPost, path: "/v1/invoices/{id}/apply", tag: "Invoices", ability: site.Operator, house: true, status: http.StatusOK, unkeyed: true,
		summary: "Give back to sites what the carrier says was not delivered",
		about:   "Without `confirm` it only tells what would be posted. A leg is given back once, however often and by whichever invoice it is asked for.",
		codes:   []string{fault.CodeMalformed, fault.CodeBodyTooLarge, fault.CodeUnsupportedMedia, fault.CodeStateConflict},
	}, a.applyInvoice)
}

type invoiceNamed struct {
	ID string `path:"id" doc:"inv_…"`
}

type differencesAsked struct {
	ID string `path:"id" doc:"inv_…"`
	Paging
	Kind string `query:"kind" enum:"unknown_to_us,billed_twice,billed_as_delivered,billed_though_failed,charged_but_failed,not_billed,other_channel,other_price,delivered_late,not_final,outside_period"`
}

type invoiceApplied struct {
	ID   string `path:"id" doc:"inv_…"`
	Body struct {
		Only    []string `json:"only,omitempty" doc:"Kinds of differences; every kind that a refund is proposed for where it is left out."`
		Confirm bool     `json:"confirm,omitempty" doc:"true posts the refunds."`
	}
}

func (a *api) listInvoices(tx *db.Tx, x *exchange, in *Paging) (out listOf[invoice.Invoice], err error) {
	l, err := a.list(tx, x, "invoices")
	if err != nil {
		return out, err
	}
	var before id.ID
	if err := l.after(in.Cursor, &before); err != nil {
		return out, err
	}
	rows, err := invoice.List(tx, before, in.Limit+1)
	if err != nil {
		return out, err
	}
	same := func(v invoice.Invoice) (invoice.Invoice, error) { return v, nil }
	return pageOf(l, rows, in.Limit, same, func(v invoice.Invoice) any { return v.ID })
}

func (a *api) listDifferences(tx *db.Tx, x *exchange, in *differencesAsked) (out listOf[invoice.Difference], err error) {
	l, err := a.list(tx, x, "differences", in.ID, in.Kind)
	if err != nil {
		return out, err
	}
	var after int64
	if err := l.after(in.Cursor, &after); err != nil {
		return out, err
	}
	v, err := invoice.Find(tx, in.ID)
	if err != nil {
		return out, err
	}
	rows, err := invoice.Differences(tx, v.ID, invoice.Kind(in.Kind), after, in.Limit+1)
	if err != nil {
		return out, err
	}
	same := func(d invoice.Difference) (invoice.Difference, error) { return d, nil }
	return pageOf(l, rows, in.Limit, same, func(d invoice.Difference) any { return d.N })
}

func (a *api) applyInvoice(ctx context.Context, _ *exchange, in *invoiceApplied) (*reply, error) {
	var kinds []invoice.Kind
	for _, name := range in.Body.Only {
		k, err := invoice.ParseKind("/only", name)
		if err != nil {
			return nil, err
		}
		kinds = append(kinds, k)
	}
	done, err := a.Invoices.Apply(ctx, in.ID, kinds, in.Body.Confirm)
	if err != nil {
		return nil, err
	}
	return rendered(http.StatusOK, done)
}

// importInvoice takes a file. It goes to the disk first, since it is read several times.
func (a *api) importInvoice(w http.ResponseWriter, r *http.Request, _ *exchange) (*reply, error) {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "text/csv" || r.Header.Get("Content-Encoding") != "" {
		return nil, fault.New(fault.Unsupported, fault.CodeUnsupportedMedia, "send the file as text/csv")
	}
	ask, err := invoiceAsked(r.URL.Query())
	if err != nil {
		return nil, err
	}
	file, err := a.onDisk(w, r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	ctx, cancel := context.WithTimeout(r.Context(), compareWithin)
	defer cancel()
	v, err := a.Invoices.Import(ctx, file, ask)
	if err != nil {
		return nil, err
	}
	return rendered(http.StatusOK, v)
}

// invoiceAsked reads what the address says of the file.
func invoiceAsked(q url.Values) (r invoice.Request, err error) {
	known := []string{"provider", "kind", "month", "column", "delivered", "vat", "total", "price"}
	for name := range q {
		if !slices.Contains(known, name) {
			return r, fault.Check("/"+name, "there is no such parameter: use %v", known)
		}
	}
	r = invoice.Request{Provider: q.Get("provider"), Kind: q.Get("kind"), Month: q.Get("month"), Delivered: q["delivered"], Total: q.Get("total")}
	switch q.Get("vat") {
	case "", "excluded":
	case "included":
		r.VAT = true
	default:
		return r, fault.Check("/vat", "want included or excluded")
	}
	if r.Columns, err = pairs("column", q["column"]); err == nil {
		r.Prices, err = pairs("price", q["price"])
	}
	return r, err
}

// pairs reads repeated NAME=VALUE.
func pairs(name string, list []string) (map[string]string, error) {
	out := map[string]string{}
	for _, one := range list {
		key, value, ok := strings.Cut(one, "=")
		if _, twice := out[key]; !ok || key == "" || twice {
			return nil, fault.Check("/"+name, "want NAME=VALUE, each name once")
		}
		out[key] = value
	}
	return out, nil
}
