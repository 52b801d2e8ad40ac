package toss

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"creditmsg/internal/payment"
	"creditmsg/internal/upstream"
)

const (
	maxName   = 100
	mostHours = 720 // of a virtual account
)

// wrong is the result of what cannot be asked for; nothing was.
func wrong(text string) payment.Result {
	return payment.Result{State: payment.Failed, Reason: payment.BadRequest, Text: text}
}

// unsaleable says why an order cannot be sent; "" = it can.
func unsaleable(o payment.Order) string {
	n := utf8.RuneCountInString(o.Name)
	switch _, ok := payment.WholeWon(o.Amount); {
	case !ok:
		return "the amount is not a whole number of won above 0"
	case !payment.ValidOrderID(o.ID):
		return "the order id must have 6 to 64 letters, digits, _ or -"
	case n == 0 || n > maxName:
		return "the name of the order must have 1 to 100 characters"
	case len(o.Key) > maxKey:
		return "the idempotency key is longer than 300 characters"
	}
	return ""
}

// Begin opens the card window, for which nothing is asked of the vendor, or has an account
// given out.
func (a *account) Begin(ctx context.Context, o payment.Order) payment.Result {
	if text := unsaleable(o); text != "" {
		return wrong(text)
	}
	switch o.Method {
	case payment.Card:
		return a.window(o)
	case payment.VirtualAccount:
		return a.open(ctx, o)
	}
	return payment.Result{State: payment.Failed, Reason: payment.NotSupported, Text: "toss begins payments by card and by virtual account"}
}

func (a *account) window(o payment.Order) payment.Result {
	if o.Customer == "" || o.ReturnURL == "" {
		return wrong("the card window needs a customer and an address to come back to")
	}
	n, _ := payment.WholeWon(o.Amount)
	fields := map[string]string{
		"call": "requestPayment", "method": "CARD", "clientKey": a.clientKey, "customerKey": o.Customer,
		"orderId": o.ID, "orderName": o.Name, "amount": strconv.FormatInt(n, 10), "successUrl": o.ReturnURL, "failUrl": o.ReturnURL,
	}
	addPayer(fields, o.Payer)
	return payment.Result{State: payment.Open, Amount: o.Amount, Checkout: a.page(fields)}
}

func addPayer(fields map[string]string, p payment.Payer) {
	if p.Name != "" {
		fields["customerName"] = p.Name
	}
	if p.Email != "" {
		fields["customerEmail"] = p.Email
	}
}

// page is how the payer's browser goes on.
func (a *account) page(fields map[string]string) *payment.Checkout {
	c := &payment.Checkout{Script: Script, Fields: fields}
	if a.checkout != "" {
		q := url.Values{}
		for name, value := range fields {
			q.Set(name, value)
		}
		c.URL = a.checkoutAt(fields["successUrl"]) + "?" + q.Encode()
	}
	return c
}

// checkoutAt is the page in place of the vendor's window, of a payer who comes back to an address.
func (a *account) checkoutAt(back string) string {
	if u, err := url.Parse(back); err == nil && strings.HasPrefix(a.checkout, "/") {
		return u.Scheme + "://" + u.Host + a.checkout
	}
	return a.checkout
}

// open has an account given out.
func (a *account) open(ctx context.Context, o payment.Order) payment.Result {
	hours := int64((o.ValidFor + time.Hour - 1) / time.Hour)
	if o.Bank == "" || o.Payer.Name == "" || hours < 0 || hours > mostHours {
		return wrong("a virtual account needs a bank and the payer's name, and is valid for 720 hours at most")
	}
	n, _ := payment.WholeWon(o.Amount)
	body := map[string]any{"amount": n, "orderId": o.ID, "orderName": o.Name, "customerName": o.Payer.Name, "bank": o.Bank}
	if hours > 0 {
		body["validHours"] = hours
	}
	if o.Payer.Email != "" {
		body["customerEmail"] = o.Payer.Email
	}
	return sold(o, a.call(ctx, request{method: http.MethodPost, path: "/v1/virtual-accounts", key: o.Key, body: body}))
}

// Confirm takes the money that the payer said yes to in the window. The address that he came
// back to must fit the order, otherwise nothing is asked of the vendor.
func (a *account) Confirm(ctx context.Context, o payment.Order, back url.Values) payment.Result {
	if text := unsaleable(o); text != "" {
		return wrong(text)
	}
	if code := back.Get("code"); code != "" && !back.Has("paymentKey") {
		return left(code, back.Get("message"))
	}
	n, _ := payment.WholeWon(o.Amount)
	key := back.Get("paymentKey")
	switch {
	case !validRef(key):
		return wrong("the return address names no payment")
	case back.Get("orderId") != o.ID:
		return wrong("the return address is of another order")
	case back.Get("amount") != strconv.FormatInt(n, 10):
		return wrong("the return address names another amount")
	}
	body := map[string]any{"paymentKey": key, "orderId": o.ID, "amount": n}
	r := sold(o, a.call(ctx, request{method: http.MethodPost, path: "/v1/payments/confirm", key: o.Key, body: body}))
	if r.State == payment.Unknown {
		r.Ref = key // to be asked for; Find does not trust it
	}
	return r
}

// left is the result of a window that was closed without a yes.
func left(code, message string) payment.Result {
	r := payment.Result{State: payment.Declined, Reason: payment.PayerLeft, Code: upstream.Code(code), Text: upstream.Words(message)}
	if m, listed := meanings[code]; listed && m.class == declines {
		r.Reason = m.reason
	}
	return r
}

// Charge takes money with a stored card.
func (a *account) Charge(ctx context.Context, o payment.Order, t payment.Token) payment.Result {
	if text := unsaleable(o); text != "" {
		return wrong(text)
	}
	if !validRef(t.Secret) || t.Customer == "" {
		return wrong("the stored card is not one of this gateway")
	}
	n, _ := payment.WholeWon(o.Amount)
	body := map[string]any{"customerKey": t.Customer, "amount": n, "orderId": o.ID, "orderName": o.Name}
	if o.Payer.Email != "" {
		body["customerEmail"] = o.Payer.Email
	}
	if o.Payer.Name != "" {
		body["customerName"] = o.Payer.Name
	}
	return sold(o, a.call(ctx, request{method: http.MethodPost, path: "/v1/billing/" + url.PathEscape(t.Secret), key: o.Key, body: body}))
}
