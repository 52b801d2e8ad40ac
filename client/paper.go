package client

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"time"
)

// Statement is the ledger of one Korean month. Raw is the paper itself, signed: keep it as it
// came, and prove it with creditmsg ledger verify --statement.
type Statement struct {
	Site         string             `json:"site"`
	Month        string             `json:"month"`
	Complete     bool               `json:"complete"` // the month is over, and signed to its end
	MadeAt       time.Time          `json:"made_at"`
	Opening      StatementBalance   `json:"opening"`
	Closing      StatementBalance   `json:"closing"`
	Movements    []StatementSum     `json:"movements"`
	Channels     []StatementChannel `json:"channels"`
	Payments     []StatementPayment `json:"payments"`
	PaymentTotal Taxed              `json:"payment_total"`

	Raw json.RawMessage `json:"-"`
}

// StatementBalance is where the ledger stood after the entry Seq.
type StatementBalance struct {
	Seq       int64  `json:"seq"`
	Hash      string `json:"hash"`
	Available Amount `json:"available"`
	Held      Amount `json:"held"`
	Spent     Amount `json:"spent"`
}

// StatementSum adds up the entries of one kind between the same accounts.
type StatementSum struct {
	Kind   string `json:"kind"`
	Debit  string `json:"debit"`
	Credit string `json:"credit"`
	Count  int64  `json:"count"`
	Amount Amount `json:"amount"`
}

// StatementChannel is what messages of one channel cost.
type StatementChannel struct {
	Channel  string `json:"channel"`
	Quantity int64  `json:"quantity"` // recipients that were charged
	Spent    Amount `json:"spent"`
	Refunded Amount `json:"refunded"`
}

// StatementPayment is credit that was paid for; below zero it is what was taken back.
type StatementPayment struct {
	Seq       int64     `json:"seq"` // of its entry; 0 = none: VAT alone went back
	At        time.Time `json:"at"`
	Kind      string    `json:"kind"`
	Ref       string    `json:"ref"`
	Cancel    string    `json:"cancel,omitempty"`         // pcn_…, of what was taken back or restored
	FromEntry bool      `json:"vat_from_entry,omitempty"` // nobody wrote its VAT down: it is computed from the entry
	Taxed
}

// Taxed is an amount without and with its value added tax.
type Taxed struct {
	Supply Amount `json:"supply"`
	VAT    Amount `json:"vat"`
	Total  Amount `json:"total"`
}

// StatementMonth is a month that there is a statement of.
type StatementMonth struct {
	Month   string `json:"month"`
	Running bool   `json:"running"` // it is not over
}

// SigningKeys is the installation's public keys.
type SigningKeys struct {
	KeyID     string       `json:"key_id"`
	PublicKey []byte       `json:"public_key"` // Ed25519, of the key that signs now
	Keys      []SigningKey `json:"keys"`       // all that ever signed, oldest first
}

// SigningKey is one of them.
type SigningKey struct {
	KeyID     string    `json:"key_id"`
	PublicKey []byte    `json:"public_key"`
	Since     time.Time `json:"since"`
}

// BillingProfile is whom papers are made out to.
type BillingProfile struct {
	BusinessNumber    string `json:"business_number,omitempty"`
	Name              string `json:"name,omitempty"`
	Representative    string `json:"representative,omitempty"`
	Address           string `json:"address,omitempty"`
	BusinessType      string `json:"business_type,omitempty"`
	BusinessItem      string `json:"business_item,omitempty"`
	Email             string `json:"email,omitempty"`
	Paper             string `json:"paper,omitempty"` // tax_invoice, cash_receipt_business, cash_receipt_person or none
	CashReceiptNumber string `json:"cash_receipt_number,omitempty"`
}

// EntryRange says which entries are exported, and how. The zero value is all of them.
type EntryRange struct {
	From, Until string // Korean days such as 2026-12-01, both included; "" = from the first, up to now
	Format      string // ndjson or csv; "" = ndjson
	Notes       bool   // with the notes, and the keys that prove them
}

// SigningKeys gets the public keys that statements are signed with.
func (c *Client) SigningKeys(ctx context.Context) (SigningKeys, error) {
	return get[SigningKeys](ctx, c, nil, "v1", "credit", "signing-key")
}

// Statements lists the months that there are statements of, the newest first.
func (c *Client) Statements(ctx context.Context, p Paging) (Page[StatementMonth], error) {
	return get[Page[StatementMonth]](ctx, c, p.query(), "v1", "credit", "statements")
}

// Statement gets the statement of a month, such as 2026-12.
func (c *Client) Statement(ctx context.Context, month string) (Statement, error) {
	var out Statement
	var raw []byte
	err := c.do(ctx, call{method: http.MethodGet, path: []string{"v1", "credit", "statements", month}, out: &out, raw: func(reply []byte) { raw = reply }})
	out.Raw = raw
	return out, err
}

// StatementFile writes the statement of a month to w, as json, csv or xlsx.
func (c *Client) StatementFile(ctx context.Context, month, format string, w io.Writer) error {
	return c.do(ctx, call{method: http.MethodGet, path: []string{"v1", "credit", "statements", month}, query: url.Values{"format": {format}}, to: w})
}

// ExportEntries writes the entries of a range to w, in constant memory. When it fails, what
// was written is not all there is.
func (c *Client) ExportEntries(ctx context.Context, r EntryRange, w io.Writer) error {
	notes := ""
	if r.Notes {
		notes = "true"
	}
	query := Paging{}.query("from", r.From, "until", r.Until, "format", r.Format, "notes", notes)
	return c.do(ctx, call{method: http.MethodGet, path: []string{"v1", "credit", "entries", "export"}, query: query, to: w})
}

// BillingProfile gets whom papers are made out to.
func (c *Client) BillingProfile(ctx context.Context) (BillingProfile, error) {
	return get[BillingProfile](ctx, c, nil, "v1", "billing-profile")
}

// PutBillingProfile replaces whom papers are made out to.
func (c *Client) PutBillingProfile(ctx context.Context, p BillingProfile) (BillingProfile, error) {
	return write[BillingProfile](ctx, c, http.MethodPut, p, "v1", "billing-profile")
}
