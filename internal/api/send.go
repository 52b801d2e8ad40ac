package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"reflect"
	"time"

	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/idem"
	"creditmsg/internal/message"
)

// sending declares the routes that take recipients. Their bodies are read here, not
// by huma: 100,000 recipients would be parsed and checked three times by reflection.
func sending(a *api) {
	send := operation{
		id: "sendMessage", method: http.MethodPost, path: "/v1/messages", tag: "Messages", ability: "messages:write", status: http.StatusAccepted,
		summary: "Send a message",
		about: "Accepts a message for sending and holds its worst case. Recipients that cannot be sent are listed in `rejections` and do not fail the request. " +
			"More than 100,000 recipients go as `application/x-ndjson`: the message without `recipients` in the first line, then one recipient a line. " +
			"A list that people keep goes as it is, CSV (UTF-8 or CP949) or XLSX, as `multipart/form-data`; rejections and duplicates then have the `line`, the first line being 1.",
		codes: []string{fault.CodeInsufficientCredit, fault.CodeTooManyRecipients, fault.CodeNoRecipients, fault.CodeUnknownTemplate,
			fault.CodeTemplateNotApproved, fault.CodeSenderNotRegistered, fault.CodeSenderMissing, fault.CodeChannelNotAvailable,
			fault.CodeNotSupported, fault.CodeSiteSuspended, fault.CodeStateConflict, fault.CodeUnsupportedEncoding, fault.CodeNoPhoneColumn},
		body: a.describeOrder(false), example: exampleReceipt(), quick: true,
	}
	plain(a, send, reflect.TypeFor[receiptView](), a.answering(func(w http.ResponseWriter, r *http.Request, x *exchange) (*reply, error) {
		out, err := a.takeMessage(w, r, x, send)
		if err != nil && x.known != nil && !isOver(err) { // which was asked anew, if it was not certain
			// Nobody is refused by what was only remembered of him.
			if why := a.identify(r, x, send); why != nil {
				err = why
			}
		}
		return out, err
	}))
	estimate := operation{
		id: "estimateMessage", method: http.MethodPost, path: "/v1/messages/estimate", tag: "Messages", ability: "messages:read", status: http.StatusOK, unkeyed: true,
		summary: "Estimate what a message would cost",
		about:   "Takes the body of a message, or `recipient_count` and a text instead of recipients. It holds nothing.",
		codes:   append([]string{fault.CodeMalformed, fault.CodeBodyTooLarge, fault.CodeUnsupportedMedia}, send.codes[1:]...),
		body:    a.describeOrder(true),
	}
	plain(a, estimate, reflect.TypeFor[quoteView](), a.answering(a.estimate))
}

// takeMessage takes a message in whichever form it comes.
func (a *api) takeMessage(w http.ResponseWriter, r *http.Request, x *exchange, o operation) (*reply, error) {
	form, err := mediaOf(r, true)
	if err == nil && form != mediaJSON && x.known != nil {
		err = a.identify(r, x, o)
	}
	switch {
	case err != nil:
		return nil, err
	case form == mediaLines:
		return a.sendLines(w, r, x, o)
	case form == mediaForm:
		return a.sendForm(w, r, x, o)
	}
	return a.sendWhole(w, r, x, o)
}

// answering makes a plain route of a function that gives a reply or an error.
func (a *api) answering(answer func(http.ResponseWriter, *http.Request, *exchange) (*reply, error)) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) {
		x := of(r.Context())
		out, err := answer(w, r, x)
		if err == nil {
			out, err = x.answered(out)
		}
		if err != nil {
			a.refuse(w, r, err)
			return
		}
		if out.Replayed != "" {
			w.Header().Set("Idempotent-Replayed", out.Replayed)
		}
		if out.Tag != "" {
			w.Header().Set("ETag", out.Tag)
		}
		if out.Language != "" {
			w.Header().Set("Content-Language", out.Language)
		}
		a.sendBytes(w, out.Status, out.Media, out.Body)
	}
}

