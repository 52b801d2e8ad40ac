package simulator

import (
	"net/http"
	"strings"
)

// stripeBody is Stripe's body of an error.
type stripeBody struct {
	Error stripeError `json:"error"`
}

type stripeError struct {
	Type    string `json:"type"`
	Code    string `json:"code,omitempty"`
	Decline string `json:"decline_code,omitempty"`
	Message string `json:"message"`
	Param   string `json:"param,omitempty"`
	Intent  object `json:"payment_intent,omitempty"`
}

// Stripe's kinds of error.
const (
	invalidRequest = "invalid_request_error"
	idempotency    = "idempotency_error"
	cardError      = "card_error"
	apiError       = "api_error"
)

// stripeSays is an error that was found before anything was carried out, which Stripe does
// not keep with the idempotency key.
func stripeSays(status int, e stripeError) answer {
	return answer{status: status, body: stripeBody{e}, forget: true}
}

// kept is an answer that the same key gets again.
func kept(a answer) answer {
	a.forget = false
	return a
}

// unfit refuses a parameter.
func unfit(param, message string) answer {
	return stripeSays(http.StatusBadRequest, stripeError{Type: invalidRequest, Param: param, Message: message})
}

// missing says that there is no such object.
func missing(param, id string) answer {
	return stripeSays(http.StatusNotFound, stripeError{Type: invalidRequest, Code: "resource_missing", Param: param, Message: "No such " + strings.ReplaceAll(param, "_", " ") + ": '" + id + "'"})
}

// coded refuses with one of Stripe's codes for requests that do not fit what is there.
func coded(code string) answer {
	status := http.StatusBadRequest
	if code == "lock_timeout" {
		status = http.StatusTooManyRequests
	}
	return stripeSays(status, stripeError{Type: invalidRequest, Code: code, Message: orElse(stripeTexts[code], code)})
}

// stripeTexts are codes of requests that do not fit, with words of ours. Every other code with
// which the table or a scenario refuses is a decline_code.
var stripeTexts = map[string]string{
	"amount_too_small":                "The amount is below the least that is charged.",
	"charge_already_refunded":         "The charge has already been refunded.",
	"charge_disputed":                 "The charge has been charged back and cannot be refunded.",
	"charge_not_refundable":           "The charge can no longer be refunded.",
	"lock_timeout":                    "Another request is at this object right now. Please try again.",
	"payment_intent_unexpected_state": "The status of the PaymentIntent does not allow this.",
}

// stripeWords are Stripe's words for those of Toss with which cancellations are refused.
var stripeWords = map[string]string{
	"NOT_CANCELABLE_PAYMENT": "charge_disputed", "EXCEED_MAX_REFUND_DUE": "charge_not_refundable", "FORBIDDEN_CONSECUTIVE_REQUEST": "lock_timeout",
}

// inStripeWords says a code of the table as Stripe does; another one is taken as it is.
func inStripeWords(code string) string {
	if word := stripeWords[code]; word != "" {
		return word
	}
	for _, r := range rows {
		if r.refuse == code && code != "" {
			return r.stripe
		}
	}
	return code
}

// stripeRefuses is the answer with a code of the table or of the scenario.
func stripeRefuses(code string) answer {
	code = inStripeWords(code)
	if _, ok := stripeTexts[code]; ok {
		return coded(code)
	}
	e := stripeError{Type: cardError, Code: "card_declined", Decline: code, Message: "Your card was declined."}
	if code == "expired_card" || code == "authentication_required" {
		e.Code = code
	}
	return answer{status: http.StatusPaymentRequired, body: stripeBody{e}}
}

var stripeDialect = &dialect{
	refuse:     stripeRefuses,
	busy:       tooFast(stripeSays(http.StatusTooManyRequests, stripeError{Type: invalidRequest, Code: "rate_limit", Message: "Too many requests in a period of time."})),
	broken:     kept(stripeSays(http.StatusInternalServerError, stripeError{Type: apiError, Message: "An unknown error occurred."})),
	processing: stripeSays(http.StatusConflict, stripeError{Type: idempotency, Code: "idempotency_key_in_use", Message: "There is another request in progress with this idempotency key."}),
	strange:    kept(stripeSays(http.StatusFailedDependency, stripeError{Type: apiError, Message: "Something that the request depends on failed."})),
	keepsError: true,
	marks:      true,
}

var stripeKeys = &keyRules{
	most: stripeKeyMost, lasts: stripeKeyLasts, sameFor: true, wide: true,
	tooLong: stripeSays(http.StatusBadRequest, stripeError{Type: invalidRequest, Message: "The idempotency key is longer than 255 characters."}),
	another: stripeSays(http.StatusBadRequest, stripeError{Type: idempotency, Message: "Keys for idempotent requests can only be used with the parameters they were first used with."}),
}
