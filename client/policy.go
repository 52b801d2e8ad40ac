package client

import (
	"context"
	"net/http"
	"time"
)

// Policy is a strategy of a site's own.
type Policy struct {
	Name      string       `json:"name"`
	Steps     []PolicyStep `json:"steps"`
	CreatedAt time.Time    `json:"created_at"`
	UpdatedAt time.Time    `json:"updated_at"`
}

// PolicyStep is one step: what is sent, and to whom. A recipient takes those whose conditions
// hold for him, of Alimtalk and of text the first one each.
type PolicyStep struct {
	Send string `json:"send"` // alimtalk or text
	When *When  `json:"when,omitempty"`
}

// When is what has to hold of a recipient, all of it; what is left out always does.
type When struct {
	TextIs           []string `json:"text_is,omitempty"`            // sms, lms, mms
	PriceAtMost      *Amount  `json:"price_at_most,omitempty"`      // of the step
	NotDearer        bool     `json:"not_dearer,omitempty"`         // than his other part
	ReportedOffKakao *bool    `json:"reported_off_kakao,omitempty"` // within the last 30 days
	Hours            *Hours   `json:"hours,omitempty"`              // in which the message is due
}

// Hours are a part of every Korean day, such as 08:00 to 21:00; they may go over midnight.
type Hours struct {
	From  string `json:"from"`
	Until string `json:"until"`
}

// SetPolicy writes a strategy of the site's own, a new one or in place of the one of its name.
func (c *Client) SetPolicy(ctx context.Context, name string, steps []PolicyStep) (Policy, error) {
	in := struct {
		Steps []PolicyStep `json:"steps"`
	}{steps}
	return write[Policy](ctx, c, http.MethodPut, in, "v1", "policies", name)
}

// Policy gets a strategy of the site's own.
func (c *Client) Policy(ctx context.Context, name string) (Policy, error) {
	return get[Policy](ctx, c, nil, "v1", "policies", name)
}

// Policies lists the strategies of the site's own, by name.
func (c *Client) Policies(ctx context.Context, p Paging) (Page[Policy], error) {
	return get[Page[Policy]](ctx, c, p.query(), "v1", "policies")
}

// RemovePolicy removes a strategy of the site's own. Messages that were accepted still go by it.
func (c *Client) RemovePolicy(ctx context.Context, name string) error {
	return c.remove(ctx, "v1", "policies", name)
}
