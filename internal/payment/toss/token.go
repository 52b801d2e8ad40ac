package toss

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"creditmsg/internal/payment"
	"creditmsg/internal/upstream"
)

const maxCustomer = 300

func wrongToken(text string) payment.TokenResult {
	return payment.TokenResult{State: payment.Failed, Reason: payment.BadRequest, Text: text}
}

// BeginToken opens the window in which a person leaves a card. Nothing is asked of the vendor.
func (a *account) BeginToken(_ context.Context, r payment.Registration) payment.TokenResult {
	if n := len(r.Customer); n < 2 || n > maxCustomer || r.ReturnURL == "" {
		return wrongToken("a card is left by a customer of 2 to 300 characters, who comes back to an address")
	}
	fields := map[string]string{
		"call": "requestBillingAuth", "method": "CARD", "clientKey": a.clientKey, "customerKey": r.Customer,
		"successUrl": r.ReturnURL, "failUrl": r.ReturnURL,
	}
	addPayer(fields, r.Payer)
	return payment.TokenResult{State: payment.Open, Checkout: a.page(fields)}
}

// FinishToken has a billing key made of the card that was left.
func (a *account) FinishToken(ctx context.Context, r payment.Registration, back url.Values) payment.TokenResult {
	if code := back.Get("code"); code != "" && !back.Has("authKey") {
		l := left(code, back.Get("message"))
		return payment.TokenResult{State: l.State, Reason: l.Reason, Code: l.Code, Text: l.Text}
	}
	auth := back.Get("authKey")
	if auth == "" || len(auth) > maxKey || r.Customer == "" || back.Get("customerKey") != r.Customer {
		return wrongToken("the return address is of another customer, or names no card")
	}
	body := map[string]string{"authKey": auth, "customerKey": r.Customer}
	reply := a.call(ctx, request{method: http.MethodPost, path: "/v1/billing/authorizations/issue", key: r.Key, body: body})
	if reply.Err == nil && reply.Status == http.StatusOK {
		return issued(r, reply.Body)
	}
	f := refused(reply)
	if f.code == "NOT_FOUND_BILLING" {
		f.reason = payment.PayerLeft
	}
	return payment.TokenResult{State: f.state(), Reason: f.reason, Code: f.code, Text: f.text}
}

// issued reads a Billing object.
func issued(r payment.Registration, body []byte) payment.TokenResult {
	var b struct {
		Key      string   `json:"billingKey"`
		Customer string   `json:"customerKey"`
		Card     wireCard `json:"card"`
		Number   string   `json:"cardNumber"`
	}
	if err := upstream.Lenient(json.Unmarshal(body, &b)); err != nil || !validRef(b.Key) || b.Customer != r.Customer {
		return payment.TokenResult{Reason: payment.GatewayFailure, Text: "the reply names no card of this customer"}
	}
	if b.Card.Number == "" {
		b.Card.Number = b.Number
	}
	return payment.TokenResult{State: payment.Paid, Token: payment.Token{Customer: b.Customer, Secret: b.Key, Label: b.Card.label()}}
}

// RemoveToken makes a billing key useless; one that is gone is no error.
func (a *account) RemoveToken(ctx context.Context, t payment.Token) error {
	if !validRef(t.Secret) {
		return errors.New("remove stored card: it is not one of this gateway")
	}
	reply := a.call(ctx, request{method: http.MethodDelete, path: "/v1/billing/" + url.PathEscape(t.Secret)})
	if reply.Err != nil {
		return fmt.Errorf("remove stored card: %w", reply.Err)
	}
	if reply.Status == http.StatusOK || reply.Status == http.StatusNoContent {
		return nil
	}
	r := refused(reply)
	if r.code == "ALREADY_REMOVED_BILLING_KEY" || r.code == "NOT_FOUND_BILLING" {
		return nil
	}
	return fmt.Errorf("remove stored card: the gateway answered %s %s", r.code, r.text)
}
