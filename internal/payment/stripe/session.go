package stripe

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"creditmsg/internal/payment"
	"creditmsg/internal/upstream"
)

// wireSession is what is read of a Checkout Session.
type wireSession struct {
	ID       string            `json:"id"`
	Mode     string            `json:"mode"`
	Status   string            `json:"status"`
	URL      string            `json:"url"`
	Currency string            `json:"currency"`
	Amount   json.Number       `json:"amount_total"`
	Customer string            `json:"customer"`
	Tags     map[string]string `json:"metadata"`
	Intent   *wireIntent       `json:"payment_intent"`
	Setup    *wireSetup        `json:"setup_intent"`
}

type wireSetup struct {
	Status string `json:"status"`
	Method *struct {
		ID   string   `json:"id"`
		Card wireCard `json:"card"`
	} `json:"payment_method"`
	Failure *wireError `json:"last_setup_error"`
}

// The vendor's words for where a checkout stands.
const (
	sessionOpen     = "open"
	sessionComplete = "complete"
	sessionExpired  = "expired"
)

// readSession reads a Checkout Session.
func readSession(body []byte) (*wireSession, error) {
	var s wireSession
	if err := upstream.Lenient(json.Unmarshal(body, &s)); err != nil {
		return nil, errors.New("the reply cannot be read")
	}
	if !ofKind(s.ID, sessionID) || s.Status != sessionOpen && s.Status != sessionComplete && s.Status != sessionExpired {
		return nil, errors.New("the reply names no checkout")
	}
	if s.Intent != nil && s.Intent.ID != "" {
		return &s, s.Intent.wrong()
	}
	s.Intent = nil
	return &s, nil
}

// session asks for a checkout; the refusal is nil when it is known.
func (a *account) session(ctx context.Context, id, expand string) (*wireSession, *refusal) {
	reply := a.get(ctx, "/v1/checkout/sessions/"+url.PathEscape(id), form{"expand[0]": expand})
	if reply.Err != nil || reply.Status != http.StatusOK {
		r := refused(reply)
		return nil, &r
	}
	s, err := readSession(reply.Body)
	if err == nil && s.ID != id {
		err = errors.New("the reply is about another checkout")
	}
	if err != nil {
		r := unread(err.Error())
		return nil, &r
	}
	return s, nil
}

// is says whether the checkout is for an order.
func (s *wireSession) is(o payment.Order) bool {
	return s.Mode == "payment" && s.Tags[orderTag] == o.ID && (s.Intent == nil || s.Intent.Tags[orderTag] == o.ID)
}

// result says what a checkout is that is for a payment.
func (s *wireSession) result() payment.Result {
	switch {
	case s.Intent != nil:
		return s.Intent.result(payment.Card)
	case s.Status == sessionOpen:
		total, _ := amount(s.Amount)
		return payment.Result{State: payment.Open, Ref: s.ID, Amount: total}
	case s.Status == sessionExpired:
		return payment.Result{State: payment.Declined, Ref: s.ID, Reason: payment.PayerLeft, Code: sessionExpired, Text: "nobody paid while the checkout was open"}
	}
	return payment.Result{Ref: s.ID, Reason: payment.GatewayFailure, Text: "the checkout is complete and names no payment"}
}

// opened reads the answer to a request that makes a checkout.
func opened(reply upstream.Reply) (*wireSession, *refusal) {
	if reply.Err != nil || reply.Status != http.StatusOK {
		r := refused(reply)
		return nil, &r
	}
	s, err := readSession(reply.Body)
	if err == nil && (s.Status == sessionOpen && !strings.HasPrefix(s.URL, "https://") && !strings.HasPrefix(s.URL, "http://")) {
		err = errors.New("the reply names no page")
	}
	if err != nil {
		r := unread(err.Error())
		return nil, &r
	}
	return s, nil
}

// page is where the payer's browser goes on.
func (a *account) page(s *wireSession) *payment.Checkout {
	if a.checkout != "" {
		return &payment.Checkout{URL: a.checkout + "?" + url.Values{"session": {s.ID}}.Encode()}
	}
	return &payment.Checkout{URL: s.URL}
}

// returns adds what is to come back with the payer to the address that he comes back to.
func returns(address string, pairs url.Values) (string, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return "", errors.New("the address to come back to cannot be read")
	}
	q := u.Query()
	for name, values := range pairs {
		q[name] = values
	}
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// The names of what comes back with the payer. The vendor puts the checkout's id in the place
// of thisSession, which must stand there as it is.
const (
	backSession  = "session_id"
	backOrder    = "order_id"
	backAmount   = "amount"
	backCard     = "registration_id"
	backLeft     = "left"
	thisSession  = "{CHECKOUT_SESSION_ID}"
	encodedBrace = "%7BCHECKOUT_SESSION_ID%7D"
)

// waysBack are the addresses after a yes and after a no.
func waysBack(address string, pairs url.Values) (yes, no string, err error) {
	pairs.Set(backSession, thisSession)
	if yes, err = returns(address, pairs); err != nil {
		return "", "", err
	}
	pairs.Del(backSession)
	pairs.Set(backLeft, "1")
	no, err = returns(address, pairs)
	return strings.ReplaceAll(yes, encodedBrace, thisSession), no, err
}
