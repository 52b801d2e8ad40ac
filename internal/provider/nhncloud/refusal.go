package nhncloud

import (
	"net/http"
	"strconv"

	"creditmsg/internal/provider"
	"creditmsg/internal/upstream"
)

// allRefused says that the call was carried out and none of its recipients taken.
const allRefused = -1031

// fileExpired says of a text that a picture of it is not there any more. Of an Alimtalk the
// number means that a field is wrong.
const fileExpired = -2004

// decides reports whether the header of a reply says what became of the request: always of
// status 200, and of another that says that the request was at fault where the header says so
// too. What the account may do and how fast is the status's own to say; after 408 the vendor
// may still be at work.
func (e *envelope) decides(status int) bool {
	switch {
	case e.Header.Code == nil:
		return false
	case status == http.StatusOK:
		return true
	case status < 400 || status >= 500, status == http.StatusUnauthorized, status == http.StatusForbidden,
		status == http.StatusRequestTimeout, status == http.StatusTooManyRequests:
		return false
	}
	return *e.Header.Code != 0
}

// refused judges a reply whose header says that the call was not taken.
func refused(first *provider.Leg, code int, text string, reply upstream.Reply) provider.Result {
	result := provider.Result{Outcome: provider.Refused, Reason: apiReason(first.Channel, code), Code: strconv.Itoa(code), Text: upstream.Words(text),
		RetryAfter: upstream.RetryAfter(reply.Header)}
	switch {
	case code == -9999, code == -7000, code == -1005:
		// The vendor failed while it took the call, or has one of this key already.
		return provider.Result{Outcome: provider.Unknown, Code: result.Code, Text: result.Text}
	case code == -2021:
		result.Outcome = provider.NotSent
	case code == fileExpired && first.Channel == provider.MMS && len(first.Pictures) > 0:
		result.Outcome, result.Reason, result.Gone = provider.NotSent, "", provider.UpstreamIDs(first)
	}
	return result
}

// strange judges a reply whose header decides nothing: only some statuses say for certain that
// whoever answers has not carried the request out.
func strange(reply upstream.Reply) provider.Result {
	result := provider.Result{Outcome: provider.Unknown, Code: "HTTP " + strconv.Itoa(reply.Status), Text: "send call: the reply cannot be read"}
	switch reply.Status {
	case http.StatusUnauthorized, http.StatusForbidden:
		result.Outcome, result.Reason = provider.Refused, provider.AuthFailed
	case http.StatusTooManyRequests:
		result.Outcome, result.Reason = provider.Refused, provider.ProviderRateLimited
		result.RetryAfter = upstream.RetryAfter(reply.Header)
	}
	return result
}

// apiReason is why a request, or a recipient of it, was refused. The two products give
// some numbers different meanings.
func apiReason(c provider.Channel, code int) provider.Reason {
	table := textRefusals
	if c == provider.Alimtalk {
		table = alimtalkRefusals
	}
	if reason, ok := table[code]; ok {
		return reason
	}
	return provider.UnrecognisedCode
}

// textRefusals are the result codes of SMS v3.0 for requests and recipients.
var textRefusals = map[int]provider.Reason{
	4:     provider.ContentMissing,
	-1000: provider.AuthFailed, -1001: provider.AuthFailed, -1002: provider.AuthFailed, -1003: provider.AuthFailed,
	-1004: provider.AuthFailed, -1007: provider.AuthFailed, -1008: provider.AuthFailed,
	-2000: provider.ContentMissing, -2001: provider.ContentMissing,
	-2002: provider.AttachmentError, -2003: provider.AttachmentError, -2004: provider.AttachmentError,
	-2005: provider.AttachmentError, -2009: provider.AttachmentError, -2010: provider.AttachmentError,
	-2006: provider.TemplateMismatch, -2014: provider.ContentMissing, -2015: provider.ContentTooLong, -2016: provider.ContentMissing,
	-2018: provider.InvalidNumber, -2019: provider.InvalidNumber, -2021: provider.ProviderInternal, -2022: provider.ContentMissing,
	-2023: provider.ContentCharacters, -2024: provider.ForeignNotAllowed, -2044: provider.ForeignNotAllowed,
	-2045: provider.ForeignNotAllowed, -2046: provider.ForeignNotAllowed, -2047: provider.ProviderQuota,
	-2048: provider.ContentTooLong, -2052: provider.ProviderQuota, -2053: provider.ProviderQuota,
	-2312: provider.SenderNotRegistered, -2313: provider.SenderBlocked,
	-6000: provider.AdvertRule, -6001: provider.OptedOut, -6003: provider.AdvertRule, -6004: provider.AdvertRule,
	-8000: provider.AdvertRule, -9995: provider.ContentMissing, -9996: provider.ContentMissing, -9997: provider.ContentMissing,
	-9998: provider.ContentMissing, -9999: provider.ProviderInternal,
}

// alimtalkRefusals are those of KakaoTalk Bizmessage v2.3.
var alimtalkRefusals = map[int]provider.Reason{
	4:     provider.ContentMissing,
	-1000: provider.AuthFailed, -1001: provider.AuthFailed, -1003: provider.SenderNotRegistered, -1005: provider.Duplicate,
	-1006: provider.ChannelBlocked, -1016: provider.ChannelBlocked, -1024: provider.ChannelBlocked, -1027: provider.ChannelBlocked,
	-1028: provider.ContentTooLong, -1030: provider.AuthFailed, allRefused: provider.UnrecognisedCode,
	-2000: provider.ContentMissing, -2001: provider.ContentMissing, -2002: provider.ContentMissing, -2003: provider.ContentMissing,
	-2004: provider.ContentMissing, -2005: provider.ContentMissing, -2017: provider.ChannelBlocked, -2018: provider.TemplateMismatch,
	-2019: provider.ContentTooLong, -2025: provider.ContentMissing, -2032: provider.ContentTooLong, -2035: provider.ContentTooLong,
	-2037: provider.ContentTooLong, -2504: provider.TemplateMismatch, -2505: provider.TemplateMismatch,
	-3000: provider.TemplateMismatch, -3003: provider.TemplateNotFound, -3004: provider.TemplateMismatch, -3005: provider.TemplateNotApproved,
	-3006: provider.TemplateMismatch, -3007: provider.TemplateMismatch, -3010: provider.TemplateMismatch, -3011: provider.TemplateMismatch,
	-3033: provider.TemplateMismatch, -3042: provider.TemplateMismatch, -3043: provider.TemplateMismatch,
	-3046: provider.TemplateMismatch, -3048: provider.ContentTooLong, -3049: provider.TemplateMismatch,
	-4019: provider.InvalidNumber, -5000: provider.InvalidNumber, -7000: provider.ProviderInternal,
	-8006: provider.AdvertRule, -8008: provider.AdvertRule, -9996: provider.ContentMissing, -9997: provider.ContentMissing,
	-9998: provider.ContentMissing, -9999: provider.ProviderInternal,
}
