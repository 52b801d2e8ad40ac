package sens

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strconv"

	"creditmsg/internal/provider"
	"creditmsg/internal/upstream"
)

// statuses are those that say for certain that nothing was taken.
var statuses = map[int]provider.Reason{
	http.StatusBadRequest:            provider.ContentMissing,
	http.StatusUnauthorized:          provider.AuthFailed,
	http.StatusForbidden:             provider.AuthFailed,
	http.StatusNotFound:              provider.AuthFailed, // no service of this id
	http.StatusRequestEntityTooLarge: provider.ProviderQuota,
	http.StatusTooManyRequests:       provider.ProviderRateLimited,
}

// refused judges a reply to a hand-over whose status is neither 202 nor 200.
func refused(reply upstream.Reply) provider.Result {
	code, text, vendors := said(reply)
	result := provider.Result{Outcome: provider.Unknown, Code: code, Text: text}
	reason, certain := statuses[reply.Status]
	// A 400 or 404 may come from a stranger in between; who is not let in is told by anybody.
	if certain && (vendors || reply.Status != http.StatusBadRequest && reply.Status != http.StatusNotFound) {
		result.Outcome, result.Reason, result.RetryAfter = provider.Refused, reason, upstream.RetryAfter(reply.Header)
	}
	return result
}

// said reads an error in either of the vendor's forms; vendors is false for neither.
func said(reply upstream.Reply) (code, text string, vendors bool) {
	var body struct {
		Gateway struct {
			Code    upstreamText `json:"errorCode"`
			Message string       `json:"message"`
		} `json:"error"`
		Status  upstreamText `json:"status"`
		Code    upstreamText `json:"statusCode"`
		Message string       `json:"message"`
		Errors  []string     `json:"errors"`
	}
	if upstream.Lenient(json.Unmarshal(reply.Body, &body)) != nil {
		return "HTTP " + strconv.Itoa(reply.Status), "the reply cannot be read", false
	}
	code = upstream.Code(string(cmp.Or(body.Gateway.Code, body.Code, body.Status)))
	text = cmp.Or(body.Gateway.Message, body.Message)
	if text == "" && len(body.Errors) > 0 {
		text = body.Errors[0]
	}
	return cmp.Or(code, "HTTP "+strconv.Itoa(reply.Status)), upstream.Words(text), code != "" || text != ""
}
