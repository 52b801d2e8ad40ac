package api

import (
	"context"
	"net/http"

	"creditmsg/internal/db"
	"creditmsg/internal/delivery"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/message"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
)

// recipientView is one accepted recipient. In a list of rejections it has index, to,
// code and detail instead.
type recipientView struct {
	To         string       `json:"to" people:"number" doc:"Digits."`
	Status     string       `json:"status" enum:"pending,sent,delivered,failed,unknown,expired,cancelled"`
	Channel    string       `json:"channel" enum:"alimtalk,sms,lms,mms"`
	Step       int          `json:"step"`
	Provider   *string      `json:"provider"`
	Cost       money.Amount `json:"cost"`
	Reason     *reasonView  `json:"reason"`
	SentAt     maybeInstant `json:"sent_at"`
	ReportedAt maybeInstant `json:"reported_at"`
	Seq        int64        `json:"seq" doc:"The place among the accepted recipients, from 0; events about recipients name them so."`
}

// reasonView is why somebody did not get the message.
type reasonView struct {
	Code         string  `json:"code"`
	TextKo       string  `json:"text_ko"`
	TextEn       string  `json:"text_en"`
	ProviderCode *string `json:"provider_code" doc:"The provider's own word for it."`
}

func showReason(r provider.Reason, code string) *reasonView {
	if r == "" {
		return nil
	}
	return &reasonView{string(r), r.Korean(), r.English(), orNull(code)}
}

func showRecipient(s message.Shown) recipientView {
	return recipientView{
		To: string(s.To), Status: string(s.State), Channel: s.Channel().String(), Step: s.Step, Provider: orNull(s.Provider), Cost: s.Cost(),
		Reason: showReason(s.Reason, s.Code), SentAt: maybeInstant(s.SentAt), ReportedAt: maybeInstant(s.ReportedAt), Seq: int64(s.Seq),
	}
}

// logView is one step of one recipient.
type logView struct {
	MessageID  string       `json:"message_id"`
	To         string       `json:"to" people:"number" doc:"Digits."`
	Status     string       `json:"status" enum:"pending,sent,delivered,failed,unknown,expired,cancelled"`
	Channel    string       `json:"channel" enum:"alimtalk,sms,lms,mms"`
	Step       int          `json:"step"`
	Provider   *string      `json:"provider"`
	AttemptID  *string      `json:"attempt_id" doc:"The call to the provider that carried it."`
	Cost       money.Amount `json:"cost"`
	Reason     *reasonView  `json:"reason"`
	HandedAt   maybeInstant `json:"handed_at"`
	SentAt     maybeInstant `json:"sent_at"`
	ReportedAt maybeInstant `json:"reported_at"`
}

func showLog(l message.LogLine) logView {
	v := logView{
		MessageID: l.ID.Text(id.Message), To: string(l.To), Status: string(l.State), Channel: l.Channel.String(), Step: l.Step,
		Provider: orNull(l.Provider), Cost: l.Cost, Reason: showReason(l.Reason, l.Code),
		HandedAt: maybeInstant(l.HandedAt), SentAt: maybeInstant(l.SentAt), ReportedAt: maybeInstant(l.ReportedAt),
	}
	if !l.Attempt.IsZero() {
		v.AttemptID = orNull(l.Attempt.Text(id.Attempt))
	}
	return v
}

// traceView is one thing that happened to a recipient.
type traceView struct {
	At        instant       `json:"at"`
	Kind      string        `json:"kind"`
	Step      int           `json:"step,omitempty"`
	Try       int           `json:"try,omitempty"`
	Channel   string        `json:"channel,omitempty"`
	Provider  string        `json:"provider,omitempty"`
	AttemptID string        `json:"attempt_id,omitempty"`
	Reason    *reasonView   `json:"reason,omitempty"`
	Detail    string        `json:"detail,omitempty" people:"words"`
	Amount    *money.Amount `json:"amount,omitempty"`
}

func showTrace(l delivery.TraceLine) traceView {
	return traceView{At: instant(l.At), Kind: l.What, Step: l.Step, Try: l.Try, Channel: l.Channel, Provider: l.Provider,
		AttemptID: l.Attempt, Reason: showReason(provider.Reason(l.Reason), l.Code), Detail: l.Detail, Amount: l.Amount}
}

type recipientsInput struct {
	ID string `path:"id" doc:"msg_…"`
	Paging
	Status string `query:"status" enum:"pending,sent,delivered,failed,unknown,expired,cancelled,rejected" doc:"rejected lists those who were not accepted."`
	To     string `query:"to" doc:"A mobile number, however it is written."`
}

type traceInput struct {
	ID string `path:"id" doc:"msg_…"`
	To string `query:"to" required:"true" doc:"A mobile number, however it is written."`
}

type logsInput struct {
	Paging
	To       string `query:"to" doc:"A mobile number, however it is written."`
	Message  string `query:"message" doc:"msg_…"`
	Provider string `query:"provider"`
	Status   string `query:"status" enum:"pending,sent,delivered,failed,unknown,expired,cancelled"`
	From     string `query:"from" format:"date-time" doc:"Handed over at or after."`
	Until    string `query:"until" format:"date-time" doc:"Handed over before."`
}

