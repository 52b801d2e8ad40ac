package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"
)

// Compliance is how a message was checked and handed over. Raw is the record itself, signed:
// keep it as it came, and prove it with creditmsg compliance verify.
type Compliance struct {
	MessageID  string    `json:"message_id"`
	MadeAt     time.Time `json:"made_at"`
	Final      bool      `json:"final"` // nothing of the message can change any more
	Status     string    `json:"status"`
	AcceptedAt time.Time `json:"accepted_at"`
	SentBy     string    `json:"sent_by"` // the token, or the series
	Recipients struct {
		Total          int64            `json:"total"`
		Accepted       int64            `json:"accepted"`
		Duplicates     int64            `json:"duplicates"`
		Rejected       int64            `json:"rejected"`
		RejectedByCode map[string]int64 `json:"rejected_by_code"`
	} `json:"recipients"`

	Raw json.RawMessage `json:"-"`
}

// Compliance gets how a message was checked and handed over; with a number also what is of
// the people who have it.
func (c *Client) Compliance(ctx context.Context, message, to string) (Compliance, error) {
	query := url.Values{}
	if to != "" {
		query.Set("to", to)
	}
	var out Compliance
	var raw []byte
	err := c.do(ctx, call{method: http.MethodGet, path: []string{"v1", "messages", message, "compliance"}, query: query, out: &out, raw: func(reply []byte) { raw = reply }})
	out.Raw = raw
	return out, err
}
