package client

import (
	"context"
	"encoding/json"
	"net/http"
	"time"
)

// Status is where a message is on its way.
type Status string

// The states of a message.
const (
	StatusDraft      Status = "draft"
	StatusReview     Status = "review"
	StatusScheduled  Status = "scheduled"
	StatusAccepted   Status = "accepted"
	StatusPaused     Status = "paused"
	StatusCancelling Status = "cancelling"
	StatusCancelled  Status = "cancelled"
	StatusDone       Status = "done"
)

// Final reports whether nothing of the message can change any more.
func (s Status) Final() bool { return s == StatusDone || s == StatusCancelled }

// Message is a message as the server knows it: the reply to a Send, and what Message
// says later. Counts and what follows it are zero in the reply to a Send.
type Message struct {
	ID       string         `json:"id"`
	Status   Status         `json:"status"`
	Strategy Strategy       `json:"strategy"`
	Title    string         `json:"title,omitempty"`
	Metadata map[string]any `json:"metadata,omitempty"`

	Recipients          Tally            `json:"recipients"`
	Rejections          []Rejection      `json:"rejections,omitempty"` // the first 10,000
	RejectedByCode      map[string]int64 `json:"rejected_by_code,omitempty"`
	RejectionsTruncated bool             `json:"rejections_truncated,omitempty"`
	Duplicates          []Duplicate      `json:"duplicates,omitempty"`

	Planned       PerChannel `json:"planned"`  // first steps
	Fallback      PerChannel `json:"fallback"` // second steps, taken only when the first fails
	EstimatedCost Amount     `json:"estimated_cost"`
	Held          Amount     `json:"held"` // the worst case, set aside from the credit

	ScheduledAt time.Time `json:"scheduled_at,omitzero"`
	CreatedAt   time.Time `json:"created_at"`

	Counts      Counts     `json:"counts"`
	DeliveredBy PerChannel `json:"delivered_by"`
	ActualCost  Amount     `json:"actual_cost"`
	Released    Amount     `json:"released"` // held, not used, given back
	Refunded    Amount     `json:"refunded"`
	DoneAt      time.Time  `json:"done_at,omitzero"`

	Policy     string  `json:"policy,omitempty"` // of ByPolicy
	SendWindow *Hours  `json:"send_window,omitempty"`
	PerMinute  int     `json:"per_minute,omitempty"`
	ValidFor   int     `json:"valid_for,omitempty"` // seconds
	Test       bool    `json:"test,omitempty"`      // it was sent to try it out
	Resends    string  `json:"resends,omitempty"`   // the message whose failures it was sent to again
	Review     *Review `json:"review,omitempty"`    // nil = nobody else has to look at it

	// Replayed is set on the reply to a Send whose Key was used before: this is the
	// first one's reply.
	Replayed bool `json:"-"`
	// Raw is the reply as it came, with members that this type does not name.
	Raw json.RawMessage `json:"-"`
}

// Review is the look of a second person at a message.
type Review struct {
	State     string    `json:"state"`    // wanted, approved, rejected
	AskedBy   string    `json:"asked_by"` // the token (tok_…) or person (usr_…) that sent the message, or last wrote the series which did
	AskedAt   time.Time `json:"asked_at"`
	DecidedBy string    `json:"decided_by,omitempty"` // likewise; "" = nobody yet
	DecidedAt time.Time `json:"decided_at,omitzero"`
	Reason    string    `json:"reason,omitempty"` // why it was rejected
}

// Tally counts the recipients of a request by what became of them on arrival.
type Tally struct {
	Total     int64 `json:"total"`
	Accepted  int64 `json:"accepted"`
	Duplicate int64 `json:"duplicate"`
	Rejected  int64 `json:"rejected"`
}

// Rejection is a recipient that cannot be sent; it did not fail the request.
type Rejection struct {
	Index  int64  `json:"index"` // 0-based place among the request's recipients
	To     string `json:"to"`    // as it was given
	Code   string `json:"code"`
	Detail string `json:"detail"`
	Line   int64  `json:"line,omitempty"` // of the list that was uploaded, from 1; 0 = it was no list
}

// Duplicate is a recipient whose number was accepted earlier in the same request; it
// is sent once.
type Duplicate struct {
	Index      int64  `json:"index"`
	To         string `json:"to"`
	FirstIndex int64  `json:"first_index"`
	Line       int64  `json:"line,omitempty"`       // of the list that was uploaded, as in Rejection
	FirstLine  int64  `json:"first_line,omitempty"` // likewise
}

// PerChannel counts recipients by channel.
type PerChannel struct {
	Alimtalk int64 `json:"alimtalk"`
	SMS      int64 `json:"sms"`
	LMS      int64 `json:"lms"`
	MMS      int64 `json:"mms"`
}

