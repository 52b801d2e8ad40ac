package api

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/webhook"
)

// webhookDeliveryView is one event for one endpoint.
type webhookDeliveryView struct {
	Sequence int64        `json:"sequence" doc:"Its place in the endpoint's own sequence, which names it."`
	EventID  string       `json:"event_id" doc:"What webhook-id says."`
	Type     string       `json:"type"`
	State    string       `json:"state" enum:"waiting,delivered,failed" doc:"failed: given up after its last attempt; it can be sent again."`
	Attempts int          `json:"attempts"`
	Status   *int         `json:"status" doc:"HTTP status of the last attempt; null = there was no answer."`
	NextAt   maybeInstant `json:"next_attempt_at" doc:"Of one that waits; later where the endpoint rests, and none while it is disabled."`
	EventAt  instant      `json:"event_at"`
	EndedAt  maybeInstant `json:"ended_at"`
}

func showDelivery(d webhook.Delivery) webhookDeliveryView {
	return webhookDeliveryView{Sequence: d.Seq, EventID: d.Event.Text(id.Event), Type: d.Type, State: string(d.State), Attempts: d.Attempts, Status: statusOrNull(d.Status),
		NextAt: maybeInstant(d.Due), EventAt: instant(d.EventAt), EndedAt: maybeInstant(d.EndedAt)}
}

func statusOrNull(status int) *int {
	if status == 0 {
		return nil
	}
	return &status
}

// webhookAttemptView is one request to an endpoint.
type webhookAttemptView struct {
	No       int     `json:"no"`
	At       instant `json:"at"`
	Status   *int    `json:"status" doc:"HTTP status; null = there was no answer."`
	Result   string  `json:"result" enum:"delivered,refused,redirected,gone,timeout,unreachable,forbidden,broken"`
	TookMS   int64   `json:"took_ms"`
	Error    *string `json:"error" doc:"What went wrong, in words."`
	Response *string `json:"response" people:"words" doc:"The first 4 kB of the answer."`
}

func showAttempt(a webhook.Attempt) webhookAttemptView {
	return webhookAttemptView{a.No, instant(a.At), statusOrNull(a.Status), a.Result, a.TookMS, orNull(a.Error), orNull(a.Response)}
}

// webhookDeliveryLogView is a delivery with its attempts and what was sent.
type webhookDeliveryLogView struct {
	Delivery webhookDeliveryView  `json:"delivery"`
	Attempts []webhookAttemptView `json:"attempts"`
	Payload  sentJSON             `json:"payload"`
}

// sentJSON is what was sent: an event with its place in the sequence of the endpoint.
type sentJSON json.RawMessage

// MarshalJSON gives it back.
func (s sentJSON) MarshalJSON() ([]byte, error) { return json.RawMessage(s).MarshalJSON() }

// Schema describes it.
func (sentJSON) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
}

type webhookDeliveriesInput struct {
	ID string `path:"id" doc:"whk_…"`
	Paging
	State string    `query:"state" enum:"waiting,delivered,failed"`
	Type  string    `query:"type" doc:"A type of event, or a family such as message.*"`
	From  time.Time `query:"from" doc:"Of events at or after."`
	Until time.Time `query:"until" doc:"Of events before."`
}

type webhookDeliveryNamed struct {
	ID       string `path:"id" doc:"whk_…"`
	Sequence int64  `path:"sequence"`
}

type webhookReplay struct {
	ID   string `path:"id" doc:"whk_…"`
	Body struct {
		Deliveries []int64    `json:"deliveries,omitempty" minItems:"1" maxItems:"2000" doc:"By their sequence."`
		From       *time.Time `json:"from,omitempty" doc:"All of events at or after."`
		Until      *time.Time `json:"until,omitempty" doc:"All of events before."`
		Failed     bool       `json:"failed,omitempty" doc:"Only those that failed for good; of all times, or of these."`
		After      int64      `json:"after,omitempty" doc:"Of those that are not named: the last of the reply before."`
	}
}

// webhookReplayView is what is sent again.
type webhookReplayView struct {
	Replayed int   `json:"replayed" doc:"How many are sent again; of a disabled endpoint, once it is enabled."`
	HasMore  bool  `json:"has_more" doc:"More were chosen than one request takes: ask again with after."`
	Last     int64 `json:"last"`
}

