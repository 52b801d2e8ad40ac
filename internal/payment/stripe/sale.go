package stripe

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"creditmsg/internal/payment"
	"creditmsg/internal/upstream"
)

const maxName = 100

// wrong is the result of what cannot be asked for; nothing was.
func wrong(text string) payment.Result {
	return payment.Result{State: payment.Failed, Reason: payment.BadRequest, Text: text}
}

// unsaleable says why an order cannot be sent; "" = it can.
func unsaleable(o payment.Order) string {
	n := utf8.RuneCountInString(o.Name)
	switch _, ok := won(o.Amount); {
	case !ok:
		return "the amount is not a whole number of won above 0"
	case !payment.ValidOrderID(o.ID):
		return "the order id must have 6 to 64 letters, digits, _ or -"
	case n == 0 || n > maxName:
		return "the name of the order must have 1 to 100 characters"
	case len(o.Key) == 0 || len(o.Key) > maxKey:
		return "the idempotency key must have 1 to 246 characters"
	}
	return ""
}

// Begin has a checkout opened, on which the payer's card will only be held.
func (a *account) Begin(ctx context.Context, o payment.Order) payment.Result {
	if text := unsaleable(o); text != "" {
		return wrong(text)
	}
	if o.Method != payment.Card {
		return payment.Result{State: payment.Failed, Reason: payment.NotSupported, Text: "stripe begins payments by card"}
	}
	n, _ := won(o.Amount)
	yes, no, err := waysBack(o.ReturnURL, url.Values{backOrder: {o.ID}, backAmount: {n}})
	if err != nil {
		return wrong(err.Error())
	}
	s, r := opened(a.post(ctx, "/v1/checkout/sessions", o.Key+opens, form{
		"mode": "payment", "payment_method_types[0]": "card", "locale": "ko", "client_reference_id": o.ID, "customer_email": o.Payer.Email,
		"line_items[0][quantity]": "1", "line_items[0][price_data][currency]": currency, "line_items[0][price_data][unit_amount]": n,
		"line_items[0][price_data][product_data][name]": o.Name, "metadata[" + orderTag + "]": o.ID,
		"payment_intent_data[capture_method]": "manual", "payment_intent_data[metadata][" + orderTag + "]": o.ID,
		"success_url": yes, "cancel_url": no,
	}))
	switch {
	case r != nil:
		return r.result()
	case !s.is(o):
		u := unread("the reply is about another order")
		return u.result()
	}
	out := s.result()
	if out.State == payment.Open && s.Status == sessionOpen {
		out.Checkout = a.page(s)
	}
	return out
}

// Confirm captures the card that was held on the checkout. The address that the payer came
// back to must fit the order, otherwise nothing is asked of the vendor; and so must the
// checkout that it names, otherwise nothing is captured.
func (a *account) Confirm(ctx context.Context, o payment.Order, back url.Values) payment.Result {
	if text := unsaleable(o); text != "" {
		return wrong(text)
	}
	n, _ := won(o.Amount)
	id := back.Get(backSession)
	switch {
	case back.Get(backOrder) != o.ID:
		return wrong("the return address is of another order")
	case back.Get(backAmount) != n:
		return wrong("the return address names another amount")
	case back.Has(backLeft) && id == "":
		return payment.Result{State: payment.Declined, Reason: payment.PayerLeft, Code: backLeft, Text: "the payer left the checkout"}
	case !ofKind(id, sessionID):
		return wrong("the return address names no checkout")
	case ofKind(o.Ref, sessionID) && o.Ref != id: // it could not be found again by what the caller knows
		return wrong("the return address is of another checkout than the one that was begun")
	}
	s, r := a.session(ctx, id, "payment_intent."+everything)
	switch {
	case r != nil:
		out := r.result()
		if out.State == payment.Unknown {
			out.Ref = id // to be asked for; Find does not trust it
		}
		return out
	case !s.is(o):
		return wrong("the checkout is of another order")
	case s.Intent == nil || s.Intent.Status != statusHeld:
		return s.result()
	}
	if total, _ := amount(s.Intent.Amount); total != o.Amount {
		return wrong("the card was held for another amount")
	}
	return sold(o, s.Intent.ID, a.post(ctx, "/v1/payment_intents/"+url.PathEscape(s.Intent.ID)+"/capture", o.Key+captures, form{"expand[0]": everything}))
}

// sold reads the reply to a request that takes money. ref is the payment, when it is known
// before.
func sold(o payment.Order, ref string, reply upstream.Reply) payment.Result {
	if reply.Err != nil || reply.Status != http.StatusOK {
		r := refused(reply)
		out := r.result()
		if out.State == payment.Unknown && out.Ref == "" {
			out.Ref = ref
		}
		return out
	}
	p, err := readIntent(reply.Body)
	text := "the reply is about another order"
	if err != nil {
		text = err.Error()
	}
	if err != nil || p.Tags[orderTag] != o.ID || ref != "" && p.ID != ref {
		u := unread(text)
		u.ref = ref
		return u.result()
	}
	return p.result(o.Method)
}

// Charge takes money with a stored card. Before, it looks whether the order was paid already,
// since the vendor forgets an idempotency key after a day.
func (a *account) Charge(ctx context.Context, o payment.Order, t payment.Token) payment.Result {
	if text := unsaleable(o); text != "" {
		return wrong(text)
	}
	switch {
	case !validRef(t.Secret) || !validRef(t.Customer):
		return wrong("the stored card is not one of this gateway")
	case strings.HasPrefix(o.Customer, customerID) && o.Customer != t.Customer:
		return wrong("the order is of another customer than the card, so that it could not be found again")
	}
	o.Method = payment.Stored
	earlier, r := a.search(ctx, o, t.Customer, 1)
	switch {
	case r != nil:
		return r.result()
	case earlier != nil && earlier.takes():
		return sold(o, earlier.ID, a.intent(ctx, earlier.ID))
	}
	n, _ := won(o.Amount)
	return sold(o, "", a.post(ctx, "/v1/payment_intents", o.Key, form{
		"amount": n, "currency": currency, "customer": t.Customer, "payment_method": t.Secret, "payment_method_types[0]": "card",
		"off_session": "true", "confirm": "true", "capture_method": "automatic", "description": o.Name, "receipt_email": o.Payer.Email,
		"metadata[" + orderTag + "]": o.ID, "expand[0]": everything,
	}))
}
