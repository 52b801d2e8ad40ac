package client

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"time"
)

// RecipientState is one accepted recipient and what became of it.
type RecipientState struct {
	Seq        int64     `json:"seq"` // its place among the accepted recipients, from 0; events name it so
	To         string    `json:"to"`
	Status     string    `json:"status"` // pending, sent, delivered, failed, unknown, expired or cancelled
	Channel    string    `json:"channel,omitempty"`
	Step       int       `json:"step"`
	Provider   string    `json:"provider,omitempty"`
	Cost       Amount    `json:"cost,omitempty"`
	Reason     *Reason   `json:"reason,omitempty"`
	SentAt     time.Time `json:"sent_at,omitzero"`
	ReportedAt time.Time `json:"reported_at,omitzero"`
}

// Reason is why a recipient did not get the message.
type Reason struct {
	Code         string `json:"code"`
	TextKo       string `json:"text_ko"`
	TextEn       string `json:"text_en"`
	ProviderCode string `json:"provider_code,omitempty"` // the provider's own word for it
}

// RecipientFilter narrows Recipients; empty members do not.
type RecipientFilter struct {
	Paging
	Status string
	To     string
}

// Recipients lists the accepted recipients of a message in the order of the request.
func (c *Client) Recipients(ctx context.Context, id string, f RecipientFilter) (Page[RecipientState], error) {
	return get[Page[RecipientState]](ctx, c, f.query("status", f.Status, "to", f.To), "v1", "messages", id, "recipients")
}

// ExportRecipients writes all recipients of a message as they come, with what became of them:
// format is csv, the default, or xlsx, and status narrows it as in Recipients; "rejected" are
// those who were not accepted. When it fails, what was written is not all there is.
func (c *Client) ExportRecipients(ctx context.Context, id, format, status string, w io.Writer) error {
	return c.do(ctx, call{method: http.MethodGet, path: []string{"v1", "messages", id, "recipients", "export"}, query: Paging{}.query("format", format, "status", status), to: w})
}

// Rejections lists the recipients of a request that were refused, beyond the first
// 10,000 too.
func (c *Client) Rejections(ctx context.Context, id string, p Paging) (Page[Rejection], error) {
	return get[Page[Rejection]](ctx, c, p.query("status", "rejected"), "v1", "messages", id, "recipients")
}

// TraceEvent is one thing that happened to a recipient: a decision, an attempt, a
// report or a ledger entry. Raw has all its members; which there are depends on Kind.
type TraceEvent struct {
	At        time.Time       `json:"at"`
	Kind      string          `json:"kind"`
	Step      int             `json:"step,omitempty"`
	Try       int             `json:"try,omitempty"`
	Channel   string          `json:"channel,omitempty"`
	Provider  string          `json:"provider,omitempty"`
	AttemptID string          `json:"attempt_id,omitempty"`
	Amount    Amount          `json:"amount,omitempty"`
	Reason    *Reason         `json:"reason,omitempty"`
	Detail    string          `json:"detail,omitempty"`
	Raw       json.RawMessage `json:"-"`
}

// UnmarshalJSON keeps the whole event in Raw.
func (e *TraceEvent) UnmarshalJSON(data []byte) error {
	type plain TraceEvent
	e.Raw = append(e.Raw[:0], data...)
	return json.Unmarshal(data, (*plain)(e))
}

// Trace tells the story of one recipient of a message, in order.
func (c *Client) Trace(ctx context.Context, id, to string) ([]TraceEvent, error) {
	page, err := get[Page[TraceEvent]](ctx, c, url.Values{"to": {to}}, "v1", "messages", id, "trace")
	return page.Data, err
}

// SendLog is one line of the send log: one recipient and one step.
type SendLog struct {
	MessageID string    `json:"message_id"`
	AttemptID string    `json:"attempt_id,omitempty"` // the call to the provider that carried it
	HandedAt  time.Time `json:"handed_at,omitzero"`
	RecipientState
}

// SendLogFilter narrows SendLogs; empty members do not.
type SendLogFilter struct {
	Paging
	To, Message, Provider, Status string
	From, Until                   time.Time
}

// SendLogs lists what was handed to providers, newest first.
func (c *Client) SendLogs(ctx context.Context, f SendLogFilter) (Page[SendLog], error) {
	q := f.query("to", f.To, "message", f.Message, "provider", f.Provider, "status", f.Status,
		"from", stamp(f.From), "until", stamp(f.Until))
	return get[Page[SendLog]](ctx, c, q, "v1", "send-logs")
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}