// webhookDeliveries declares the routes about what is sent to endpoints.
func webhookDeliveries(a *api) {
	const path = webhookPath + "/{id}"
	write(a, operation{
		id: "testWebhookEndpoint", method: http.MethodPost, path: path + "/test", tag: webhookTag, ability: "webhooks:write", status: http.StatusAccepted,
		summary: "Send an endpoint a test event", about: "Of type webhook.test, once, whatever its topics. Its delivery tells what was answered.", codes: []string{fault.CodeStateConflict},
	}, func(tx *db.Tx, x *exchange, in *webhookNamed) (v webhookDeliveryView, err error) {
		of, err := webhookOf(in.ID)
		if err != nil {
			return v, err
		}
		d, err := a.Webhooks.Test(tx, x.site, of)
		if err != nil {
			return v, err
		}
		return showDelivery(d), nil
	})
	read(a, operation{
		id: "listWebhookDeliveries", method: http.MethodGet, path: path + "/deliveries", tag: webhookTag, ability: "webhooks:read", status: http.StatusOK,
		summary: "List what was for an endpoint, newest first", about: "Those that ended are kept for 30 days, where the operator says nothing else; those that wait, until they are sent, but for a disabled endpoint as long, from their event or from when they were last asked for again.",
	}, a.listDeliveries)
	read(a, operation{
		id: "getWebhookDelivery", method: http.MethodGet, path: path + "/deliveries/{sequence}", tag: webhookTag, ability: "webhooks:read", status: http.StatusOK,
		summary: "Get a delivery with all its attempts",
	}, a.getDelivery)
	write(a, operation{
		id: "replayWebhookDeliveries", method: http.MethodPost, path: path + "/replay", tag: webhookTag, ability: "webhooks:write", status: http.StatusAccepted,
		summary: "Send deliveries again", about: "Exactly those that are chosen, with the webhook-id and the sequence that they had: single ones, all in a range of time, or all that failed. At most 2,000 in one request.",
	}, a.replay)
}

func (a *api) listDeliveries(tx *db.Tx, x *exchange, in *webhookDeliveriesInput) (out listOf[webhookDeliveryView], err error) {
	of, err := webhookOf(in.ID)
	if err != nil {
		return out, err
	}
	if _, err := a.Webhooks.Find(tx, x.site, of); err != nil {
		return out, err
	}
	f := webhook.Filter{State: webhook.State(in.State), Type: in.Type, From: db.At(in.From), Until: db.At(in.Until), Limit: in.Limit}
	l, err := a.list(tx, x, "webhook-deliveries", in.ID, in.State, in.Type, in.From.String(), in.Until.String())
	if err != nil {
		return out, err
	}
	if err := l.after(in.Cursor, &f.Before); err != nil {
		return out, err
	}
	rows, next, more, err := a.Webhooks.Deliveries(tx, x.site, of, f)
	if err != nil {
		return out, err
	}
	out = listOf[webhookDeliveryView]{Data: make([]webhookDeliveryView, len(rows)), HasMore: more}
	for i, d := range rows {
		out.Data[i] = showDelivery(d)
	}
	if more {
		out.NextCursor, err = l.cursor(next)
	}
	return out, err
}

func (a *api) getDelivery(tx *db.Tx, x *exchange, in *webhookDeliveryNamed) (v webhookDeliveryLogView, err error) {
	of, err := webhookOf(in.ID)
	if err != nil {
		return v, err
	}
	if _, err := a.Webhooks.Find(tx, x.site, of); err != nil {
		return v, err
	}
	d, made, err := a.Webhooks.FindDelivery(tx, x.site, of, in.Sequence)
	if err != nil {
		return v, err
	}
	v.Attempts = make([]webhookAttemptView, len(made))
	for i, m := range made {
		v.Attempts[i] = showAttempt(m)
	}
	if v.Payload, err = a.Webhooks.Payload(tx, x.site, d); err != nil {
		return v, err
	}
	v.Delivery = showDelivery(d)
	return v, nil
}

func (a *api) replay(tx *db.Tx, x *exchange, in *webhookReplay) (v webhookReplayView, err error) {
	of, err := webhookOf(in.ID)
	if err != nil {
		return v, err
	}
	b := in.Body
	c := webhook.Choice{Seqs: b.Deliveries, Failed: b.Failed, After: b.After}
	c.From, c.Until = span(b.From, b.Until)
	r, err := a.Webhooks.Replay(tx, x.site, of, c)
	return webhookReplayView{r.Count, r.More, r.Last}, err
}
