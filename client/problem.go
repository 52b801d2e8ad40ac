package client

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Problem is a refusal by the server: its application/problem+json, complete. Decide
// by Code, which is from a closed list; Detail is for people.
type Problem struct {
	Type      string       `json:"type,omitempty"`
	Title     string       `json:"title,omitempty"`
	Status    int          `json:"status"`
	Detail    string       `json:"detail,omitempty"`
	Code      string       `json:"code,omitempty"` // "" when something before the server answered, such as a proxy
	RequestID string       `json:"request_id,omitempty"`
	Errors    []FieldError `json:"errors,omitempty"`

	// Needed and Available belong to insufficient_credit.
	Needed    Amount `json:"needed,omitempty"`
	Available Amount `json:"available,omitempty"`

	// RetryAfter is when the server asks to be tried again; 0 = it does not say.
	RetryAfter time.Duration `json:"-"`
	// Raw is the reply as it came, with members that this type does not name.
	Raw json.RawMessage `json:"-"`
}

// FieldError says what is wrong at one place of the request.
type FieldError struct {
	Pointer string `json:"pointer"` // a JSON pointer such as /recipients/3/to; /lines/17 in a stream
	Detail  string `json:"detail"`
	Code    string `json:"code,omitempty"`
}

// Error gives the server's sentence, its code and its status in one line.
func (p *Problem) Error() string {
	text := p.Detail
	if text == "" {
		text = p.Title
	}
	if p.Code == "" {
		return fmt.Sprintf("%s (HTTP %d)", text, p.Status)
	}
	return fmt.Sprintf("%s (%s, HTTP %d)", text, p.Code, p.Status)
}

// IsProblem reports whether err is a refusal with this code, such as "not_found".
func IsProblem(err error, code string) bool {
	p, ok := errors.AsType[*Problem](err)
	return ok && p.Code == code
}

// Temporary reports whether the same call may well succeed later: the server could
// not be reached, was busy, or is still working on an earlier try of the call.
func Temporary(err error) bool {
	if p, ok := errors.AsType[*Problem](err); ok {
		switch p.Status {
		case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			return true
		}
		return p.Code == "idempotency_in_flight"
	}
	if _, ok := errors.AsType[*connectionError](err); !ok {
		return false
	}
	if errors.Is(err, context.Canceled) {
		return false
	}
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	return !untrusted
}

// readProblem makes the Problem of any reply that is not 2xx, also of one that is
// not problem+json because a proxy wrote it.
func readProblem(res *http.Response, data []byte) error {
	p := &Problem{RetryAfter: retryAfter(res.Header.Get("Retry-After"), res.Header.Get("Date"))}
	if strings.Contains(res.Header.Get("Content-Type"), "json") && json.Unmarshal(data, p) == nil {
		p.Raw = data
	}
	p.Status = res.StatusCode
	if p.Title == "" {
		p.Title = http.StatusText(res.StatusCode)
	}
	if to := res.Header.Get("Location"); to != "" && p.Detail == "" {
		p.Detail = "the server sends us on to " + to + ": use that address"
	}
	return p
}

// retryAfter reads both forms of the header, seconds and a date. A date counts from
// the server's own clock, which may differ from ours.
func retryAfter(value, now string) time.Duration {
	if seconds, err := strconv.Atoi(value); err == nil {
		return max(0, time.Duration(min(seconds, 1<<31))*time.Second)
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	from, err := http.ParseTime(now)
	if err != nil {
		return 0
	}
	return max(0, at.Sub(from))
}

// connectionError marks that no whole reply came: whether the server acted is unknown,
// which is what the Idempotency-Key is for.
type connectionError struct{ err error }

func (e *connectionError) Error() string { return e.err.Error() }
func (e *connectionError) Unwrap() error { return e.err }

// rowsError marks that the caller's own rows failed while they were being sent.
type rowsError struct{ err error }

func (e *rowsError) Error() string { return "read the recipients: " + e.err.Error() }
func (e *rowsError) Unwrap() error { return e.err }
