package stripe

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"creditmsg/internal/payment"
	"creditmsg/internal/upstream"
)

// class is what an error means for a request that moves money.
type class uint8

const (
	unknownClass  class = iota // also of everything that is not certain
	declines                   // the payer's means were refused
	ours                       // we asked wrongly, and nothing was carried out
	busy                       // nothing was looked at
	doneAlready                // of refunds
	neverPossible              // of refunds
)

// meaning is one row of the vendor's lists.
type meaning struct {
	class  class
	reason payment.Reason
}

// codes are those of requests that do not fit. Every other code of such a request means that
// it was not understood.
var codes = map[string]meaning{
	"amount_too_small":                           {ours, payment.AmountTooSmall},
	"charge_already_refunded":                    {doneAlready, payment.NotCancellable},
	"charge_disputed":                            {neverPossible, payment.NotCancellable},
	"charge_not_refundable":                      {neverPossible, payment.NotCancellable},
	"refund_disputed_payment":                    {neverPossible, payment.NotCancellable},
	"charge_expired_for_capture":                 {declines, payment.PayerLeft},
	"capture_charge_authorization_expired":       {declines, payment.PayerLeft},
	"charge_already_captured":                    {unknownClass, payment.GatewayFailure},
	"payment_intent_unexpected_state":            {unknownClass, payment.GatewayFailure},
	"payment_intent_incompatible_payment_method": {declines, payment.CardDead},
	"payment_intent_authentication_failure":      {declines, payment.NeedsPayer},
	"api_key_expired":                            {ours, payment.BadCredentials},
	"secret_key_required":                        {ours, payment.BadCredentials},
	"balance_insufficient":                       {busy, payment.GatewayFailure},
	"insufficient_funds":                         {busy, payment.GatewayFailure},
	"idempotency_key_in_use":                     {unknownClass, payment.GatewayFailure},
	"lock_timeout":                               {busy, payment.GatewayBusy},
	"rate_limit":                                 {busy, payment.GatewayBusy},
}

// dead are the decline codes of cards that will not go again; the payer's are those in which
// the issuer wants to ask him. All others may go later.
var dead = map[string]payment.Reason{
	"authentication_required": payment.NeedsPayer, "authentication_not_handled": payment.NeedsPayer, "mobile_device_authentication_required": payment.NeedsPayer,
	"online_or_offline_pin_required": payment.NeedsPayer, "offline_pin_required": payment.NeedsPayer,
	"expired_card": payment.CardDead, "lost_card": payment.CardDead, "stolen_card": payment.CardDead, "pickup_card": payment.CardDead,
	"card_not_supported": payment.CardDead, "currency_not_supported": payment.CardDead, "invalid_account": payment.CardDead,
	"incorrect_number": payment.CardDead, "invalid_number": payment.CardDead, "invalid_expiry_month": payment.CardDead, "invalid_expiry_year": payment.CardDead,
	"new_account_information_available": payment.CardDead, "restricted_card": payment.CardDead, "revocation_of_all_authorizations": payment.CardDead,
	"revocation_of_authorization": payment.CardDead, "stop_payment_order": payment.CardDead, "testmode_decline": payment.CardDead,
}

// wireError is the vendor's error object.
type wireError struct {
	Type    string `json:"type"`
	Code    string `json:"code"`
	Decline string `json:"decline_code"`
	Text    string `json:"message"`
	Param   string `json:"param"`
	Intent  *struct {
		ID     string `json:"id"`
		Status string `json:"status"`
	} `json:"payment_intent"`
}

// declined is the meaning of a refused card.
func (e *wireError) declined() meaning {
	for _, code := range []string{e.Decline, e.Code} {
		if reason, listed := dead[code]; listed {
			return meaning{declines, reason}
		}
	}
	return meaning{declines, payment.CardDeclined}
}

// code is the most exact one.
func (e *wireError) code() string {
	for _, code := range []string{e.Decline, e.Code, e.Type} {
		if code != "" {
			return upstream.Code(code)
		}
	}
	return ""
}

// refusal is an answer of the vendor that is no success.
type refusal struct {
	meaning
	code, text string
	ref        string // the payment that it is about
	param      string // what of the request does not fit
	wait       time.Duration
	missing    bool   // there is no such object
	err        string // why there is no answer; "" = there is one
	left       bool   // it may have been carried out
}

// refused reads why a request did not succeed.
func refused(reply upstream.Reply) refusal {
	r := refusal{meaning: meaning{unknownClass, payment.GatewayFailure}, left: reply.Left}
	if reply.Err != nil {
		r.err = reply.Err.Error()
		r.text = r.err
		return r
	}
	var body struct {
		Error wireError `json:"error"`
	}
	if upstream.Lenient(json.Unmarshal(reply.Body, &body)) != nil {
		body.Error = wireError{}
	}
	e := &body.Error
	r.code, r.text, r.wait = e.code(), traced(e.Text, reply.Header), upstream.RetryAfter(reply.Header)
	if r.code == "" {
		r.code = "HTTP " + strconv.Itoa(reply.Status)
	}
	if e.Intent != nil && ofKind(e.Intent.ID, intentID) {
		r.ref = e.Intent.ID
	}
	r.param = e.Param
	r.missing = reply.Status == http.StatusNotFound && e.Code == "resource_missing"
	r.meaning = e.meaning(reply.Status)
	return r
}

// meaning judges an error by its status first, since what broke inside is not certain whatever
// it says, and what says nothing is not the vendor's.
func (e *wireError) meaning(status int) meaning {
	unknown := meaning{unknownClass, payment.GatewayFailure}
	m, listed := codes[e.Code]
	switch {
	case status == http.StatusTooManyRequests:
		return meaning{busy, payment.GatewayBusy}
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		if e.Type == "" {
			return unknown
		}
		return meaning{ours, payment.BadCredentials}
	case e.Type == "card_error" && status == http.StatusPaymentRequired:
		if i := e.Intent; i != nil && i.Status != statusNoMethod && i.Status != statusCanceled {
			return unknown
		}
		return e.declined()
	case e.Type != "invalid_request_error" || status != http.StatusBadRequest && status != http.StatusNotFound:
		return unknown
	case e.Param == "payment_method" || e.Param == "customer":
		return meaning{declines, payment.CardDead}
	case listed:
		return m
	}
	return meaning{ours, payment.BadRequest}
}

// unread is a reply of success that cannot be understood.
func unread(what string) refusal {
	return refusal{meaning: meaning{unknownClass, payment.GatewayFailure}, text: what, left: true}
}

// state says what is known of a payment whose request ended so.
func (r *refusal) state() payment.State {
	switch {
	case r.err != "" && !r.left:
		return payment.Failed // nothing left this machine
	case r.class == declines:
		return payment.Declined
	case r.class == ours, r.class == busy:
		return payment.Failed
	}
	return payment.Unknown
}

// result is what is said of a payment whose request ended so.
func (r *refusal) result() payment.Result {
	return payment.Result{State: r.state(), Ref: r.ref, Reason: r.reason, Code: r.code, Text: r.text, RetryAfter: r.wait}
}

// traced adds the vendor's id of the request, which its support asks for.
func traced(text string, h http.Header) string {
	text = upstream.Words(text)
	if trace := upstream.Code(h.Get("Request-Id")); trace != "" {
		text += " (request " + trace + ")"
	}
	return text
}
