package client

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"strconv"
	"time"
)

// WebhookEndpoint is where a site has its events sent.
type WebhookEndpoint struct {
	ID             string     `json:"id"`
	URL            string     `json:"url"`
	Description    string     `json:"description"`
	Topics         []string   `json:"topics"`
	Status         string     `json:"status"` // enabled or disabled
	Reason         string     `json:"reason"` // of being disabled: asked, gone, failing
	Sequence       int64      `json:"sequence"`
	WaitingSince   *time.Time `json:"waiting_since"`
	FailingSince   *time.Time `json:"failing_since"`
	DisabledAt     *time.Time `json:"disabled_at"`
	OldSecretUntil *time.Time `json:"old_secret_until"`
	CreatedAt      time.Time  `json:"created_at"`
	ChangedAt      time.Time  `json:"changed_at"`
}

// NewWebhookEndpoint is an endpoint that is to be added.
type NewWebhookEndpoint struct {
	URL         string   `json:"url"`
	Description string   `json:"description,omitempty"`
	Topics      []string `json:"topics"`           // types of events, their families such as message.*, or * for all
	Secret      string   `json:"secret,omitempty"` // "" = a new one is made
}

// WebhookChange is what is to become of an endpoint; what is nil stays.
type WebhookChange struct {
	URL         *string  `json:"url,omitempty"`
	Description *string  `json:"description,omitempty"`
	Topics      []string `json:"topics,omitempty"`
}

// WebhookSecret is an endpoint with its secret, which is shown once. Package
// github.com/standard-webhooks/standard-webhooks verifies with it.
type WebhookSecret struct {
	Endpoint WebhookEndpoint `json:"endpoint"`
	Secret   string          `json:"secret"`
}

// WebhookDelivery is one event for one endpoint.
type WebhookDelivery struct {
	Sequence int64      `json:"sequence"`
	EventID  string     `json:"event_id"`
	Type     string     `json:"type"`
	State    string     `json:"state"` // waiting, delivered, failed
	Attempts int        `json:"attempts"`
	Status   *int       `json:"status"` // nil = no answer
	NextAt   *time.Time `json:"next_attempt_at"`
	EventAt  time.Time  `json:"event_at"`
	EndedAt  *time.Time `json:"ended_at"`
}

// WebhookAttempt is one request to an endpoint.
type WebhookAttempt struct {
	No       int       `json:"no"`
	At       time.Time `json:"at"`
	Status   *int      `json:"status"`
	Result   string    `json:"result"`
	TookMS   int64     `json:"took_ms"`
	Error    string    `json:"error"`
	Response string    `json:"response"`
}

// WebhookDeliveryLog is a delivery with its attempts and what was sent.
type WebhookDeliveryLog struct {
	Delivery WebhookDelivery  `json:"delivery"`
	Attempts []WebhookAttempt `json:"attempts"`
	Payload  json.RawMessage  `json:"payload"`
}

// WebhookEndpoints lists the endpoints, oldest first.
func (c *Client) WebhookEndpoints(ctx context.Context, p Paging) (Page[WebhookEndpoint], error) {
	return get[Page[WebhookEndpoint]](ctx, c, p.query(), "v1", "webhook-endpoints")
}

// WebhookEndpoint gets an endpoint.
func (c *Client) WebhookEndpoint(ctx context.Context, id string) (WebhookEndpoint, error) {
	return get[WebhookEndpoint](ctx, c, nil, "v1", "webhook-endpoints", id)
}

// AddWebhookEndpoint has events sent to a URL from now on.
func (c *Client) AddWebhookEndpoint(ctx context.Context, n NewWebhookEndpoint) (WebhookSecret, error) {
	return write[WebhookSecret](ctx, c, http.MethodPost, n, "v1", "webhook-endpoints")
}

// SetWebhookEndpoint changes an endpoint.
func (c *Client) SetWebhookEndpoint(ctx context.Context, id string, w WebhookChange) (WebhookEndpoint, error) {
	return write[WebhookEndpoint](ctx, c, http.MethodPatch, w, "v1", "webhook-endpoints", id)
}

// RemoveWebhookEndpoint removes an endpoint with all that was sent to it.
func (c *Client) RemoveWebhookEndpoint(ctx context.Context, id string) error {
	return c.remove(ctx, "v1", "webhook-endpoints", id)
}

// RotateWebhookSecret gives an endpoint a new secret; the one before signs along for a day.
func (c *Client) RotateWebhookSecret(ctx context.Context, id string) (WebhookSecret, error) {
	return write[WebhookSecret](ctx, c, http.MethodPost, nil, "v1", "webhook-endpoints", id, "rotate-secret")
}

