package client

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// TaxInvoices are the operator's tax invoices of a Korean month. Operators alone see them.
type TaxInvoices struct {
	Month         string       `json:"month"`
	State         string       `json:"state"` // running, open or issued
	IssuedAt      time.Time    `json:"issued_at"`
	IssueFirst    string       `json:"issue_first"` // an earlier month that is to be issued before this one
	Supplier      TaxParty     `json:"supplier"`
	SupplierLacks []string     `json:"supplier_lacks"` // members of the operator's billing profile
	Rows          []TaxRow     `json:"rows"`
	Total         Taxed        `json:"total"`
	Files         int          `json:"files"` // that the rows are uploaded in
	Netted        []TaxNetted  `json:"netted"`
	Errors        []TaxWaiting `json:"errors"`  // sites that cannot be invoiced
	Waiting       []TaxWaiting `json:"waiting"` // sites that did not ask for it, and cash receipts to come
}

// TaxParty is who supplies or is supplied, as a tax invoice names him.
type TaxParty struct {
	BusinessNumber string `json:"business_number"`
	Name           string `json:"name"`
	Representative string `json:"representative"`
	Address        string `json:"address"`
	BusinessType   string `json:"business_type"`
	BusinessItem   string `json:"business_item"`
	Email          string `json:"email"`
}

// TaxRow is one tax invoice.
type TaxRow struct {
	No            int      `json:"no"`
	File          int      `json:"file"` // that it is uploaded in
	Site          string   `json:"site"`
	Kind          string   `json:"kind"`     // month, late or correction
	Date          string   `json:"date"`     // a Korean day
	Original      string   `json:"original"` // the date of the invoice that is corrected
	Buyer         TaxParty `json:"buyer"`
	Item          string   `json:"item"`
	Payments      []string `json:"payments"`      // pay_…
	Cancellations []string `json:"cancellations"` // pcn_…
	Taxed
}

// TaxNetted is what a site paid and got back before it was invoiced.
type TaxNetted struct {
	Site          string   `json:"site"`
	Month         string   `json:"month"`
	Payments      []string `json:"payments"`
	Cancellations []string `json:"cancellations"`
}

// TaxWaiting is what a site paid that stands in no invoice.
type TaxWaiting struct {
	Site     string   `json:"site"`
	Why      string   `json:"why"`     // incomplete, no_paper, cash_receipt or cash_receipt_wanted
	Missing  []string `json:"missing"` // members of its billing profile
	Payments int      `json:"payments"`
	Taxed
}

// TaxInvoices gets the tax invoices of a month, such as 2026-12: as they were issued, or as
// they would be now.
func (c *Client) TaxInvoices(ctx context.Context, month string) (TaxInvoices, error) {
	return get[TaxInvoices](ctx, c, nil, "v1", "tax-invoices", month)
}

// TaxInvoicesFile writes one of the month's files, from 1 on, to w: a spreadsheet in the form
// that Hometax takes.
func (c *Client) TaxInvoicesFile(ctx context.Context, month string, file int, w io.Writer) error {
	query := url.Values{"format": {"xlsx"}, "file": {strconv.Itoa(file)}}
	return c.do(ctx, call{method: http.MethodGet, path: []string{"v1", "tax-invoices", month}, query: query, to: w})
}

// IssueTaxInvoices issues the tax invoices of a month that is over. One that was issued is
// given as it was.
func (c *Client) IssueTaxInvoices(ctx context.Context, month string) (TaxInvoices, error) {
	return write[TaxInvoices](ctx, c, http.MethodPost, nil, "v1", "tax-invoices", month, "issue")
}
