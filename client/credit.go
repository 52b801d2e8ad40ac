package client

import (
	"context"
	"net/http"
	"time"
)

// Credit is the prepaid purse of the token's site. Balance = Available + Held.
type Credit struct {
	Balance   Amount `json:"balance"`
	Available Amount `json:"available"`
	Held      Amount `json:"held"`
	Prices    Prices `json:"prices"`

	AutoRecharge *AutoRecharge `json:"auto_recharge"` // nil = it was never set
}

// Prices is what one delivered message costs, by channel.
type Prices struct {
	Alimtalk Amount `json:"alimtalk"`
	SMS      Amount `json:"sms"`
	LMS      Amount `json:"lms"`
	MMS      Amount `json:"mms"`
}

// Entry is one line of the ledger. Lines are never changed, and each carries the hash
// of the one before it.
type Entry struct {
	Seq            int64     `json:"seq"`
	Kind           string    `json:"kind"`
	Amount         Amount    `json:"amount"`
	Debit          string    `json:"debit"`
	Credit         string    `json:"credit"`
	AvailableAfter Amount    `json:"available_after"`
	HeldAfter      Amount    `json:"held_after"`
	Ref            string    `json:"ref"`
	Key            string    `json:"key"`
	Note           string    `json:"note"`
	At             time.Time `json:"at"`
	NoteDigest     string    `json:"note_digest"`
	OpensDigest    string    `json:"opens_digest"`
	PrevHash       string    `json:"prev_hash"`
	Hash           string    `json:"hash"`
}

// Usage is what one message used on one channel.
type Usage struct {
	ID           string    `json:"id"`
	MessageID    string    `json:"message_id"`
	Channel      string    `json:"channel"`
	Quantity     int64     `json:"quantity"`
	CostPerUnit  Amount    `json:"cost_per_unit"`
	TotalCost    Amount    `json:"total_cost"`
	RefundAmount Amount    `json:"refund_amount"`
	CreatedAt    time.Time `json:"created_at,omitzero"`

	Refunds []UsageRefund `json:"refunds"`
}

// UsageRefund is one time that some of a usage was given back.
type UsageRefund struct {
	ID     string    `json:"id"`
	Amount Amount    `json:"amount"`
	At     time.Time `json:"at"`
}

// UsageFilter narrows a list of usages; Message "" does not.
type UsageFilter struct {
	Paging
	Message     string // an id
	NewestFirst bool
}

// Credit gets the purse and the prices.
func (c *Client) Credit(ctx context.Context) (Credit, error) {
	return get[Credit](ctx, c, nil, "v1", "credit")
}

// Entries lists the ledger, oldest first.
func (c *Client) Entries(ctx context.Context, p Paging) (Page[Entry], error) {
	return get[Page[Entry]](ctx, c, p.query(), "v1", "credit", "entries")
}

// LatestEntries lists the ledger, newest first.
func (c *Client) LatestEntries(ctx context.Context, p Paging) (Page[Entry], error) {
	return get[Page[Entry]](ctx, c, p.query("order", "newest"), "v1", "credit", "entries")
}

// Usages lists what messages used, oldest first if nothing else is said.
func (c *Client) Usages(ctx context.Context, f UsageFilter) (Page[Usage], error) {
	order := ""
	if f.NewestFirst {
		order = "newest"
	}
	return get[Page[Usage]](ctx, c, f.query("message", f.Message, "order", order), "v1", "credit", "usages")
}

// Refund is money that was given back for a usage.
type Refund struct {
	ID         string `json:"id"`
	UsageID    string `json:"usage_id"`
	Amount     Amount `json:"amount"`
	Refundable Amount `json:"refundable"` // what is left of the usage
}

// RefundUsage gives back some of what a message used. It needs credit:refund.
func (c *Client) RefundUsage(ctx context.Context, usage string, amount Amount, reason string) (Refund, error) {
	return write[Refund](ctx, c, http.MethodPost, map[string]string{"amount": string(amount), "reason": reason}, "v1", "credit", "usages", usage, "refund")
}