// recipients declares the routes about single people.
func recipients(a *api) {
	read(a, operation{
		id: "listRecipients", method: http.MethodGet, path: "/v1/messages/{id}/recipients", tag: "Messages", ability: "messages:read", status: http.StatusOK,
		summary: "List the recipients of a message", about: "In the order of the request. `status=rejected` lists the rejections instead: index, to, code, detail.",
	}, a.listRecipients)
	register[traceInput, listOf[traceView]](a, operation{
		id: "traceRecipient", method: http.MethodGet, path: "/v1/messages/{id}/trace", tag: "Messages", ability: "messages:read", status: http.StatusOK,
		summary: "Tell the story of one recipient", about: "Every decision, attempt, report and ledger entry, in order.",
	}, a.trace)
	read(a, operation{
		id: "listSendLogs", method: http.MethodGet, path: "/v1/send-logs", tag: "Messages", ability: "messages:read", status: http.StatusOK,
		summary: "List what was handed to providers", about: "One line per recipient and step, newest first. A page of a narrow search may be short and still have more.",
	}, a.listLogs)
}

// mobile reads a number of a parameter; an absent one is none.
func mobile(text string) (korea.Number, error) {
	if text == "" {
		return "", nil
	}
	n, err := korea.ParseMobile(text)
	if err != nil {
		return "", fault.Check("/to", "want a Korean mobile number: 010 and eight digits")
	}
	return n, nil
}

// listRecipients gives recipients, or rejections, as the same list.
func (a *api) listRecipients(tx *db.Tx, x *exchange, in *recipientsInput) (out listOf[personView], err error) {
	key, err := x.message(in.ID)
	if err != nil {
		return out, err
	}
	to, err := mobile(in.To)
	if err != nil {
		return out, err
	}
	m, err := message.Find(tx, key)
	if err != nil {
		return out, err
	}
	l, err := a.list(tx, x, "recipients", in.ID, in.Status, string(to))
	if err != nil {
		return out, err
	}
	if in.Status == rejected {
		if to != "" {
			return out, fault.Check("/to", "rejections cannot be searched by number")
		}
		return a.listRejections(tx, l, m, in.Paging)
	}
	filter := message.Filter{State: message.Progress(in.Status), To: to, Limit: in.Limit}
	if err := l.after(in.Cursor, &filter.From); err != nil {
		return out, err
	}
	people, next, more, err := a.Messages.Recipients(tx, m, filter)
	if err != nil {
		return out, err
	}
	out = listOf[personView]{Data: make([]personView, len(people)), HasMore: more}
	for i, p := range people {
		out.Data[i] = personView{recipient: new(showRecipient(p))}
	}
	if more {
		out.NextCursor, err = l.cursor(next)
	}
	return out, err
}

const rejected = "rejected"

func (a *api) listRejections(tx *db.Tx, l list, m *message.Message, p Paging) (out listOf[personView], err error) {
	var from int64
	if err := l.after(p.Cursor, &from); err != nil {
		return out, err
	}
	refused, more, err := a.Messages.Rejections(tx, m, from, p.Limit)
	if err != nil {
		return out, err
	}
	out = listOf[personView]{Data: make([]personView, len(refused)), HasMore: more}
	for i, r := range refused {
		out.Data[i] = personView{rejection: &r}
	}
	if more {
		out.NextCursor, err = l.cursor(refused[len(refused)-1].Index + 1)
	}
	return out, err
}

func (a *api) trace(ctx context.Context, x *exchange, in *traceInput) (*reply, error) {
	key, err := x.message(in.ID)
	if err != nil {
		return nil, err
	}
	to, err := mobile(in.To)
	if err != nil {
		return nil, err
	}
	lines, err := a.Delivery.Trace(ctx, key, to)
	if err != nil {
		return nil, err
	}
	out := listOf[traceView]{Data: make([]traceView, len(lines))}
	for i, l := range lines {
		out.Data[i] = showTrace(l)
	}
	return rendered(http.StatusOK, out)
}

// filter is what the parameters narrow the send log to.
func (in *logsInput) filter() (f message.LogFilter, err error) {
	f = message.LogFilter{Provider: in.Provider, State: message.Progress(in.Status), Limit: in.Limit}
	if f.To, err = mobile(in.To); err != nil {
		return f, err
	}
	if in.Message != "" {
		if f.Message, err = id.Parse(id.Message, in.Message); err != nil {
			return f, fault.Check("/message", "want the id of a message: msg_…")
		}
	}
	for _, t := range []struct {
		name, text string
		into       *db.Time
	}{{"/from", in.From, &f.From}, {"/until", in.Until, &f.Until}} {
		if t.text == "" {
			continue
		}
		at, err := parseInstant(t.text)
		if err != nil {
			return f, fault.Check(t.name, "want a time such as 2026-12-01T09:00:00Z")
		}
		*t.into = db.At(at)
	}
	return f, nil
}

func (a *api) listLogs(tx *db.Tx, x *exchange, in *logsInput) (out listOf[logView], err error) {
	f, err := in.filter()
	if err != nil {
		return out, err
	}
	l, err := a.list(tx, x, "send-logs", string(f.To), in.Message, in.Provider, in.Status, in.From, in.Until)
	if err != nil {
		return out, err
	}
	if err := l.after(in.Cursor, &f.Before); err != nil {
		return out, err
	}
	lines, next, more, err := a.Messages.SendLog(tx, x.site, f)
	if err != nil {
		return out, err
	}
	out = listOf[logView]{Data: make([]logView, len(lines)), HasMore: more}
	for i, line := range lines {
		out.Data[i] = showLog(line)
	}
	if more {
		out.NextCursor, err = l.cursor(next)
	}
	return out, err
}
