package client

import (
	"context"
	"net/http"
	"time"
)

// Withdrawal is a site's request to have unused paid credit given back. Somebody with another
// token approves it, and then it becomes Cancellations of the site's payments.
type Withdrawal struct {
	ID            string         `json:"id"`
	Site          string         `json:"site"`
	Status        string         `json:"status"` // requested, approved, done, partially_done, failed, rejected or cancelled
	Amount        Amount         `json:"amount"` // credit that leaves the site
	Fee           Amount         `json:"fee"`    // of Amount: kept
	Total         Amount         `json:"total"`  // to be given back, with VAT
	Returned      Amount         `json:"returned"`
	FeeReturned   Amount         `json:"fee_returned"` // for what gateways refused
	Reason        string         `json:"reason"`
	To            *BankAccount   `json:"to"`         // only operators read the whole number
	Decision      string         `json:"decision"`   // why it was rejected
	AskedBy       string         `json:"asked_by"`   // a token (tok_…), a person (usr_…), or operator
	DecidedBy     string         `json:"decided_by"` // likewise; "" = nobody yet
	Cancellations []Cancellation `json:"cancellations"`
	CreatedAt     time.Time      `json:"created_at"`
	DecidedAt     time.Time      `json:"decided_at"`
	DoneAt        time.Time      `json:"done_at"`
}

// NewWithdrawal asks for unused paid credit to be given back.
type NewWithdrawal struct {
	Amount Amount       `json:"amount,omitempty"` // whole won; "" = all that can be withdrawn now
	Reason string       `json:"reason"`
	To     *BankAccount `json:"to,omitempty"` // of what does not go back the way it came

	// Key is the Idempotency-Key; "" means a random one per call.
	Key string `json:"-"`
}

// WithdrawalFilter narrows a list of withdrawals.
type WithdrawalFilter struct {
	Paging
	Status string
}

// Withdrawals lists withdrawals, newest first. ForSite("*") lists those of all sites.
func (c *Client) Withdrawals(ctx context.Context, f WithdrawalFilter) (Page[Withdrawal], error) {
	return get[Page[Withdrawal]](ctx, c, f.query("status", f.Status), "v1", "credit", "withdrawals")
}

// Withdrawal gets one withdrawal.
func (c *Client) Withdrawal(ctx context.Context, id string) (Withdrawal, error) {
	return get[Withdrawal](ctx, c, nil, "v1", "credit", "withdrawals", id)
}

// Withdraw asks for unused paid credit to be given back.
func (c *Client) Withdraw(ctx context.Context, n NewWithdrawal) (Withdrawal, error) {
	var out Withdrawal
	err := c.do(ctx, call{method: http.MethodPost, path: []string{"v1", "credit", "withdrawals"}, in: n, key: n.Key, out: &out})
	return out, err
}

// CancelWithdrawal takes a withdrawal back while nobody has decided.
func (c *Client) CancelWithdrawal(ctx context.Context, id string) (Withdrawal, error) {
	return write[Withdrawal](ctx, c, http.MethodPost, nil, "v1", "credit", "withdrawals", id, "cancel")
}

// ApproveWithdrawal is an operator's: all of the credit is taken and its money given back, or
// nothing. The token that asked is refused.
func (c *Client) ApproveWithdrawal(ctx context.Context, id string) (Withdrawal, error) {
	return write[Withdrawal](ctx, c, http.MethodPost, nil, "v1", "credit", "withdrawals", id, "approve")
}

// RejectWithdrawal is an operator's; the site reads the reason.
func (c *Client) RejectWithdrawal(ctx context.Context, id, reason string) (Withdrawal, error) {
	return write[Withdrawal](ctx, c, http.MethodPost, map[string]string{"reason": reason}, "v1", "credit", "withdrawals", id, "reject")
}
