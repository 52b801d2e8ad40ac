package client

import (
	"context"
	"net/http"
)

// Alerts is who is told what of a site's money and messages.
type Alerts struct {
	Levels   []Amount `json:"levels"` // of available credit
	Emails   []string `json:"emails"`
	Topics   []string `json:"topics"`
	Mobile   string   `json:"mobile"`
	Language string   `json:"language"` // ko or en
}

// AlertsChange is what is to become of alerts; what is nil keeps its value.
type AlertsChange struct {
	Levels   []Amount `json:"levels,omitzero"`
	Emails   []string `json:"emails,omitzero"`
	Topics   []string `json:"topics,omitzero"`
	Mobile   *string  `json:"mobile,omitempty"` // "" = none
	Language string   `json:"language,omitempty"`
}

// Alerts gets who is told what.
func (c *Client) Alerts(ctx context.Context) (Alerts, error) {
	return get[Alerts](ctx, c, nil, "v1", "credit", "alerts")
}

// SetAlerts sets who is told what.
func (c *Client) SetAlerts(ctx context.Context, ch AlertsChange) (Alerts, error) {
	return write[Alerts](ctx, c, http.MethodPut, ch, "v1", "credit", "alerts")
}
