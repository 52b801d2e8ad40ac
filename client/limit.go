package client

import (
	"context"
	"net/http"
)

// Limits is how much a site may do in a minute and a day; nil is any number. Replies tell how
// they stand in the headers RateLimit and RateLimit-Policy.
type Limits struct {
	Requests   *int64      `json:"requests_per_minute"`   // of all its tokens together
	Recipients *int64      `json:"recipients_per_minute"` // of all messages that its tokens send
	Day        *int64      `json:"recipients_per_day"`    // of all messages of a Korean day; Caps tells what is left
	Token      TokenLimits `json:"token"`                 // of each token for which nothing else is set
	Own        SiteLimits  `json:"own"`                   // what the operator has set for the site
}

// TokenLimits is how much a token may do in a minute; nil is any number.
type TokenLimits struct {
	Requests   *int64 `json:"requests_per_minute"`
	Recipients *int64 `json:"recipients_per_minute"`
}

// MinuteLimits is what an operator sets of a minute: 0 is any number, and nil what the
// installation allows.
type MinuteLimits struct {
	Requests   *int64 `json:"requests_per_minute"`
	Recipients *int64 `json:"recipients_per_minute"`
}

// SiteLimits is what an operator sets for a site, as in MinuteLimits.
type SiteLimits struct {
	MinuteLimits
	Day *int64 `json:"recipients_per_day"`
}

// Limits gets how much the site may do in a minute and a day.
func (c *Client) Limits(ctx context.Context) (Limits, error) {
	return get[Limits](ctx, c, nil, "v1", "limits")
}

// SiteLimits is an operator's: it gets how much a site may do.
func (c *Client) SiteLimits(ctx context.Context, site string) (Limits, error) {
	return get[Limits](ctx, c, nil, "v1", "sites", site, "limits")
}

// TokenLimits is an operator's: it gets how much one token of a site may do.
func (c *Client) TokenLimits(ctx context.Context, site, token string) (TokenLimits, error) {
	return get[TokenLimits](ctx, c, nil, "v1", "sites", site, "tokens", token, "limits")
}

// SetSiteLimits is an operator's: it sets how much a site may do, all of it at once.
func (c *Client) SetSiteLimits(ctx context.Context, site string, l SiteLimits) (Limits, error) {
	return write[Limits](ctx, c, http.MethodPut, l, "v1", "sites", site, "limits")
}

// SetTokenLimits is an operator's: it sets how much one token of a site may do. What its site
// may do bounds it all the same.
func (c *Client) SetTokenLimits(ctx context.Context, site, token string, l MinuteLimits) (TokenLimits, error) {
	return write[TokenLimits](ctx, c, http.MethodPut, l, "v1", "sites", site, "tokens", token, "limits")
}
