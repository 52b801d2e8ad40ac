package client

import (
	"context"
	"net/http"
	"time"
)

// Token is the right of a program to use the API, without its secret.
type Token struct {
	ID         string    `json:"id"`
	Name       string    `json:"name"`
	Abilities  []string  `json:"abilities"`
	Addresses  []string  `json:"addresses"` // networks that it may be used from; none = anywhere
	Last4      string    `json:"last4"`     // the end of its secret
	CreatedAt  time.Time `json:"created_at"`
	LastUsedAt time.Time `json:"last_used_at"`
	ExpiresAt  time.Time `json:"expires_at"` // zero = never
	RevokedAt  time.Time `json:"revoked_at"`
}

// NewToken is a token that is to be made.
type NewToken struct {
	Name      string     `json:"name"`
	Abilities []string   `json:"abilities"`
	Addresses []string   `json:"addresses,omitempty"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"` // nil = never
}

// TokenChange is what is to become of a token; what is nil stays.
type TokenChange struct {
	Name      *string   `json:"name,omitempty"`
	Abilities []string  `json:"abilities,omitempty"`
	Addresses *[]string `json:"addresses,omitempty"` // empty = anywhere
	// ExpiresAt moves the end; one that is zero takes it away.
	ExpiresAt *Expiry `json:"expires_at,omitempty"`
}

// Expiry is when a token ends; the zero value is never.
type Expiry struct{ time.Time }

// MarshalJSON writes the time, or null for never.
func (e Expiry) MarshalJSON() ([]byte, error) {
	if e.IsZero() {
		return []byte("null"), nil
	}
	return e.Time.MarshalJSON()
}

// SecretToken is a token with its secret, which is shown this once.
type SecretToken struct {
	Token
	Secret        string    `json:"token"`
	PreviousUntil time.Time `json:"previous_until"` // after a rotation: how long the old secret is good
}

// Tokens lists the tokens of the site, oldest first; a token of the operator that names no site
// lists the operator's own.
func (c *Client) Tokens(ctx context.Context, p Paging) (Page[Token], error) {
	return get[Page[Token]](ctx, c, p.query(), "v1", "tokens")
}

// TokenByID gets a token.
func (c *Client) TokenByID(ctx context.Context, id string) (Token, error) {
	return get[Token](ctx, c, nil, "v1", "tokens", id)
}

// CreateToken makes a token that may no more than the one that asks.
func (c *Client) CreateToken(ctx context.Context, n NewToken) (SecretToken, error) {
	return write[SecretToken](ctx, c, http.MethodPost, n, "v1", "tokens")
}

// ChangeToken changes a token, from its next request on.
func (c *Client) ChangeToken(ctx context.Context, id string, ch TokenChange) (Token, error) {
	return write[Token](ctx, c, http.MethodPatch, ch, "v1", "tokens", id)
}

// RotateToken gives a token a new secret. The old one stays good for the overlap, to the second;
// 0 ends it at once.
func (c *Client) RotateToken(ctx context.Context, id string, overlap time.Duration) (SecretToken, error) {
	return write[SecretToken](ctx, c, http.MethodPost, rotation(overlap), "v1", "tokens", id, "rotate")
}

// rotation is how long an old secret stays good, in seconds.
func rotation(overlap time.Duration) map[string]int64 {
	return map[string]int64{"overlap": int64(overlap / time.Second)}
}

// RevokeToken ends a token at once and for ever.
func (c *Client) RevokeToken(ctx context.Context, id string) error {
	return c.remove(ctx, "v1", "tokens", id)
}
