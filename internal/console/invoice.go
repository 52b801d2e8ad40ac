package console

import (
	"io"
	"net/http"
	"slices"
	"strings"

	"creditmsg/client"
)

func invoiceScreens() []screen {
	return []screen{
		{pattern: "GET /operator/invoices", do: (*page).invoices},
		{pattern: "GET /operator/invoices/new", do: (*page).invoiceForm},
		{pattern: "POST /operator/invoices/new", do: (*page).importInvoice},
		{pattern: "GET /operator/invoices/{id}", do: (*page).invoice},
		{pattern: "GET /operator/invoices/{id}/apply", do: (*page).applyForm},
		{pattern: "POST /operator/invoices/{id}/apply", do: (*page).applyInvoice},
	}
}

func (p *page) invoices() error {
	list, err := p.api.Invoices(p.ctx(), p.at(30))
	if err != nil {
		return err
	}
	return p.show("invoices", list)
}

// importing is the form of a carrier's file.
type importing struct {
	Form      form
	Providers []option
}

func (p *page) showImporting(f form) error {
	list, err := p.api.Providers(p.ctx())
	if err != nil {
		return err
	}
	d := importing{Form: f.Filled(nil)}
	for _, one := range list.Data {
		d.Providers = append(d.Providers, option{one.Name, one.Name})
	}
	if f.Errors != nil {
		return p.unfit("invoice-new", d)
	}
	return p.show("invoice-new", d)
}

func (p *page) invoiceForm() error { return p.showImporting(p.form()) }

// maxInvoice is how large a file may be that comes by a form. Larger ones go to the API.
const maxInvoice = 64 << 20

// importNames are where the fields of an import stand in its form.
var importNames = map[string]string{"/column": "columns", "/price": "prices"}

func (p *page) importInvoice() error {
	p.r.Body = http.MaxBytesReader(p.w, p.r.Body, maxInvoice+maxForm)
	if err := p.r.ParseMultipartForm(maxForm); err != nil {
		return errForm
	}
	defer func() { _ = p.r.MultipartForm.RemoveAll() }()
	f := p.form()
	in := client.InvoiceFile{Provider: f.Get("provider"), Month: f.Get("month"), Total: typedWon(f.Get("total")), VATIncluded: f.Get("vat") != "",
		Columns: namedPairs[string](f.Get("columns")), Prices: namedPairs[client.Amount](f.Get("prices")), Delivered: strings.Fields(f.Get("delivered"))}
	file, _, err := p.r.FormFile("file")
	if err != nil {
		f.Problem, f.Errors = p.say("form.wrong"), map[string]string{"file": p.say("house.no-file")}
		return p.showImporting(f)
	}
	defer file.Close()
	if in.Content, err = io.ReadAll(io.LimitReader(file, maxInvoice)); err != nil {
		return errForm
	}
	made, err := p.api.ImportInvoice(p.ctx(), in)
	if err == nil {
		return p.done(to("operator", "invoices", made.ID), "house.imported")
	}
	if f.wrong(p, err, importNames) {
		return p.showImporting(f)
	}
	return err
}

// namedPairs reads NAME=VALUE, one a line.
func namedPairs[V ~string](text string) map[string]V {
	out := map[string]V{}
	for _, line := range lines(text) {
		name, value, _ := strings.Cut(line, "=")
		out[strings.TrimSpace(name)] = V(strings.TrimSpace(value))
	}
	return out
}

// invoiceView is the page of one invoice.
type invoiceView struct {
	Invoice client.Invoice
	Kind    string // that its differences are narrowed to
	Page    client.Page[client.InvoiceDifference]
	Refunds bool // something of it can be given back
}

func (p *page) prepareInvoice() (d invoiceView, err error) {
	id := p.r.PathValue("id")
	if d.Invoice, err = p.api.Invoice(p.ctx(), id); err != nil {
		return d, err
	}
	d.Refunds = slices.ContainsFunc(d.Invoice.Differences, func(k client.KindSum) bool { return positive(k.Refund) })
	return d, nil
}

func (p *page) invoice() error {
	d, err := p.prepareInvoice()
	if err != nil {
		return err
	}
	kind := p.r.URL.Query().Get("kind")
	if slices.ContainsFunc(d.Invoice.Differences, func(k client.KindSum) bool { return k.Kind == kind }) {
		d.Kind = kind
	}
	if d.Page, err = p.api.InvoiceDifferences(p.ctx(), d.Invoice.ID, d.Kind, p.at(50)); err != nil {
		return err
	}
	return p.show("invoice", d)
}

// applying is the question before refunds of an invoice are posted, with what they would be.
type applying struct {
	invoiceView
	Form    form
	Applied client.Applied
}

func (p *page) showApplying(f form) error {
	d := applying{Form: f.Filled(nil)}
	var err error
	if d.invoiceView, err = p.prepareInvoice(); err != nil {
		return err
	}
	if d.Applied, err = p.api.ApplyInvoice(p.ctx(), d.Invoice.ID, false); err != nil {
		return p.refused(err, to("operator", "invoices", d.Invoice.ID))
	}
	if f.Errors != nil {
		return p.unfit("invoice-apply", d)
	}
	return p.show("invoice-apply", d)
}

func (p *page) applyForm() error { return p.showApplying(p.form()) }

func (p *page) applyInvoice() error {
	f, id := p.form(), p.r.PathValue("id")
	if _, err := p.api.ApplyInvoice(p.ctx(), id, true); err != nil {
		if f.wrong(p, err, nil) {
			return p.showApplying(f)
		}
		return err
	}
	return p.done(to("operator", "invoices", id), "house.applied")
}

// differences is how many places an invoice differs in.
func differences(v client.Invoice) (n int64) {
	for _, k := range v.Differences {
		n += k.Count
	}
	return n
}
