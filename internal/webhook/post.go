package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"creditmsg/internal/upstream"
)

// result is what a request came to.
type result string

// The results.
const (
	delivered   result = "delivered"   // 2xx
	refused     result = "refused"     // any other answer
	redirected  result = "redirected"  // 3xx, which is not followed
	gone        result = "gone"        // 410: it does not want anything any more
	timedOut    result = "timeout"     // no answer in time
	unreachable result = "unreachable" // no connection: no such name, nobody there, no TLS
	forbidden   result = "forbidden"   // the address is not a public one
	broken      result = "broken"      // the connection broke, or what came was no HTTP
)

var results = []result{delivered, refused, redirected, gone, timedOut, unreachable, forbidden, broken}

// answer is what a request got.
type answer struct {
	result     result
	status     int // of HTTP; 0 = there was none
	took       time.Duration
	retryAfter time.Duration // that it asked for; 0 = nothing
	said
}

// said is what people may want to read of an answer. It is kept sealed.
type said struct {
	Error    string `json:"error,omitempty"`    // what went wrong, in words
	Response string `json:"response,omitempty"` // the first bytes of the body
}

func (s *said) read(text []byte) error { return json.Unmarshal(text, s) }

// throttles reports whether it asks for being left alone, whatever is sent.
func (a answer) throttles() bool {
	return a.retryAfter > 0 && a.result == refused
}

const (
	keptBody  = 4096            // bytes of an answer
	bodyFor   = 2 * time.Second // how long an answer's body is waited for, once it has begun
	keepAlive = 90 * time.Second
	perHost   = 8 // connections that are kept open
	userAgent = "creditmsg-webhook/1"
)

// client makes requests that follow nothing and go by no proxy.
func client(d *net.Dialer) *http.Client {
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: d.DialContext, ForceAttemptHTTP2: true, TLSHandshakeTimeout: 10 * time.Second,
			TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12},
			MaxIdleConns:    2000, MaxIdleConnsPerHost: perHost, IdleConnTimeout: keepAlive,
			MaxResponseHeaderBytes: 64 << 10, DisableCompression: true,
		},
	}
}

// post makes one request. Its answer is never an error of ours; a context that ended is seen
// by the caller.
func (s *Service) post(ctx context.Context, address string, header http.Header, text []byte) answer {
	ctx, cancel := context.WithTimeout(ctx, s.o.Timeout)
	defer cancel()
	start := time.Now()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(text))
	if err != nil {
		return answer{result: unreachable, said: said{Error: "the address cannot be used"}}
	}
	req.Header = header
	c := s.tls
	if req.URL.Scheme == "http" {
		c = s.plain
	}
	res, err := c.Do(req)
	if err != nil {
		a := s.failed(err)
		a.took = time.Since(start)
		return a
	}
	defer res.Body.Close()
	a := judge(res.StatusCode)
	a.took = time.Since(start)
	a.retryAfter = upstream.RetryWithin(dated(res.Header), mostDelay)
	late := time.AfterFunc(bodyFor, cancel)
	defer late.Stop()
	kept, _ := io.ReadAll(io.LimitReader(res.Body, keptBody)) // what came of it; its status is what counts
	a.Response = readable(kept)
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, keptBody)) // so that a short one leaves the connection open
	return a
}

// dated gives an answer that names no time the present one, by which to read its Retry-After.
func dated(h http.Header) http.Header {
	if h.Get("Date") == "" {
		h.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	}
	return h
}

// judge says what a status means. 2xx alone is success.
func judge(status int) answer {
	a := answer{status: status, result: refused}
	switch {
	case status >= 200 && status < 300:
		a.result = delivered
		return a
	case status >= 300 && status < 400:
		a.result = redirected
		a.Error = fmt.Sprintf("answered %d, a redirect, which is not followed", status)
		return a
	case status == http.StatusGone:
		a.result = gone
	}
	a.Error = strings.TrimSpace("answered " + strconv.Itoa(status) + " " + http.StatusText(status))
	return a
}

// failed says why there is no answer.
func (s *Service) failed(err error) answer {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err // the address may hold a password
	}
	words := func(r result, text string) answer { return answer{result: r, said: said{Error: text}} }
	var timeout net.Error
	lookup, dns := errors.AsType[*net.DNSError](err)
	op, isOp := errors.AsType[*net.OpError](err)
	certificate, bad := errors.AsType[*tls.CertificateVerificationError](err)
	_, noTLS := errors.AsType[tls.RecordHeaderError](err)
	switch {
	case errors.Is(err, errNotPublic):
		return words(forbidden, "the address is not a public one; the operator can allow its network (webhooks.allow), and plain http only goes to networks that are allowed")
	case dns && lookup.IsNotFound:
		return words(unreachable, "there is no such host name")
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		if isOp && op.Op == "dial" {
			return words(timedOut, "no connection in time")
		}
		return words(timedOut, fmt.Sprintf("no answer within %s", s.o.Timeout))
	case dns:
		return words(unreachable, "the host name cannot be looked up")
	case bad:
		return words(unreachable, "its certificate is not accepted: "+clipped(certificate.Err.Error()))
	case noTLS, errors.Is(err, http.ErrSchemeMismatch):
		return words(unreachable, "it does not speak TLS at this port")
	case isOp && op.Op == "dial":
		return words(unreachable, "no connection: "+clipped(op.Err.Error()))
	}
	return words(broken, "the connection broke: "+clipped(err.Error()))
}

func clipped(text string) string { return upstream.Words(text) }

// readable makes bytes a text that can be shown.
func readable(b []byte) string { return strings.ToValidUTF8(string(b), "\uFFFD") }
