package client

import (
	"context"
	"net/http"
	"net/url"
)

// The acts here need a token of the operator, who names the site that they are about.

// BookPayment notes that a transfer to the operator's own account has arrived.
func (c *Client) BookPayment(ctx context.Context, site, payment string) (Payment, error) {
	return decided[Payment](ctx, c, http.MethodPost, site, nil, "v1", "credit", "payments", payment, "arrived")
}

// BookCancellation notes that a cancellation of a transfer was given back by hand.
func (c *Client) BookCancellation(ctx context.Context, site, payment, cancellation string) (Cancellation, error) {
	return decided[Cancellation](ctx, c, http.MethodPost, site, nil, "v1", "credit", "payments", payment, "cancellations", cancellation, "given-back")
}

// BookCashReceipt notes the approval number of a cash receipt that the operator issued.
func (c *Client) BookCashReceipt(ctx context.Context, site, payment, number string) (Payment, error) {
	return decided[Payment](ctx, c, http.MethodPost, site, map[string]string{"number": number}, "v1", "credit", "payments", payment, "cash-receipt", "issued")
}

// SetCapBounds sets what a site's caps may not exceed.
func (c *Client) SetCapBounds(ctx context.Context, site string, l CapLimits) (Caps, error) {
	return decided[Caps](ctx, c, http.MethodPut, site, l, "v1", "credit", "caps", "bounds")
}

// WordsAdded is how many words were new to a list.
type WordsAdded struct {
	Added     int64 `json:"added"`
	Unchanged int64 `json:"unchanged"`
}

// AddBlockedWords blocks words for a site, or for all of them (*).
func (c *Client) AddBlockedWords(ctx context.Context, site string, words []string) (WordsAdded, error) {
	return decided[WordsAdded](ctx, c, http.MethodPost, site, map[string][]string{"words": words}, "v1", "blocked-words")
}

// RemoveBlockedWord lets a word be used again.
func (c *Client) RemoveBlockedWord(ctx context.Context, site, word string) error {
	return c.do(ctx, call{method: http.MethodDelete, path: []string{"v1", "blocked-words", word}, query: url.Values{"site": {site}}})
}

func decided[T any](ctx context.Context, c *Client, method, site string, in any, path ...string) (out T, err error) {
	err = c.do(ctx, call{method: method, path: path, query: url.Values{"site": {site}}, in: in, out: &out})
	return out, err
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

// Margin gets the margin of days, for a site or all of them (*).
func (c *Client) Margin(ctx context.Context, q StatsQuery) (Margin, error) {
	return get[Margin](ctx, c, q.query(), "v1", "margin")
}
