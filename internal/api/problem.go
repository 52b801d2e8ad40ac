package api

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"time"

	"creditmsg/internal/fault"
)

// statuses is the one place where a kind of fault becomes an HTTP status.
var statuses = map[fault.Kind]int{
	fault.Internal:        http.StatusInternalServerError,
	fault.Invalid:         http.StatusUnprocessableEntity,
	fault.NotFound:        http.StatusNotFound,
	fault.Conflict:        http.StatusConflict,
	fault.Denied:          http.StatusForbidden,
	fault.Unauthenticated: http.StatusUnauthorized,
	fault.NoCredit:        http.StatusPaymentRequired,
	fault.TooMany:         http.StatusTooManyRequests,
	fault.Upstream:        http.StatusBadGateway,
	fault.Unavailable:     http.StatusServiceUnavailable,
	fault.Malformed:       http.StatusBadRequest,
	fault.TooLarge:        http.StatusRequestEntityTooLarge,
	fault.Unsupported:     http.StatusUnsupportedMediaType,
	fault.Locked:          http.StatusLocked,
}

// apart are the codes that have a status of their own beside that of their kind.
var apart = []string{fault.CodeMethodNotAllowed, fault.CodePreconditionFailed, fault.CodeHeadTooLarge}

// code is one of the closed list: what a program decides by.
type code struct {
	Name   string
	Status int
	Title  string // the same for every occurrence
}

// codes is the closed list of the contract, by status.
var codes = []code{
	{fault.CodeMalformed, 400, "The request cannot be read"},
	{fault.CodeUnauthenticated, 401, "The token is missing or not valid"},
	{fault.CodeInsufficientCredit, 402, "Not enough credit"},
	{fault.CodeForbidden, 403, "The token does not allow this"},
	{fault.CodeNotFound, 404, "No such thing"},
	{fault.CodeMethodNotAllowed, 405, "No such method here"},
	{fault.CodeStateConflict, 409, "Not possible in the present state"},
	{fault.CodeIdempotencyInFlight, 409, "The first request with this key is not finished"},
	{fault.CodeRefundExceeds, 409, "More than can be refunded"},
	{fault.CodeCancelExceeds, 409, "More than can be cancelled"},
	{fault.CodeAlreadyExists, 409, "It exists already"},
	{fault.CodePreconditionFailed, 412, "Changed meanwhile"},
	{fault.CodeBodyTooLarge, 413, "The body is too large"},
	{fault.CodeTooManyRecipients, 413, "Too many recipients in one request"},
	{fault.CodeUnsupportedMedia, 415, "This media type is not read here"},
	{fault.CodeValidation, 422, "The request is not valid"},
	{fault.CodeNoRecipients, 422, "Nobody to send to"},
	{fault.CodeUnknownTemplate, 422, "No such template"},
	{fault.CodeTemplateNotApproved, 422, "The template is not approved"},
	{fault.CodeSenderNotRegistered, 422, "The sender number is not registered"},
	{fault.CodeSenderMissing, 422, "There is no sender number"},
	{fault.CodeIdempotencyMismatch, 422, "The key was used for another request"},
	{fault.CodeUnsupportedEncoding, 422, "The encoding is not supported"},
	{fault.CodeNoPhoneColumn, 422, "No column with numbers"},
	{fault.CodeChannelNotAvailable, 422, "No provider carries this channel"},
	{fault.CodeNotSupported, 422, "Not supported"},
	{fault.CodeSiteSuspended, 423, "The site is suspended"},
	{fault.CodeRateLimited, 429, "Too many requests"},
	{fault.CodeHeadTooLarge, 431, "The head of the request is too large"},
	{fault.CodeInternal, 500, "Something went wrong on our side"},
	{fault.CodeUpstream, 502, "A provider failed"},
	{fault.CodeUnavailable, 503, "Not available at the moment"},
}

func codeOf(name string) code {
	for _, c := range codes {
		if c.Name == name {
			return c
		}
	}
	return code{Name: name, Title: "Refused"}
}

// problem is a refusal as RFC 9457 writes it.
type problem struct {
	Type      string         `json:"type" doc:"Where the code is explained." example:"/docs#validation"`
	Title     string         `json:"title" doc:"The same for every problem of this code."`
	Status    int            `json:"status" doc:"The HTTP status."`
	Detail    string         `json:"detail" doc:"What was tried and what to do, for people."`
	Code      string         `json:"code" doc:"From a closed list; decide by it."`
	RequestID string         `json:"request_id" doc:"The X-Request-Id of this exchange."`
	Errors    []problemField `json:"errors,omitempty" doc:"What is wrong, and where."`

	extra  map[string]any // further members
	header http.Header
}

