package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Invoice is what a carrier bills for a month, compared with what was charged and reported. Only
// operators see invoices.
type Invoice struct {
	ID          string    `json:"id"`
	Provider    string    `json:"provider"`
	Month       string    `json:"month"`
	State       string    `json:"state"` // reading, comparing or ready
	Lines       int64     `json:"lines"`
	BilledLines int64     `json:"billed_lines"`
	Amount      Amount    `json:"amount"`
	StatedTotal Amount    `json:"stated_total"`
	TotalOff    Amount    `json:"total_off"`
	Differences []KindSum `json:"differences"`
	CreatedAt   time.Time `json:"created_at"`
	ComparedAt  time.Time `json:"compared_at"` // zero = not yet
	PostedAt    time.Time `json:"posted_at"`   // zero = no refund was posted
}

// KindSum is all differences of one kind.
type KindSum struct {
	Kind   string `json:"kind"`
	Count  int64  `json:"count"`
	Claim  Amount `json:"claim"`  // from the carrier
	Refund Amount `json:"refund"` // to sites
	TextKo string `json:"text_ko"`
	TextEn string `json:"text_en"`
}

// InvoiceDifference is one place where an invoice and the rows differ.
type InvoiceDifference struct {
	N          int64  `json:"n"`
	Kind       string `json:"kind"`
	Line       int64  `json:"line"` // of the file; 0 = it has none
	Reference  string `json:"reference"`
	UpstreamID string `json:"upstream_id"`
	Channel    string `json:"channel"`
	Billed     Amount `json:"billed"`
	Agreed     Amount `json:"agreed"`
	Charged    Amount `json:"charged"`
	Claim      Amount `json:"claim"`
	Refund     Amount `json:"refund"`
	Posted     bool   `json:"posted"`
	TextKo     string `json:"text_ko"`
	TextEn     string `json:"text_en"`

	Ours         string `json:"ours"`          // charged, failed, late, released or open; "" = unknown to us
	Theirs       string `json:"theirs"`        // delivered or failed; "" = the line does not say
	TheirChannel string `json:"their_channel"` // Channel is what we sent it by
	Code         string `json:"code"`
	TwinInvoice  string `json:"twin_invoice"` // of billed_twice: the earlier invoice; "" = this one
	TwinLine     int64  `json:"twin_line"`    // of billed_twice: the line that bills it first
}

// InvoiceFile is a carrier's file, CSV, and how it is to be read. What is empty is found out.
type InvoiceFile struct {
	Provider string // the name of the account
	Kind     string // of the carrier
	Month    string // such as 2026-11
	Content  []byte
	Columns  map[string]string // names of the file by field
	Prices   map[string]Amount // agreed, by channel
	Total    Amount            // that the carrier states

	Delivered   []string // result codes that mean delivered
	VATIncluded bool     // in prices, where no column says so
}

// Applied is what posting an invoice's refunds did, or would do.
type Applied struct {
	Confirmed      bool   `json:"confirmed"`
	Legs           int64  `json:"legs"`
	Refunds        int64  `json:"refunds"`
	RefundedBefore int64  `json:"refunded_before"`
	Amount         Amount `json:"amount"`
	Short          Amount `json:"short"`
}

// Invoices lists the invoices, newest first.
func (c *Client) Invoices(ctx context.Context, p Paging) (Page[Invoice], error) {
	return get[Page[Invoice]](ctx, c, p.query(), "v1", "invoices")
}

// Invoice gets one invoice.
func (c *Client) Invoice(ctx context.Context, id string) (Invoice, error) {
	return get[Invoice](ctx, c, nil, "v1", "invoices", id)
}

// ImportInvoice has a carrier's file compared. The same file again is the same invoice.
func (c *Client) ImportInvoice(ctx context.Context, f InvoiceFile) (out Invoice, err error) {
	query := Paging{}.query("provider", f.Provider, "kind", f.Kind, "month", f.Month, "total", string(f.Total))
	pairs(query, "column", f.Columns)
	pairs(query, "price", f.Prices)
	for _, code := range f.Delivered {
		query.Add("delivered", code)
	}
	if f.VATIncluded {
		query.Set("vat", "included")
	}
	err = c.do(ctx, call{method: http.MethodPost, path: []string{"v1", "invoices"}, query: query, file: append([]byte{}, f.Content...), media: "text/csv", out: &out})
	return out, err
}

// pairs adds NAME=VALUE for each pair.
func pairs[V ~string](q url.Values, name string, of map[string]V) {
	for key, value := range of {
		q.Add(name, key+"="+string(value))
	}
}

// InvoiceDifferences lists what an invoice differs in; kind "" is all kinds.
func (c *Client) InvoiceDifferences(ctx context.Context, id, kind string, p Paging) (Page[InvoiceDifference], error) {
	return get[Page[InvoiceDifference]](ctx, c, p.query("kind", kind), "v1", "invoices", id, "differences")
}

// ApplyInvoice posts the refunds of an invoice, or tells what that would do unless confirm is
// set; only narrows it to kinds of differences.
func (c *Client) ApplyInvoice(ctx context.Context, id string, confirm bool, only ...string) (Applied, error) {
	in := struct {
		Confirm bool     `json:"confirm"`
		Only    []string `json:"only,omitempty"`
	}{confirm, only}
	return write[Applied](ctx, c, http.MethodPost, in, "v1", "invoices", id, "apply")
}
