package toss

import (
	"encoding/json"
	"net/http"
	"strconv"

	"creditmsg/internal/payment"
	"creditmsg/internal/upstream"
)

// class is what a code means for a request that moves money.
type class uint8

const (
	unknownClass  class = iota // also of every code that is not in the list
	declines                   // the payer's means were refused
	ours                       // we asked wrongly
	notFound                   // there is nothing to do it to
	busy                       // nothing was looked at
	doneAlready                // of cancellations
	laterPerhaps               // of cancellations
	neverPossible              // of cancellations
)

// meaning is one row of the vendor's list.
type meaning struct {
	class  class
	reason payment.Reason
}

var meanings = map[string]meaning{
	"REJECT_CARD_PAYMENT":            {declines, payment.CardDeclined},
	"REJECT_CARD_COMPANY":            {declines, payment.CardDeclined},
	"REJECT_ACCOUNT_PAYMENT":         {declines, payment.CardDeclined},
	"EXCEED_MAX_DAILY_PAYMENT_COUNT": {declines, payment.CardDeclined},
	"EXCEED_MAX_PAYMENT_AMOUNT":      {declines, payment.CardDeclined},
	"EXCEED_MAX_ONE_DAY_AMOUNT":      {declines, payment.CardDeclined},
	"EXCEED_MAX_AMOUNT":              {declines, payment.CardDeclined},
	"FDS_ERROR":                      {declines, payment.CardDeclined},

	"INVALID_CARD_EXPIRATION":     {declines, payment.CardDead},
	"INVALID_STOPPED_CARD":        {declines, payment.CardDead},
	"INVALID_CARD_LOST_OR_STOLEN": {declines, payment.CardDead},
	"INVALID_REJECT_CARD":         {declines, payment.CardDead},
	"INVALID_CARD_NUMBER":         {declines, payment.CardDead},
	"INVALID_BILL_KEY_REQUEST":    {declines, payment.CardDead},
	"NOT_FOUND_BILLING":           {declines, payment.CardDead},
	"ALREADY_REMOVED_BILLING_KEY": {declines, payment.CardDead},
	"NOT_SUPPORTED_CARD_TYPE":     {declines, payment.CardDead},
	"NOT_MATCHES_CUSTOMER_KEY":    {declines, payment.CardDead},

	"UNAUTHORIZED_KEY":            {ours, payment.BadCredentials},
	"INVALID_API_KEY":             {ours, payment.BadCredentials},
	"INCORRECT_BASIC_AUTH_FORMAT": {ours, payment.BadCredentials},
	"FORBIDDEN_REQUEST":           {ours, payment.BadCredentials},
	"INVALID_AUTHORIZE_AUTH":      {ours, payment.BadCredentials},
	"INVALID_REQUEST":             {ours, payment.BadRequest},
	"INVALID_IDEMPOTENCY_KEY":     {ours, payment.BadRequest},
	"BELOW_MINIMUM_AMOUNT":        {ours, payment.AmountTooSmall},

	"ALREADY_CANCELED_PAYMENT": {doneAlready, payment.NotCancellable},
	"NOT_CANCELABLE_AMOUNT":    {doneAlready, payment.NotCancellable},
	"ALREADY_REFUND_PAYMENT":   {doneAlready, payment.NotCancellable},

	"FORBIDDEN_CONSECUTIVE_REQUEST": {laterPerhaps, payment.GatewayBusy},
	"FAILED_REFUND_PROCESS":         {laterPerhaps, payment.GatewayFailure},
	"FAILED_PARTIAL_REFUND":         {laterPerhaps, payment.GatewayFailure},
	"FAILED_METHOD_HANDLING_CANCEL": {laterPerhaps, payment.GatewayFailure},

	"NOT_CANCELABLE_PAYMENT":                     {neverPossible, payment.NotCancellable},
	"NOT_ALLOWED_PARTIAL_REFUND":                 {neverPossible, payment.NotCancellable},
	"NOT_ALLOWED_PARTIAL_REFUND_WAITING_DEPOSIT": {neverPossible, payment.NotCancellable},
	"EXCEED_MAX_REFUND_DUE":                      {neverPossible, payment.NotCancellable},
	"REFUND_REJECTED":                            {neverPossible, payment.NotCancellable},
	"NOT_MATCHES_REFUNDABLE_AMOUNT":              {neverPossible, payment.NotCancellable},
	"INVALID_REFUND_ACCOUNT_INFO":                {neverPossible, payment.BadBankAccount},
	"INVALID_REFUND_ACCOUNT_NUMBER":              {neverPossible, payment.BadBankAccount},
	"INVALID_BANK":                               {neverPossible, payment.BadBankAccount},

	"NOT_FOUND_PAYMENT":         {notFound, payment.PayerLeft},
	"NOT_FOUND_PAYMENT_SESSION": {notFound, payment.PayerLeft},
	"TOO_MANY_REQUESTS":         {busy, payment.GatewayBusy},
}

// refusal is an answer of the vendor that is no success.
type refusal struct {
	meaning
	code, text string
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
		Code string `json:"code"`
		Text string `json:"message"`
	}
	if json.Unmarshal(reply.Body, &body) != nil {
		body.Code, body.Text = "", ""
	}
	r.code, r.text = upstream.Code(body.Code), traced(body.Text, reply.Header)
	if r.code == "" {
		r.code = "HTTP " + strconv.Itoa(reply.Status)
	}
	m, listed := meanings[body.Code]
	switch {
	case reply.Status == http.StatusTooManyRequests:
		r.meaning = meanings["TOO_MANY_REQUESTS"]
	case reply.Status >= 500 || reply.Status < 400: // whatever is said, it broke inside, or is not the vendor's
	case listed:
		r.meaning = m
	}
	return r
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
	case r.class == declines, r.class == notFound:
		return payment.Declined
	case r.class == ours, r.class == busy:
		return payment.Failed
	}
	return payment.Unknown
}

// traced adds the vendor's id of the request, which its support asks for.
func traced(text string, h http.Header) string {
	text = upstream.Words(text)
	if trace := upstream.Code(h.Get("X-TossPayments-Trace-Id")); trace != "" {
		text += " (trace " + trace + ")"
	}
	return text
}
