package client

import (
	"context"
	"net/http"
)

// The acts here need a token of the operator, who says with ForSite which site they are about.

// BookPayment notes that a transfer to the operator's own account has arrived.
func (c *Client) BookPayment(ctx context.Context, payment string) (Payment, error) {
	return write[Payment](ctx, c, http.MethodPost, nil, "v1", "credit", "payments", payment, "arrived")
}

// BookCancellation notes that a cancellation of a transfer was given back by hand.
func (c *Client) BookCancellation(ctx context.Context, payment, cancellation string) (Cancellation, error) {
	return write[Cancellation](ctx, c, http.MethodPost, nil, "v1", "credit", "payments", payment, "cancellations", cancellation, "given-back")
}

// BookCashReceipt notes the approval number of a cash receipt that the operator issued.
func (c *Client) BookCashReceipt(ctx context.Context, payment, number string) (Payment, error) {
	return write[Payment](ctx, c, http.MethodPost, map[string]string{"number": number}, "v1", "credit", "payments", payment, "cash-receipt", "issued")
}

// SetCapBounds sets what a site's caps may not exceed.
func (c *Client) SetCapBounds(ctx context.Context, l CapLimits) (Caps, error) {
	return write[Caps](ctx, c, http.MethodPut, l, "v1", "credit", "caps", "bounds")
}

// SetSender decides on a sender number: state is requested, approved, rejected or blocked, and
// the site reads the reason.
func (c *Client) SetSender(ctx context.Context, number, state, reason string) (Sender, error) {
	in := struct {
		Number string `json:"number"`
		State  string `json:"state"`
		Reason string `json:"reason,omitempty"`
	}{number, state, reason}
	return write[Sender](ctx, c, http.MethodPut, in, "v1", "senders", number)
}

// WordsAdded is how many words were new to a list.
type WordsAdded struct {
	Added     int64 `json:"added"`
	Unchanged int64 `json:"unchanged"`
}

// AddBlockedWords blocks words for a site, or for all of them: ForSite("*").
func (c *Client) AddBlockedWords(ctx context.Context, words []string) (WordsAdded, error) {
	return write[WordsAdded](ctx, c, http.MethodPost, map[string][]string{"words": words}, "v1", "blocked-words")
}

// RemoveBlockedWord lets a word be used again.
func (c *Client) RemoveBlockedWord(ctx context.Context, word string) error {
	return c.remove(ctx, "v1", "blocked-words", word)
}

// Margin is what sites pay, what the vendors charge, and the difference.
type Margin struct {
	From    string       `json:"from"`
	To      string       `json:"to"`
	GroupBy []string     `json:"group_by"`
	Data    []MarginLine `json:"data"`
	Total   MarginLine   `json:"total"`
}

// MarginLine is the margin of one group; what it is not grouped by is empty.
type MarginLine struct {
	Day          string `json:"day"`
	Site         string `json:"site"`
	Provider     string `json:"provider"`
	Channel      string `json:"channel"`
	Strategy     string `json:"strategy"`
	Delivered    int64  `json:"delivered"`
	Unpriced     int64  `json:"unpriced"` // of those: sent by accounts whose cost is not known
	Revenue      Amount `json:"revenue"`
	UpstreamCost Amount `json:"upstream_cost"`
	Margin       Amount `json:"margin"`
	MarginRate   string `json:"margin_rate"` // decimal text; "" = there is none
}

// Margin gets the margin of days, of all sites; group it by site to see one.
func (c *Client) Margin(ctx context.Context, q StatsQuery) (Margin, error) {
	return get[Margin](ctx, c, q.query(), "v1", "margin")
}
