package sendgo

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"creditmsg/internal/provider"
	"creditmsg/internal/upstream"
)

// refusal is an HTTP error of the vendor.
type refusal struct {
	status int
	code   string // empty when the body is not the vendor's
	text   string
}

func said(reply upstream.Reply) refusal {
	var body struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	if upstream.Lenient(json.Unmarshal(reply.Body, &body)) != nil {
		body.Code, body.Message = "", ""
	}
	return refusal{reply.Status, upstream.Code(body.Code), upstream.Words(body.Message)}
}

// name is what is kept as the vendor's own code.
func (r refusal) name() string { return cmp.Or(r.code, "HTTP "+strconv.Itoa(r.status)) }

// ofToken reports whether the vendor refused a token that it gave, as it does when another
// process has got a newer one. Nothing was carried out then.
func (r refusal) ofToken() bool {
	return r.status == http.StatusUnauthorized &&
		(strings.HasPrefix(r.code, "TOKEN_") || strings.HasPrefix(r.code, "INVALID_BEARER_"))
}

// final are the codes of 401 and 403 that a new token does not help.
var final = map[string]bool{
	"INVALID_AUTH_HEADER": true, "INVALID_BASIC_AUTH": true, "INVALID_BASIC_AUTH_PAYLOAD": true, "INVALID_ACCESS_KEY": true,
	"INVALID_SECRET_KEY": true, "ACCESS_KEY_NOT_APPROVED": true, "TEAM_REQUIRED_FOR_KAKAO": true, "IP_NOT_ALLOWED": true,
	"INVALID_SENDER_KEY": true, "INVALID_KAKAO_SENDER_KEY": true, "SENDER_APPLICATION_MISMATCH": true, "KAKAO_SENDER_APPLICATION_MISMATCH": true,
}

// codeReasons are the documented codes.
var codeReasons = map[string]provider.Reason{
	"PAYMENT_REQUIRED":   provider.ProviderBalance,
	"INVALID_SENDER_KEY": provider.SenderNotRegistered, "SENDER_OWNER_NOT_FOUND": provider.SenderNotRegistered, "SENDER_APPLICATION_MISMATCH": provider.SenderNotRegistered,
	"INVALID_KAKAO_SENDER_KEY": provider.ChannelBlocked, "KAKAO_SENDER_OWNER_NOT_FOUND": provider.ChannelBlocked, "NOT_FOUND_KAKAO_SENDER": provider.ChannelBlocked,
	"KAKAO_SENDER_APPLICATION_MISMATCH": provider.ChannelBlocked,
	"INVALID_TEMPLATE_CODE":             provider.TemplateNotFound, "NOTICE_PROCESSING_FAILED": provider.TemplateMismatch, "KAKAO_API_ERROR": provider.ProviderInternal,
	"EMPTY_CONTACTS": provider.ContentMissing, "VALIDATION_FAILED": provider.ContentMissing,
	"MESSAGE_PROCESSING_FAILED": provider.ProviderInternal, "GLOBAL_MESSAGE_PROCESSING_FAILED": provider.ForeignNotAllowed,
}

// statusReasons are the statuses that say enough by themselves.
var statusReasons = map[int]provider.Reason{
	http.StatusUnauthorized: provider.AuthFailed, http.StatusPaymentRequired: provider.ProviderBalance, http.StatusForbidden: provider.AuthFailed,
	http.StatusTooManyRequests: provider.ProviderRateLimited, http.StatusRequestEntityTooLarge: provider.ProviderQuota,
}

// reason says why the vendor does not carry a request out; certain is false for an answer
// that its documents do not name.
func (r refusal) reason() (reason provider.Reason, certain bool) {
	if r.status < 400 || r.status >= 500 {
		return "", false
	}
	if reason, ok := codeReasons[r.code]; ok {
		return reason, true
	}
	if strings.HasPrefix(r.code, "POLICY_") {
		return provider.AdvertRule, true
	}
	if reason, ok := statusReasons[r.status]; ok {
		return reason, true
	}
	return provider.UnrecognisedCode, r.code != ""
}

// refused judges a reply to the request that hands over whose status is not 200.
func refused(reply upstream.Reply) provider.Result {
	r := said(reply)
	result := provider.Result{Outcome: provider.Unknown, Code: r.name(), Text: r.text}
	if reason, certain := r.reason(); certain {
		result.Outcome, result.Reason, result.RetryAfter = provider.Refused, reason, upstream.RetryAfter(reply.Header)
	}
	return result
}

// aboutFiles tells a call that was refused for its pictures from one refused for something else.
func aboutFiles(r provider.Result, c provider.Channel) provider.Result {
	if c == provider.MMS && r.Reason == provider.ContentMissing && strings.Contains(strings.ToLower(r.Text), "file") {
		r.Reason = provider.AttachmentError
	}
	return r
}

// before judges the reply of a request that hands nothing over: nil when it was carried out.
func before(ctx context.Context, act string, reply upstream.Reply) *provider.Result {
	if reply.Err != nil {
		result := provider.Unsent(ctx, act, reply.Err)
		return &result
	}
	if reply.Status == http.StatusOK || reply.Status == http.StatusCreated {
		return nil
	}
	r := said(reply)
	result := provider.Result{Outcome: provider.NotSent, Reason: provider.ProviderInternal, Code: r.name(), Text: r.text}
	if reason, certain := r.reason(); certain {
		result.Outcome, result.Reason, result.RetryAfter = provider.Refused, reason, upstream.RetryAfter(reply.Header)
	}
	return &result
}