// sendWhole takes a message and its recipients as one JSON object.
func (a *api) sendWhole(w http.ResponseWriter, r *http.Request, x *exchange, o operation) (*reply, error) {
	body, release, err := a.whole(w, r, maxJSON)
	defer release()
	if err != nil {
		return nil, err
	}
	key, keyed, err := x.idemKey(o)
	if err != nil {
		return nil, err
	}
	if x.known != nil {
		if out, counts, err := a.quickly(r.Context(), x, body, key, keyed); counts {
			return out, err
		}
		if err := a.identify(r, x, o); err != nil {
			return nil, err
		}
	}
	return a.takeOrder(r.Context(), x, body, key, keyed, func(o *order) (message.Request, error) { return o.Request, nil })
}

// takeOrder accepts a message that came as one JSON object, as whoever takes it wants it.
func (a *api) takeOrder(ctx context.Context, x *exchange, body []byte, key idem.Key, keyed bool, as func(*order) (message.Request, error)) (*reply, error) {
	if keyed {
		if out, err := a.sentBefore(ctx, key); out != nil || err != nil {
			return out, err
		}
	}
	order, err := wholeOrder(body)
	if err != nil {
		return nil, err
	}
	order.sentBy(x, key, keyed)
	request, err := as(order)
	if err != nil {
		return nil, err
	}
	release, err := order.bring(ctx, a, x)
	defer release()
	if err != nil {
		return nil, err
	}
	draft, err := a.Messages.Draft(ctx, x.site, request)
	if err != nil {
		return nil, err
	}
	if err := order.addTo(ctx, a, draft); err != nil {
		return nil, a.discarded(ctx, draft, err)
	}
	out, err := a.accept(ctx, draft, key, keyed)
	if err == nil {
		order.used(ctx, a, x)
	}
	return out, err
}

// sentBy notes who sends the message, and what the request has in common with its repeats:
// they are no duplicates of it.
func (o *order) sentBy(x *exchange, key idem.Key, keyed bool) {
	o.By = x.actor()
	if keyed {
		o.Repeats = key.Scope + " " + key.Key
	}
}

// wholeOrder reads a message with its recipients.
func wholeOrder(body []byte) (*order, error) {
	o, err := readOrder(body, &order{withoutCount: true, withList: true})
	if err == nil && o.nobody() {
		err = fault.New(fault.Invalid, fault.CodeNoRecipients, "the message names no recipient").At("/recipients", "no recipient")
	}
	return o, err
}

// sendLines takes a message and its recipients line by line. Whether a key was used
// can be looked up before the body has come; whether it was for the same body only
// after it.
func (a *api) sendLines(w http.ResponseWriter, r *http.Request, x *exchange, o operation) (*reply, error) {
	u, err := newUpload(w, r, maxUpload, uploadWithin)
	if err != nil {
		return nil, err
	}
	key, keyed, err := x.idemKey(o)
	if err != nil {
		return nil, err
	}
	if keyed {
		used, err := a.Messages.Earlier(r.Context(), key)
		if err != nil {
			return nil, err
		}
		if used.Exists {
			return a.repeatLines(r.Context(), u, x, o)
		}
	}
	l := newLines(u)
	order, err := l.order()
	if err != nil {
		return nil, err
	}
	order.sentBy(x, key, keyed)
	draft, err := a.Messages.Draft(r.Context(), x.site, order.Request)
	if err != nil {
		return nil, err
	}
	err = l.addTo(r.Context(), draft)
	if err == nil {
		err = order.addGroups(r.Context(), draft)
	}
	if err != nil {
		return nil, a.discarded(r.Context(), draft, err)
	}
	if key, keyed, err = x.idemKey(o); err != nil {
		return nil, a.discarded(r.Context(), draft, err)
	}
	return a.accept(r.Context(), draft, key, keyed)
}

// repeatLines answers an upload whose key was used before: only its sum is wanted.
func (a *api) repeatLines(ctx context.Context, u *upload, x *exchange, o operation) (*reply, error) {
	if _, err := io.Copy(io.Discard, u); err != nil {
		return nil, err
	}
	key, _, err := x.idemKey(o)
	if err != nil {
		return nil, err
	}
	out, err := a.sentBefore(ctx, key)
	if out == nil && err == nil {
		err = fault.New(fault.Conflict, fault.CodeIdempotencyInFlight, "the first request with this Idempotency-Key is not finished; repeat it in a moment")
	}
	return out, err
}

