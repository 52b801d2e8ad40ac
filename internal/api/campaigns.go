package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/message"
	"creditmsg/internal/money"
)

// messageView is a message and what became of it so far.
type messageView struct {
	ID             string           `json:"id"`
	Title          string           `json:"title"`
	Status         string           `json:"status" enum:"draft,review,scheduled,accepted,paused,cancelling,cancelled,done"`
	Strategy       string           `json:"strategy"`
	Policy         string           `json:"policy,omitempty" doc:"The name of the site's own strategy."`
	Recipients     tallyView        `json:"recipients"`
	RejectedByCode map[string]int64 `json:"rejected_by_code"`
	Planned        channelCounts    `json:"planned"`
	Fallback       fallbackCounts   `json:"fallback"`
	EstimatedCost  money.Amount     `json:"estimated_cost"`
	Held           money.Amount     `json:"held" doc:"The worst case that was set aside when it was accepted."`
	ScheduledAt    maybeInstant     `json:"scheduled_at"`
	ValidFor       int64            `json:"valid_for" doc:"Seconds."`
	Metadata       json.RawMessage  `json:"metadata" people:"text"`
	CreatedAt      instant          `json:"created_at"`
	Counts         countsView       `json:"counts"`
	DeliveredBy    channelCounts    `json:"delivered_by"`
	ActualCost     money.Amount     `json:"actual_cost" doc:"What the deliveries cost."`
	Released       money.Amount     `json:"released" doc:"Held, not used, given back."`
	Refunded       money.Amount     `json:"refunded"`
	DoneAt         maybeInstant     `json:"done_at"`

	SendWindow *message.Hours `json:"send_window,omitempty"`
	PerMinute  int64          `json:"per_minute,omitempty"`
	Test       bool           `json:"test,omitempty" doc:"It was sent to try it out."`
	Resends    string         `json:"resends,omitempty" doc:"The message whose failures it was sent to again."`
	Review     *reviewView    `json:"review,omitempty" doc:"The look of a second person at it; absent where none was needed."`
}

// reviewView is the look of a second person at a message.
type reviewView struct {
	State     string       `json:"state" enum:"wanted,approved,rejected"`
	AskedBy   string       `json:"asked_by" doc:"The token that sent it, or the person (usr_…), or who last wrote the series which did; a series that was last written before that was noted."`
	AskedAt   instant      `json:"asked_at"`
	DecidedBy string       `json:"decided_by,omitempty"`
	DecidedAt maybeInstant `json:"decided_at"`
	Reason    string       `json:"reason,omitempty" doc:"Why it was rejected."`
}

// countsView counts the accepted recipients by state; they sum up to accepted.
type countsView struct {
	Pending   int64 `json:"pending"`
	Sent      int64 `json:"sent"`
	Delivered int64 `json:"delivered"`
	Failed    int64 `json:"failed"`
	Unknown   int64 `json:"unknown"`
	Expired   int64 `json:"expired"`
	Cancelled int64 `json:"cancelled"`
}

type messageInput struct {
	ID string `path:"id" doc:"msg_…" example:"msg_01k9zqm0v8e4t9w2n7c5r3x6yb"`
}

type messagesInput struct {
	Paging
	Status string `query:"status" enum:"draft,review,scheduled,accepted,paused,cancelling,cancelled,done"`
}

type rescheduleInput struct {
	ID   string `path:"id" doc:"msg_…"`
	Body struct {
		ScheduledAt string `json:"scheduled_at" format:"date-time" doc:"From now to 60 days ahead."`
	}
}

// campaigns declares the routes that look at and change messages.
func campaigns(a *api) {
	read(a, operation{
		id: "listMessages", method: http.MethodGet, path: "/v1/messages", tag: "Messages", ability: "messages:read", status: http.StatusOK,
		summary: "List messages, newest first",
	}, a.listMessages)
	read(a, operation{
		id: "getMessage", method: http.MethodGet, path: "/v1/messages/{id}", tag: "Messages", ability: "messages:read", status: http.StatusOK,
		summary: "Get a message and what became of it",
	}, func(tx *db.Tx, x *exchange, in *messageInput) (messageView, error) {
		key, err := x.message(in.ID)
		if err != nil {
			return messageView{}, err
		}
		m, err := message.Find(tx, key)
		if err != nil {
			return messageView{}, err
		}
		return a.showMessage(tx, m)
	})
	for _, act := range []struct {
		verb, summary string
		do            func(*message.Service, context.Context, message.Key) (*message.Message, error)
	}{
		{"cancel", "Cancel what was not handed over yet", (*message.Service).Cancel},
		{"pause", "Hold back what was not handed over yet", (*message.Service).Pause},
		{"resume", "Go on with a paused message", (*message.Service).Resume},
	} {
		change(a, operation{
			id: act.verb + "Message", method: http.MethodPost, path: "/v1/messages/{id}/" + act.verb, tag: "Messages", ability: "messages:write", status: http.StatusOK,
			summary: act.summary, about: "Repeating it changes nothing.", codes: []string{fault.CodeStateConflict},
		}, func(ctx context.Context, key message.Key, _ *messageInput) (*message.Message, error) {
			return act.do(a.Messages, ctx, key)
		}, func(in *messageInput) string { return in.ID })
	}
	change(a, operation{
		id: "rescheduleMessage", method: http.MethodPatch, path: "/v1/messages/{id}", tag: "Messages", ability: "messages:write", status: http.StatusOK,
		summary: "Move a scheduled message to another time", codes: []string{fault.CodeStateConflict},
	}, func(ctx context.Context, key message.Key, in *rescheduleInput) (*message.Message, error) {
		at, err := parseInstant(in.Body.ScheduledAt)
		if err != nil {
			return nil, fault.Check("/scheduled_at", "want a time such as 2026-12-01T09:00:00+09:00")
		}
		return a.Messages.Reschedule(ctx, key, at)
	}, func(in *rescheduleInput) string { return in.ID })
}