// problemField is one place of the request that is wrong.
type problemField struct {
	Pointer string `json:"pointer" doc:"A JSON pointer into the body, such as /recipients/3/to; /lines/17 in NDJSON; the name of a parameter, such as /limit." example:"/recipients/3/to"`
	Detail  string `json:"detail"`
	Code    string `json:"code"`
}

// problemOf words an error for the client of exchange x, and remembers for the
// log what the client is not told.
func problemOf(x *exchange, err error) *problem {
	f := fault.Of(err)
	switch {
	case x.left(err):
		f = fault.Wrap(err, fault.Malformed, fault.CodeMalformed, "the connection ended on your side before the request was answered: keep it open until the reply "+
			"is there. Whether this was done is not known; look, or repeat it with its Idempotency-Key")
		x.gone = true
	case errors.Is(err, context.Canceled) && f.Kind == fault.Internal:
		f = fault.Wrap(err, fault.Unavailable, fault.CodeUnavailable, "the request was given up before it was done")
	}
	p := &problem{Status: statuses[f.Kind], Detail: f.Public, Code: f.Code, RequestID: x.id, extra: f.Extra, header: http.Header{}}
	if slices.Contains(apart, f.Code) {
		p.Status = codeOf(f.Code).Status
	}
	p.Type, p.Title = "/docs#"+f.Code, codeOf(f.Code).Title
	for _, at := range f.Fields {
		p.Errors = append(p.Errors, problemField{at.Pointer, at.Detail, at.Code})
	}
	later := f.RetryAfter
	switch f.Kind {
	case fault.Unauthenticated:
		challenge := `Bearer realm="creditmsg"`
		if x.presented {
			challenge += `, error="invalid_token"`
		}
		p.header.Set("WWW-Authenticate", challenge)
	case fault.TooMany, fault.Unavailable:
		later = max(later, time.Second)
	}
	if later > 0 {
		p.header.Set("Retry-After", strconv.Itoa(int(math.Ceil(later.Seconds()))))
	}
	if c := x.words(); c != nil {
		c.word(x, p, f)
	}
	x.code = p.Code
	if p.Status >= 500 {
		x.err = err
	}
	return p
}

// left reports whether an error is only that the client is gone, which is nobody's mistake here.
// Whoever ends only its own half of the connection counts as gone too: nothing tells the two
// apart, and work that nobody waits for is given up. The stop of the process has a cause of its
// own.
func (x *exchange) left(err error) bool {
	return errors.Is(err, context.Canceled) && x.request != nil && context.Cause(x.request.Context()) == context.Canceled
}

// Error is the sentence for people.
func (p *problem) Error() string { return p.Detail }

// GetStatus tells huma the status.
func (p *problem) GetStatus() int { return p.Status }

// GetHeaders tells huma the headers.
func (p *problem) GetHeaders() http.Header { return p.header }

// ContentType tells huma the media type.
func (p *problem) ContentType(string) string { return problemType }

const problemType = "application/problem+json"

// MarshalJSON writes the named members in their order, then the further ones.
func (p *problem) MarshalJSON() ([]byte, error) {
	type named problem
	text, err := marshalJSON((*named)(p))
	if err != nil || len(p.extra) == 0 {
		return text, err
	}
	more := maps.Clone(p.extra)
	for _, own := range []string{"type", "title", "status", "detail", "code", "request_id", "errors"} {
		delete(more, own)
	}
	rest, err := json.Marshal(more)
	if err != nil {
		return nil, err
	}
	return append(append(text[:len(text)-1], ','), rest[1:]...), nil
}

// refuse writes the problem of an error, if nothing was written yet.
func (a *api) refuse(w http.ResponseWriter, r *http.Request, err error) {
	p := problemOf(of(r.Context()), err)
	maps.Copy(w.Header(), p.header)
	a.send(w, p.Status, problemType, p)
}

// send writes one JSON reply.
func (a *api) send(w http.ResponseWriter, status int, media string, v any) {
	text, err := marshalJSON(v)
	if err != nil {
		a.Log.Error("write a reply", "error", err)
		status, text = http.StatusInternalServerError, []byte(`{}`)
	}
	a.sendBytes(w, status, media, append(text, '\n'))
}

// sendBytes writes one reply. That it cannot be written is the client's leaving.
func (a *api) sendBytes(w http.ResponseWriter, status int, media string, body []byte) {
	w.Header().Set("Content-Type", media)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