// Counts counts the accepted recipients by state; their sum is Tally.Accepted.
type Counts struct {
	Pending   int64 `json:"pending"`
	Sent      int64 `json:"sent"`
	Delivered int64 `json:"delivered"`
	Failed    int64 `json:"failed"`
	Unknown   int64 `json:"unknown"`
	Expired   int64 `json:"expired"`
	Cancelled int64 `json:"cancelled"`
}

// Open counts those whose outcome is not known yet.
func (c Counts) Open() int64 { return c.Pending + c.Sent + c.Unknown }

// Message gets one message.
func (c *Client) Message(ctx context.Context, id string) (Message, error) {
	return c.message(ctx, call{method: http.MethodGet, path: []string{"v1", "messages", id}})
}

// MessageFilter narrows a list of messages; Status "" does not.
type MessageFilter struct {
	Paging
	Status Status
}

// Messages lists messages, newest first.
func (c *Client) Messages(ctx context.Context, f MessageFilter) (Page[Message], error) {
	return get[Page[Message]](ctx, c, f.query("status", string(f.Status)), "v1", "messages")
}

// Cancel stops what was not handed over yet and releases its credit. Repeating it is
// harmless; a message that is done is a Problem "state_conflict".
func (c *Client) Cancel(ctx context.Context, id string) (Message, error) {
	return c.act(ctx, id, "cancel")
}

// Pause keeps the rest of a message from being handed over until Resume.
func (c *Client) Pause(ctx context.Context, id string) (Message, error) {
	return c.act(ctx, id, "pause")
}

// Resume goes on with a paused message.
func (c *Client) Resume(ctx context.Context, id string) (Message, error) {
	return c.act(ctx, id, "resume")
}

// ResendFailed sends a message that is over to those who failed or expired, and gives the new
// message. Repeating it gives the same one.
func (c *Client) ResendFailed(ctx context.Context, id string) (Message, error) {
	return c.act(ctx, id, "resend-failed")
}

// Approve lets a message go that waits for a second person, who is somebody else than its sender.
func (c *Client) Approve(ctx context.Context, id string) (Message, error) {
	return c.act(ctx, id, "approve")
}

// Reject cancels a message that waits for a second person.
func (c *Client) Reject(ctx context.Context, id, reason string) (Message, error) {
	in := struct {
		Reason string `json:"reason,omitempty"`
	}{reason}
	return c.message(ctx, call{method: http.MethodPost, path: []string{"v1", "messages", id, "reject"}, in: in})
}

// SendTest tries a message out on its recipients, ten phones at most: at once, whatever its time and
// pace. Variables that a recipient lacks show their names.
func (c *Client) SendTest(ctx context.Context, d Draft) (Message, error) {
	return c.message(ctx, call{method: http.MethodPost, path: []string{"v1", "messages", "test"}, in: d, key: d.Key})
}

// Reschedule moves a message that is still scheduled to another time.
func (c *Client) Reschedule(ctx context.Context, id string, at time.Time) (Message, error) {
	in := struct {
		ScheduledAt time.Time `json:"scheduled_at"`
	}{at}
	return c.message(ctx, call{method: http.MethodPatch, path: []string{"v1", "messages", id}, in: in})
}

func (c *Client) act(ctx context.Context, id, verb string) (Message, error) {
	return c.message(ctx, call{method: http.MethodPost, path: []string{"v1", "messages", id, verb}})
}

// message runs a call whose reply is a message.
func (c *Client) message(ctx context.Context, in call) (Message, error) {
	var m Message
	in.out = &m
	in.raw = func(reply []byte) { m.Raw = reply }
	in.header = func(h http.Header) { m.Replayed = h.Get("Idempotent-Replayed") == "true" }
	err := c.do(ctx, in)
	return m, err
}

// Pauses between two looks of Wait: short while a small message is on its way, longer
// for one that takes its time.
const (
	firstLook   = 200 * time.Millisecond
	longestLook = 2 * time.Second
)

// Wait looks at a message until it is done or cancelled and returns it. seen is called
// after every look, with the message as it is, or with the last one and the error of a
// look that failed for a Temporary reason, which Wait rides out; nil is allowed. When
// ctx ends first, Wait returns the last message seen and why ctx ended.
func (c *Client) Wait(ctx context.Context, id string, seen func(Message, error)) (Message, error) {
	if seen == nil {
		seen = func(Message, error) {}
	}
	var last Message
	for wait := firstLook; ; wait = min(wait*3/2, longestLook) {
		m, err := c.Message(ctx, id)
		switch {
		case err == nil:
			last = m
		case ctx.Err() != nil:
			return last, context.Cause(ctx)
		case !Temporary(err):
			return last, err
		}
		seen(last, err)
		if last.Status.Final() {
			return last, nil
		}
		if err := pause(ctx, wait); err != nil {
			return last, err
		}
	}
}
