package client

import (
	"context"
	"net/http"
	"time"
)

// RefundRequest is a site's request to have given back what a usage cost. Somebody else approves
// it, which makes the refund.
type RefundRequest struct {
	ID        string    `json:"id"`
	Site      string    `json:"site"`
	Status    string    `json:"status"` // requested, approved, rejected or cancelled
	UsageID   string    `json:"usage_id"`
	Amount    Amount    `json:"amount"`
	Reason    string    `json:"reason"`
	Decision  string    `json:"decision"`   // why it was rejected
	RefundID  string    `json:"refund_id"`  // that it became; "" = none
	AskedBy   string    `json:"asked_by"`   // a token (tok_…) or a person (usr_…)
	DecidedBy string    `json:"decided_by"` // likewise; "" = nobody yet
	CreatedAt time.Time `json:"created_at"`
	DecidedAt time.Time `json:"decided_at"`
}

// NewRefundRequest asks for a refund.
type NewRefundRequest struct {
	UsageID string `json:"usage_id"`
	Amount  Amount `json:"amount"`
	Reason  string `json:"reason"`

	// Key is the Idempotency-Key; "" means a random one per call.
	Key string `json:"-"`
}

// RefundRequestFilter narrows a list of requests for refunds.
type RefundRequestFilter struct {
	Paging
	Status string
}

// RefundRequests lists requests for refunds, newest first. ForSite("*") lists those of all sites.
func (c *Client) RefundRequests(ctx context.Context, f RefundRequestFilter) (Page[RefundRequest], error) {
	return get[Page[RefundRequest]](ctx, c, f.query("status", f.Status), "v1", "credit", "refund-requests")
}

// RefundRequest gets one request for a refund.
func (c *Client) RefundRequest(ctx context.Context, id string) (RefundRequest, error) {
	return get[RefundRequest](ctx, c, nil, "v1", "credit", "refund-requests", id)
}

// RequestRefund asks for what a usage cost to be given back, all or a part.
func (c *Client) RequestRefund(ctx context.Context, n NewRefundRequest) (RefundRequest, error) {
	var out RefundRequest
	err := c.do(ctx, call{method: http.MethodPost, path: []string{"v1", "credit", "refund-requests"}, in: n, key: n.Key, out: &out})
	return out, err
}

// CancelRefundRequest takes a request back while nobody has decided.
func (c *Client) CancelRefundRequest(ctx context.Context, id string) (RefundRequest, error) {
	return write[RefundRequest](ctx, c, http.MethodPost, nil, "v1", "credit", "refund-requests", id, "cancel")
}

// ApproveRefundRequest makes the refund: an operator or a person of the site does, and not who asked.
func (c *Client) ApproveRefundRequest(ctx context.Context, id string) (RefundRequest, error) {
	return write[RefundRequest](ctx, c, http.MethodPost, nil, "v1", "credit", "refund-requests", id, "approve")
}

// RejectRefundRequest rejects a request; the site reads the reason.
func (c *Client) RejectRefundRequest(ctx context.Context, id, reason string) (RefundRequest, error) {
	return write[RefundRequest](ctx, c, http.MethodPost, map[string]string{"reason": reason}, "v1", "credit", "refund-requests", id, "reject")
}
