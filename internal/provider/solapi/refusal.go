package solapi

import (
	"encoding/json"
	"net/http"
	"strconv"

	"creditmsg/internal/provider"
	"creditmsg/internal/upstream"
)

// refusal is an HTTP error of the vendor.
type refusal struct {
	status int
	code   string // errorCode; empty when the body is not the vendor's
	text   string
}

// refused reads the error of a whole reply whose status is not 200.
func refused(reply upstream.Reply) refusal {
	var body struct {
		Code string `json:"errorCode"`
		Text string `json:"errorMessage"`
	}
	if json.Unmarshal(reply.Body, &body) != nil {
		body.Code, body.Text = "", ""
	}
	return refusal{reply.Status, clip(body.Code, maxCode), upstream.Words(body.Text)}
}

// name is what is kept as the provider's own code.
func (r refusal) name() string {
	if r.code != "" {
		return r.code
	}
	return "HTTP " + strconv.Itoa(r.status)
}

// errorReasons are the documented errors that speak of the account or the call,
// not of the state of a group.
var errorReasons = map[string]provider.Reason{
	"InvalidAPIKey":         provider.AuthFailed,
	"InvalidApiKey":         provider.AuthFailed,
	"SignatureDoesNotMatch": provider.AuthFailed,
	"RequestTimeTooSkewed":  provider.AuthFailed,
	"Unauthorized":          provider.AuthFailed,
	"Forbidden":             provider.AuthFailed,
	"InvalidAppId":          provider.AuthFailed,
	"BlockedApp":            provider.AuthFailed,
	"InDevelopment":         provider.AuthFailed,
	"InactiveApp":           provider.AuthFailed,
	"InvalidAccountId":      provider.AuthFailed,
	"NotEnoughBalance":      provider.ProviderBalance,
	"BalanceInsufficient":   provider.ProviderBalance,
	"RecipientsTooMany":     provider.ProviderQuota,
	"ValidationError":       provider.ContentMissing,
}

// statusReasons are the statuses that say enough by themselves: whoever answers so,
// be it a gateway in front of the vendor, has not carried the request out.
var statusReasons = map[int]provider.Reason{
	http.StatusUnauthorized:          provider.AuthFailed,
	http.StatusPaymentRequired:       provider.ProviderBalance,
	http.StatusForbidden:             provider.AuthFailed,
	http.StatusRequestEntityTooLarge: provider.ProviderQuota,
	http.StatusTooManyRequests:       provider.ProviderRateLimited,
}

// codeRepeated refuses a signature that was seen before. Each request of ours has a salt of its
// own, so this is the answer to a copy of one, which somebody on the way made: the first was let
// in, and what became of it is not said.
const codeRepeated = "DuplicatedSignature"

func (r refusal) repeated() bool { return r.code == codeRepeated }

// reason says why the vendor does not take a call; documented is false for an
// answer that its documents do not name.
func (r refusal) reason() (reason provider.Reason, documented bool) {
	if r.repeated() {
		return provider.UnrecognisedCode, false // whatever its status says of credentials
	}
	if reason, ok := errorReasons[r.code]; ok {
		return reason, true
	}
	if reason, ok := statusReasons[r.status]; ok {
		return reason, true
	}
	return provider.UnrecognisedCode, false
}

// before judges an error of a request that hands nothing over yet.
func (r refusal) before() (provider.Outcome, provider.Reason) {
	reason, documented := r.reason()
	switch {
	case documented:
		return provider.Refused, reason
	case r.status == http.StatusConflict:
		// Somebody else sent this group or is about to: what is in it may go out.
		return provider.Unknown, ""
	case r.repeated(): // at most there is a group that nobody sends
		return provider.NotSent, provider.ProviderInternal
	case r.groupState(), r.status < 400, r.status >= 500, r.status == http.StatusRequestTimeout:
		return provider.NotSent, provider.ProviderInternal
	default:
		return provider.Refused, provider.UnrecognisedCode
	}
}

// sending judges an error of the request that sends the group.
func (r refusal) sending() (provider.Outcome, provider.Reason) {
	if r.status < 400 || r.status >= 500 {
		return provider.Unknown, ""
	}
	switch r.code {
	case "AlreadySent", "GroupInProcessing":
		return provider.Accepted, "" // it has been taken: this was its only such request
	case "DeletedGroup", "ResourceNotFound":
		return provider.NotSent, provider.ProviderInternal // there is nothing to send
	}
	if reason, documented := r.reason(); documented {
		return provider.Refused, reason
	}
	return provider.Unknown, ""
}

// groupState reports whether the error is about this one group, which a new one
// does not share.
func (r refusal) groupState() bool {
	switch r.code {
	case "ResourceNotFound", "DeletedGroup", "FailedGroup", "InvalidStatus", "InvalidGroupStatus", "NotOperationalStatus":
		return true
	}
	return false
}