// message names a message of the caller's site. What is no id names nothing.
func (x *exchange) message(text string) (message.Key, error) {
	m, err := named(id.Message, "message", text)
	if err != nil {
		return message.Key{}, err
	}
	return message.Key{Site: x.site, ID: m}, nil
}

// cut bounds what a reply repeats of a wrong id.
func cut(text string) string {
	if runes := []rune(text); len(runes) > 40 {
		return string(runes[:40]) + "…"
	}
	return text
}

func (a *api) listMessages(tx *db.Tx, x *exchange, in *messagesInput) (listOf[messageView], error) {
	l, err := a.list(tx, x, "messages", in.Status)
	if err != nil {
		return listOf[messageView]{}, err
	}
	var before id.ID
	if err := l.after(in.Cursor, &before); err != nil {
		return listOf[messageView]{}, err
	}
	rows, err := message.List(tx, x.site, message.State(in.Status), before, in.Limit+1)
	if err != nil {
		return listOf[messageView]{}, err
	}
	return pageOf(l, rows, in.Limit,
		func(m *message.Message) (messageView, error) { return a.showMessage(tx, m) },
		func(m *message.Message) any { return m.ID })
}

// showMessage joins a message with what its ledger says.
func (a *api) showMessage(tx *db.Tx, m *message.Message) (messageView, error) {
	content, err := a.Messages.Content(tx, m)
	if err != nil {
		return messageView{}, err
	}
	sum, err := m.Tally()
	if err != nil {
		return messageView{}, err
	}
	v := messageView{
		ID: m.ID.Text(id.Message), Title: content.Title, Status: string(m.State), Strategy: string(m.Strategy),
		Recipients: tallyView{m.Total, m.Accepted, m.Duplicate, m.Rejected}, RejectedByCode: orEmpty(m.RejectedBy),
		Planned: perChannel(sum.Planned), Fallback: perFallback(sum.Fallback), EstimatedCost: m.Estimated,
		ScheduledAt: maybeInstant(m.ScheduledAt), ValidFor: int64(m.ValidFor / time.Second), Metadata: content.Metadata, CreatedAt: instant(m.CreatedAt),
		Counts: countsView{Pending: m.Pending(), Sent: m.Counts.Sent, Delivered: m.Counts.Delivered, Failed: m.Counts.Failed,
			Unknown: m.Counts.Unknown, Expired: m.Counts.Expired, Cancelled: m.Counts.Cancelled},
		DeliveredBy: perChannel(m.By), DoneAt: maybeInstant(m.DoneAt),
	}
	if content.Policy != nil {
		v.Policy = content.Policy.Name
	}
	if v.Metadata == nil {
		v.Metadata = json.RawMessage("{}")
	}
	v.Test, v.Resends = content.Test, content.Resends
	if t := content.Tempo; t != nil {
		v.SendWindow, v.PerMinute = t.Window, t.PerMinute
	}
	if content.Reviewed {
		if err := addReview(tx, m, &v); err != nil {
			return v, err
		}
	}
	return v, a.addMoney(tx, m, &v)
}

func addReview(tx *db.Tx, m *message.Message, v *messageView) error {
	r, wanted, err := message.ReviewOf(tx, m.Key)
	if err != nil || !wanted {
		return err
	}
	v.Review = &reviewView{string(r.State), r.AskedBy, instant(r.AskedAt), r.DecidedBy, maybeInstant(r.DecidedAt), r.Reason}
	return nil
}

// addMoney adds what the message held, spent and got back.
func (a *api) addMoney(tx *db.Tx, m *message.Message, v *messageView) error {
	held, err := a.Ledger.Reservations(tx, m.Site, m.ID)
	if err != nil {
		return err
	}
	for _, r := range held {
		v.Held, v.Released = r.Reserved, r.Released
	}
	var spent []credit.Usage
	if m.Counts.Delivered > 0 {
		if spent, err = a.Ledger.Usages(tx, m.Site, m.ID, id.ID{}, len(m.By)); err != nil {
			return err
		}
	}
	for _, u := range spent {
		if v.ActualCost, err = v.ActualCost.Plus(u.TotalCost); err != nil {
			return err
		}
		if v.Refunded, err = v.Refunded.Plus(u.RefundAmount); err != nil {
			return err
		}
	}
	return nil
}

// change declares a route that changes a message.
func change[I any](a *api, o operation, act func(context.Context, message.Key, *I) (*message.Message, error), which func(*I) string) {
	perform(a, o, func(ctx context.Context, x *exchange, in *I, _ string) (*message.Message, error) {
		name, err := x.message(which(in))
		if err != nil {
			return nil, err
		}
		return act(ctx, name, in)
	}, a.showMessage)
}
