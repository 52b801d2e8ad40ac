package client

import (
	"context"
	"net/http"
	"time"
)

// Erasure is the wish that a number is forgotten, and what came of it.
type Erasure struct {
	ID         string     `json:"id"`
	State      string     `json:"state"`      // running, waiting (for messages that are not over) or done
	To         string     `json:"to"`         // "" once it is done
	Recipients int64      `json:"recipients"` // that do not tell any more whom they were
	Rejections int64      `json:"rejections"`
	Contacts   int64      `json:"contacts"`
	Series     int64      `json:"series"`
	Open       int        `json:"open"` // messages that are not over and may be to the number
	AskedAt    time.Time  `json:"asked_at"`
	DoneAt     *time.Time `json:"done_at"`
}

// AskErasure has a number forgotten.
func (c *Client) AskErasure(ctx context.Context, to string) (Erasure, error) {
	return write[Erasure](ctx, c, http.MethodPost, map[string]string{"to": to}, "v1", "erasures")
}

// Erasures lists the erasures, newest first.
func (c *Client) Erasures(ctx context.Context, p Paging) (Page[Erasure], error) {
	return get[Page[Erasure]](ctx, c, p.query(), "v1", "erasures")
}

// Erasure gets one erasure.
func (c *Client) Erasure(ctx context.Context, id string) (Erasure, error) {
	return get[Erasure](ctx, c, nil, "v1", "erasures", id)
}

// Retention is how many days after a message is over its recipients are kept; 0 = for ever.
type Retention struct {
	Days int `json:"days"`
}

// Retention tells how long recipients are kept.
func (c *Client) Retention(ctx context.Context) (Retention, error) {
	return get[Retention](ctx, c, nil, "v1", "retention")
}

// PutRetention says how long recipients are kept: 30 to 3650 days, or 0 for ever.
func (c *Client) PutRetention(ctx context.Context, days int) (Retention, error) {
	return write[Retention](ctx, c, http.MethodPut, Retention{days}, "v1", "retention")
}

// EraseSite erases a site for good. With forfeit its credit is taken by an adjustment.
func (c *Client) EraseSite(ctx context.Context, id, reason string, forfeit bool) (Site, error) {
	in := struct {
		Confirm string `json:"confirm"`
		Reason  string `json:"reason"`
		Forfeit bool   `json:"forfeit,omitempty"`
	}{id, reason, forfeit}
	return write[Site](ctx, c, http.MethodPost, in, "v1", "sites", id, "erase")
}
