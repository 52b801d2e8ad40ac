package client

import (
	"context"
	"net/http"
)

// SendingRules is what a site's messages go by.
type SendingRules struct {
	OptOutNumber string `json:"opt_out_number"` // the 080 number to opt out of advertising by; "" = none
	Night        Night  `json:"night"`          // when advertising needs a consent of its own

	DuplicateWindow int64 `json:"duplicate_window"` // seconds for which the same words do not go to the same number again; 0 = they do
	ReviewAbove     int64 `json:"review_above"`     // messages to more recipients wait for a second person; 0 = none does
}

// Night is a part of each day in Korea, such as 20:50 to 08:00.
type Night struct {
	From  string `json:"from"`
	Until string `json:"until"`
}

// SendingRulesChange is what is to become of sending rules; what is nil keeps its value.
type SendingRulesChange struct {
	OptOutNumber    *string `json:"opt_out_number,omitempty"`   // "" = none
	DuplicateWindow *int64  `json:"duplicate_window,omitempty"` // seconds; 0 = none
	ReviewAbove     *int64  `json:"review_above,omitempty"`     // recipients; 0 = none
}

// SendingRules gets what the site's messages go by.
func (c *Client) SendingRules(ctx context.Context) (SendingRules, error) {
	return get[SendingRules](ctx, c, nil, "v1", "sending-rules")
}

// SetSendingRules sets what the site's messages go by.
func (c *Client) SetSendingRules(ctx context.Context, ch SendingRulesChange) (SendingRules, error) {
	return write[SendingRules](ctx, c, http.MethodPut, ch, "v1", "sending-rules")
}
