package upstream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unicode"

	"creditmsg/internal/korea"
)

// DefaultTimeout is how long one HTTP request to an upstream may take, from the
// look-up of its name to the last byte of the reply.
const DefaultTimeout = 15 * time.Second

const (
	connectFor    = 5 * time.Second
	idleFor       = 50 * time.Second // below the minute after which most servers hang up
	idlePerHost   = 16
	maxHeader     = 64 << 10
	maxRetryAfter = time.Hour
)

// Client is the HTTP client of the adapters. It speaks HTTP/1.1 only, so that
// one connection carries one request and what left it can be told; it follows no
// redirect, which would hand a message to an address nobody configured. It is
// safe for concurrent use.
type Client struct {
	http    *http.Client
	timeout time.Duration
}

// NewClient makes a client with this time for each request; 0 = DefaultTimeout.
func NewClient(timeout time.Duration) *Client {
	if timeout <= 0 {
		timeout = DefaultTimeout
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &Client{
		timeout: timeout,
		http: &http.Client{
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			Transport: &http.Transport{
				Proxy:                  http.ProxyFromEnvironment,
				DialContext:            (&net.Dialer{Timeout: connectFor}).DialContext,
				TLSHandshakeTimeout:    connectFor,
				IdleConnTimeout:        idleFor,
				MaxIdleConnsPerHost:    idlePerHost,
				MaxResponseHeaderBytes: maxHeader,
				Protocols:              protocols,
			},
		},
	}
}

// For gives the client to a library that makes its requests by itself. It follows no redirect
// either, a request of it ends after the same time, and a reply longer than mostBody ends in an error.
func (c *Client) For(mostBody int64) *http.Client {
	return &http.Client{Timeout: c.timeout, CheckRedirect: c.http.CheckRedirect, Transport: bounded{c.http.Transport, mostBody}}
}

// bounded are replies that are not read without bound.
type bounded struct {
	http.RoundTripper
	most int64
}

// RoundTrip makes one request.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	reply, err := b.RoundTripper.RoundTrip(r)
	if err == nil {
		reply.Body = http.MaxBytesReader(nil, reply.Body, b.most)
	}
	return reply, err
}

// Reply is what came of one request.
type Reply struct {
	Status int // HTTP status; 0 = no reply began
	Header http.Header
	Body   []byte
	Left   bool  // a byte of the request may have left this machine; false is certain
	Err    error // why there is no whole reply; nil = Status and Body can be trusted
}

// Do sends the request and reads its whole reply, at most maxBody bytes. Errors
// name no address, since some vendors put a key into it.
func (c *Client) Do(ctx context.Context, req *http.Request, maxBody int64) Reply {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	var reply Reply
	var left atomic.Bool
	req = req.WithContext(httptrace.WithClientTrace(ctx, departure(req, &left)))
	res, err := c.http.Do(req)
	reply.Left = left.Load()
	if err != nil {
		reply.Err = fmt.Errorf("send request: %w", bare(err))
		return reply
	}
	defer res.Body.Close()
	reply.Status, reply.Header = res.StatusCode, res.Header
	reply.Body, err = io.ReadAll(io.LimitReader(res.Body, maxBody+1))
	switch {
	case err != nil:
		reply.Err = fmt.Errorf("read reply of HTTP status %d: %w", res.StatusCode, bare(err))
	case int64(len(reply.Body)) > maxBody:
		reply.Body, reply.Err = nil, fmt.Errorf("read reply of HTTP status %d: more than %d bytes", res.StatusCode, maxBody)
	}
	return reply
}

// departure notes when a request may have begun to leave: from the moment it has
// a connection. The transport takes another connection for a request of ours only
// when not a byte was written on the first, so asking for one clears the mark —
// except for the requests that it repeats also after they were written.
func departure(req *http.Request, left *atomic.Bool) *httptrace.ClientTrace {
	once := !replayable(req)
	return &httptrace.ClientTrace{
		GetConn: func(string) {
			if once {
				left.Store(false)
			}
		},
		GotConn: func(httptrace.GotConnInfo) { left.Store(true) },
	}
}

// replayable follows net/http's own rule.
func replayable(req *http.Request) bool {
	switch req.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return true
	}
	return req.Header.Get("Idempotency-Key") != "" || req.Header.Get("X-Idempotency-Key") != ""
}

// bare takes the address out of an error of net/http.
func bare(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// RetryAfter reads how long an upstream asks to wait, in seconds or as a date
// measured against the reply's own Date: at least 0, at most an hour, 0 = not said.
func RetryAfter(h http.Header) time.Duration { return RetryWithin(h, maxRetryAfter) }

// RetryWithin is RetryAfter with another limit than an hour.
func RetryWithin(h http.Header, most time.Duration) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if text == "" {
		return 0
	}
	if seconds, err := strconv.ParseInt(text, 10, 32); err == nil {
		return min(max(time.Duration(seconds)*time.Second, 0), most)
	}
	until, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return 0
	}
	return min(max(until.Sub(now), 0), most)
}

const (
	maxWords   = 200 // runes of a vendor's text that are kept
	maxPassage = 500 // and of what a person wrote there
)

// Words makes a vendor's own text fit to be stored, shown and logged: one line
// of at most 200 characters, with what may be a phone number masked.
func Words(text string) string { return words(text, maxWords) }

// Passage is Words of what a person wrote at a vendor: at most 500 characters.
func Passage(text string) string { return words(text, maxPassage) }

// words masks before it cuts: of a number that is cut nobody would know that it is one. What is
// far behind the cut is not looked at.
func words(text string, most int) string {
	text = leading(text, 4*most)
	line := korea.MaskIn(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text))
	return strings.TrimSpace(leading(line, most))
}

// leading gives the first runes of a text.
func leading(text string, most int) string {
	n := 0
	for i := range text {
		if n == most {
			return text[:i]
		}
		n++
	}
	return text
}
