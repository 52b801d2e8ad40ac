package client

import (
	"context"
	"net/http"
	"time"
)

// OptOut is somebody whom the site may not write to.
type OptOut struct {
	ID        string    `json:"id,omitempty"`
	To        string    `json:"to"`
	Scope     string    `json:"scope,omitempty"`  // advertising or all; "" = advertising
	Source    string    `json:"source,omitempty"` // api, import or provider
	CreatedAt time.Time `json:"created_at,omitzero"`
}

// OptOuts lists who opted out, newest first.
func (c *Client) OptOuts(ctx context.Context, p Paging) (Page[OptOut], error) {
	return get[Page[OptOut]](ctx, c, p.query(), "v1", "opt-outs")
}

// OptOut gets a number's opt-out.
func (c *Client) OptOut(ctx context.Context, number string) (OptOut, error) {
	return get[OptOut](ctx, c, nil, "v1", "opt-outs", number)
}

// AddOptOut notes that somebody opted out; adding a number again changes nothing but a wider
// scope.
func (c *Client) AddOptOut(ctx context.Context, o OptOut) (OptOut, error) {
	return write[OptOut](ctx, c, http.MethodPost, OptOut{To: o.To, Scope: o.Scope}, "v1", "opt-outs")
}

// RemoveOptOut takes an opt-out back.
func (c *Client) RemoveOptOut(ctx context.Context, number string) error {
	return c.remove(ctx, "v1", "opt-outs", number)
}

// Caps is how much a site may send in a day and a month, which are Korean.
type Caps struct {
	Recipients struct {
		Day   CountCap `json:"day"`
		Month CountCap `json:"month"`
	} `json:"recipients"`
	Won struct {
		Day   AmountCap `json:"day"`
		Month AmountCap `json:"month"`
	} `json:"won"`
	CountedSince time.Time `json:"counted_since"` // zero = there are no caps, and nothing is counted
}

// CountCap is a cap of recipients. Limit is the site's own, Bound what the operator allows;
// the tighter one counts, and nil is none.
type CountCap struct {
	Limit    *int64    `json:"limit"`
	Bound    *int64    `json:"bound"`
	Used     int64     `json:"used"`
	Left     *int64    `json:"left"` // nil = there is no cap
	ResetsAt time.Time `json:"resets_at"`
}

// AmountCap is a cap of won, as CountCap is of recipients.
type AmountCap struct {
	Limit    *Amount   `json:"limit"`
	Bound    *Amount   `json:"bound"`
	Used     Amount    `json:"used"`
	Left     *Amount   `json:"left"`
	ResetsAt time.Time `json:"resets_at"`
}

// CapLimits are caps that are to be set, all at once; nil is none.
type CapLimits struct {
	Recipients struct {
		Day   *int64 `json:"day,omitempty"`
		Month *int64 `json:"month,omitempty"`
	} `json:"recipients"`
	Won struct {
		Day   *Amount `json:"day,omitempty"`
		Month *Amount `json:"month,omitempty"`
	} `json:"won"`
}

// Caps gets how much the site may send, and what is left of it.
func (c *Client) Caps(ctx context.Context) (Caps, error) {
	return get[Caps](ctx, c, nil, "v1", "credit", "caps")
}

// SetCaps sets how much the site may send.
func (c *Client) SetCaps(ctx context.Context, l CapLimits) (Caps, error) {
	return write[Caps](ctx, c, http.MethodPut, l, "v1", "credit", "caps")
}

// OptOutsTaken is what became of a list of opt-outs.
type OptOutsTaken struct {
	Added      int64          `json:"added"`
	Widened    int64          `json:"widened"`
	Unchanged  int64          `json:"unchanged"`
	Rejected   int64          `json:"rejected"`
	Total      int64          `json:"total"`
	Rejections []RejectedLine `json:"rejections"`
}

// OptOutList is a list of who opted out, CSV.
type OptOutList struct {
	Content []byte
	Scope   string // of lines that name none; "" = advertising
	Column  string // of the numbers; "" = one with a usual name
}

// ImportOptOuts takes a list of who opted out.
func (c *Client) ImportOptOuts(ctx context.Context, l OptOutList) (out OptOutsTaken, err error) {
	query := Paging{}.query("scope", l.Scope, "column", l.Column)
	err = c.do(ctx, call{method: http.MethodPost, path: []string{"v1", "opt-outs", "import"}, query: query, file: append([]byte{}, l.Content...), media: "text/csv", out: &out})
	return out, err
}