// sentBefore gives the reply that a key got before; nil when it is new.
func (a *api) sentBefore(ctx context.Context, key idem.Key) (*reply, error) {
	used, err := a.Messages.Earlier(ctx, key)
	if err != nil || !used.Exists {
		return nil, err
	}
	return replay(used)
}

// discarded gives up a draft and returns why. What cannot be deleted now is swept.
func (a *api) discarded(ctx context.Context, d *message.Draft, why error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	if err := d.Discard(ctx); err != nil {
		a.Log.WarnContext(ctx, "discard a draft", "message_id", d.Message.ID.Text(id.Message), "error", err)
	}
	return why
}

// accept makes the draft a message, or gives the reply of a twin that was faster.
func (a *api) accept(ctx context.Context, d *message.Draft, key idem.Key, keyed bool) (*reply, error) {
	var once *message.Once
	if keyed {
		once = &message.Once{Key: key, Render: RenderReceipt}
	}
	receipt, err := a.withinLimits(d, ctx, once)
	if twin, ok := errors.AsType[*message.Replay](err); ok {
		return replay(idem.Found{Exists: true, Reply: twin.Reply})
	}
	if err != nil {
		return nil, err
	}
	return rendered(http.StatusAccepted, showReceipt(receipt))
}

// estimate counts a draft that is never accepted.
func (a *api) estimate(w http.ResponseWriter, r *http.Request, x *exchange) (*reply, error) {
	form, err := mediaOf(r, true)
	if err != nil {
		return nil, err
	}
	var draft *message.Draft
	switch form {
	case mediaLines:
		draft, err = a.estimateLines(w, r, x)
	case mediaForm:
		draft, err = a.estimateForm(w, r, x)
	case mediaJSON:
		draft, err = a.estimateWhole(w, r, x)
	}
	if err != nil {
		return nil, err
	}
	quote, err := draft.Quote(r.Context())
	if err != nil {
		return nil, err
	}
	return rendered(http.StatusOK, showQuote(quote))
}

func (a *api) estimateWhole(w http.ResponseWriter, r *http.Request, x *exchange) (*message.Draft, error) {
	body, release, err := a.whole(w, r, maxJSON)
	defer release()
	if err != nil {
		return nil, err
	}
	order, err := readOrder(body, &order{withList: true})
	switch {
	case err != nil:
		return nil, err
	case order.count > 0 && (order.recipients != nil || len(order.groups) > 0 || order.list != nil):
		return nil, fault.Check("/recipient_count", "give recipients, a list and groups, or recipient_count, not both")
	case order.count == 0 && order.nobody():
		return nil, fault.New(fault.Invalid, fault.CodeNoRecipients, "give recipients, a list, groups or recipient_count").At("/recipients", "no recipient")
	}
	release, err = order.bring(r.Context(), a, x)
	defer release()
	if err != nil {
		return nil, err
	}
	draft, err := a.Messages.Estimate(r.Context(), x.site, order.Request)
	if err != nil {
		return nil, err
	}
	if order.count > 0 {
		return draft, draft.AddMany(order.count)
	}
	return draft, order.addTo(r.Context(), a, draft)
}

func (a *api) estimateLines(w http.ResponseWriter, r *http.Request, x *exchange) (*message.Draft, error) {
	u, err := newUpload(w, r, maxUpload, uploadWithin)
	if err != nil {
		return nil, err
	}
	l := newLines(u)
	order, err := l.order()
	if err != nil {
		return nil, err
	}
	draft, err := a.Messages.Estimate(r.Context(), x.site, order.Request)
	if err != nil {
		return nil, err
	}
	if err := l.addTo(r.Context(), draft); err != nil {
		return nil, err
	}
	return draft, order.addGroups(r.Context(), draft)
}