// EnableWebhookEndpoint sends an endpoint what waits for it, and everything from now on.
func (c *Client) EnableWebhookEndpoint(ctx context.Context, id string) (WebhookEndpoint, error) {
	return write[WebhookEndpoint](ctx, c, http.MethodPost, nil, "v1", "webhook-endpoints", id, "enable")
}

// DisableWebhookEndpoint stops sending to an endpoint; what happens meanwhile waits.
func (c *Client) DisableWebhookEndpoint(ctx context.Context, id string) (WebhookEndpoint, error) {
	return write[WebhookEndpoint](ctx, c, http.MethodPost, nil, "v1", "webhook-endpoints", id, "disable")
}

// TestWebhookEndpoint sends an endpoint a test event, once.
func (c *Client) TestWebhookEndpoint(ctx context.Context, id string) (WebhookDelivery, error) {
	return write[WebhookDelivery](ctx, c, http.MethodPost, nil, "v1", "webhook-endpoints", id, "test")
}

// DeliveryFilter narrows a list of deliveries; zero values narrow nothing.
type DeliveryFilter struct {
	Paging
	State, Type string
	From, Until time.Time // of the event
}

// WebhookDeliveries lists what was for an endpoint, newest first.
func (c *Client) WebhookDeliveries(ctx context.Context, id string, f DeliveryFilter) (Page[WebhookDelivery], error) {
	q := f.query("state", f.State, "type", f.Type, "from", stamp(f.From), "until", stamp(f.Until))
	return get[Page[WebhookDelivery]](ctx, c, q, "v1", "webhook-endpoints", id, "deliveries")
}

// WebhookDelivery gets a delivery with its attempts.
func (c *Client) WebhookDelivery(ctx context.Context, id string, sequence int64) (WebhookDeliveryLog, error) {
	return get[WebhookDeliveryLog](ctx, c, nil, "v1", "webhook-endpoints", id, "deliveries", strconv.FormatInt(sequence, 10))
}

// WebhookReplay says which deliveries are sent again: those that are named, or all in a range of
// time, or those of them that failed.
type WebhookReplay struct {
	Deliveries []int64    `json:"deliveries,omitempty"`
	From       *time.Time `json:"from,omitempty"`
	Until      *time.Time `json:"until,omitempty"`
	Failed     bool       `json:"failed,omitempty"`
	After      int64      `json:"after,omitempty"`
}

// WebhookReplayed is how many are sent again, and whether others were chosen behind Last.
type WebhookReplayed struct {
	Replayed int   `json:"replayed"`
	HasMore  bool  `json:"has_more"`
	Last     int64 `json:"last"`
}

// ReplayWebhooks has deliveries sent again, as many as one request takes.
func (c *Client) ReplayWebhooks(ctx context.Context, id string, r WebhookReplay) (WebhookReplayed, error) {
	return write[WebhookReplayed](ctx, c, http.MethodPost, r, "v1", "webhook-endpoints", id, "replay")
}

// ReplayAllWebhooks has all chosen deliveries sent again, however many requests that takes, and gives
// what each of them came to.
func (c *Client) ReplayAllWebhooks(ctx context.Context, id string, r WebhookReplay) iter.Seq2[WebhookReplayed, error] {
	return func(yield func(WebhookReplayed, error) bool) {
		for {
			done, err := c.ReplayWebhooks(ctx, id, r)
			if !yield(done, err) || err != nil || !done.HasMore {
				return
			}
			r.After = done.Last
		}
	}
}

// Event is something that happened.
type Event struct {
	ID        string          `json:"id"`
	Type      string          `json:"type"`
	Timestamp time.Time       `json:"timestamp"`
	Ref       string          `json:"ref"`
	Data      json.RawMessage `json:"data"`
}

// EventFilter narrows a list of events; zero values narrow nothing.
type EventFilter struct {
	Paging
	Type, Ref   string // a type or a family such as message.*; the thing it happened to
	From, Until time.Time
}

// Events lists what happened, newest first.
func (c *Client) Events(ctx context.Context, f EventFilter) (Page[Event], error) {
	q := f.query("type", f.Type, "ref", f.Ref, "from", stamp(f.From), "until", stamp(f.Until))
	return get[Page[Event]](ctx, c, q, "v1", "events")
}

// EventType is a sort of events.
type EventType struct {
	Type        string `json:"type"`
	Description string `json:"description"`
}

// EventTypes lists the types of events.
func (c *Client) EventTypes(ctx context.Context) (Page[EventType], error) {
	return get[Page[EventType]](ctx, c, nil, "v1", "events", "types")
}
