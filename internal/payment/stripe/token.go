package stripe

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

func (r *refusal) tokenResult() payment.TokenResult {
	return payment.TokenResult{State: r.state(), Reason: r.reason, Code: r.code, Text: r.text}
}

// BeginToken makes a customer of the vendor's, to whom the card will belong, and has a
// checkout opened on which it is left.
func (a *account) BeginToken(ctx context.Context, r payment.Registration) payment.TokenResult {
	switch {
	case !payment.ValidOrderID(r.ID) || r.Customer == "" || len(r.Customer) > maxCustomer:
		return wrongToken("a card is left under an id of 6 to 64 letters, digits, _ or -, by a customer of 1 to 300 characters")
	case len(r.Key) == 0 || len(r.Key) > maxKey:
		return wrongToken("the idempotency key must have 1 to 246 characters")
	}
	yes, no, err := waysBack(r.ReturnURL, url.Values{backCard: {r.ID}})
	if err != nil {
		return wrongToken(err.Error())
	}
	customer, not := a.customer(ctx, r)
	if not != nil {
		return not.tokenResult()
	}
	s, not := opened(a.post(ctx, "/v1/checkout/sessions", r.Key+opens, form{
		"mode": "setup", "payment_method_types[0]": "card", "locale": "ko", "customer": customer, "client_reference_id": r.ID,
		"metadata[" + leftTag + "]": r.ID, "metadata[" + customerTag + "]": r.Customer, "success_url": yes, "cancel_url": no,
	}))
	switch {
	case not != nil:
		return not.tokenResult()
	case !s.takes(r):
		u := unread("the reply is about another card")
		return u.tokenResult()
	case s.Status != sessionOpen:
		return payment.TokenResult{State: payment.Declined, Reason: payment.PayerLeft, Code: s.Status, Text: "the checkout is over"}
	}
	return payment.TokenResult{State: payment.Open, Checkout: a.page(s)}
}

// customer makes a customer of the vendor's.
func (a *account) customer(ctx context.Context, r payment.Registration) (string, *refusal) {
	reply := a.post(ctx, "/v1/customers", r.Key+creates, form{"email": r.Payer.Email, "name": r.Payer.Name, "metadata[" + customerTag + "]": r.Customer})
	if reply.Err != nil || reply.Status != http.StatusOK {
		not := refused(reply)
		return "", &not
	}
	var b struct {
		ID string `json:"id"`
	}
	if err := upstream.Lenient(json.Unmarshal(reply.Body, &b)); err != nil || !ofKind(b.ID, customerID) {
		not := unread("the reply names no customer")
		return "", &not
	}
	return b.ID, nil
}

// takes says whether the checkout is for this card.
func (s *wireSession) takes(r payment.Registration) bool {
	return s.Mode == "setup" && s.Tags[leftTag] == r.ID && s.Tags[customerTag] == r.Customer
}

// FinishToken asks for the card that was left.
func (a *account) FinishToken(ctx context.Context, r payment.Registration, back url.Values) payment.TokenResult {
	id := back.Get(backSession)
	switch {
	case r.ID == "" || back.Get(backCard) != r.ID:
		return wrongToken("the return address is of another card")
	case back.Has(backLeft) && id == "":
		return payment.TokenResult{State: payment.Declined, Reason: payment.PayerLeft, Code: backLeft, Text: "the payer left the checkout"}
	case !ofKind(id, sessionID):
		return wrongToken("the return address names no checkout")
	}
	s, not := a.session(ctx, id, "setup_intent.payment_method")
	switch {
	case not != nil:
		return not.tokenResult()
	case !s.takes(r):
		return wrongToken("the checkout is of another card or customer")
	}
	return s.token()
}

// token is the card that was left on a checkout.
func (s *wireSession) token() payment.TokenResult {
	if s.Status != sessionComplete {
		return payment.TokenResult{State: payment.Declined, Reason: payment.PayerLeft, Code: s.Status, Text: "no card was left on the checkout"}
	}
	if t := s.Setup; t != nil && t.Failure != nil {
		return payment.TokenResult{State: payment.Declined, Reason: t.Failure.declined().reason, Code: t.Failure.code()}
	}
	if t := s.Setup; t == nil || t.Status != statusSucceeded || t.Method == nil || !validRef(t.Method.ID) || !ofKind(s.Customer, customerID) {
		return payment.TokenResult{Reason: payment.GatewayFailure, Text: "the reply names no card of a customer"}
	}
	m := s.Setup.Method
	return payment.TokenResult{State: payment.Paid, Token: payment.Token{Customer: s.Customer, Secret: m.ID, Label: m.Card.label()}}
}

// RemoveToken takes a card from its customer, after which it cannot be charged. When that is
// refused the card is asked for: one that belongs to nobody is gone.
func (a *account) RemoveToken(ctx context.Context, t payment.Token) error {
	if !validRef(t.Secret) {
		return errors.New("remove stored card: it is not one of this gateway")
	}
	path := "/v1/payment_methods/" + url.PathEscape(t.Secret)
	reply := a.post(ctx, path+"/detach", "", nil)
	switch {
	case reply.Err != nil:
		return fmt.Errorf("remove stored card: %w", reply.Err)
	case reply.Status == http.StatusOK && removed(reply.Body):
		return nil
	case reply.Status == http.StatusOK:
		return errors.New("remove stored card: the reply does not say that it is gone")
	}
	r := refused(reply)
	if r.missing {
		return nil
	}
	if reply.Status == http.StatusBadRequest {
		if now := a.get(ctx, path, nil); now.Err == nil && now.Status == http.StatusOK && removed(now.Body) {
			return nil
		}
	}
	return fmt.Errorf("remove stored card: the gateway answered %s %s", r.code, r.text)
}

// removed reads whether a card belongs to nobody.
func removed(body []byte) bool {
	var b struct {
		Object   string          `json:"object"`
		Customer json.RawMessage `json:"customer"`
	}
	return json.Unmarshal(body, &b) == nil && b.Object == "payment_method" && string(b.Customer) == "null"
}
