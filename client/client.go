package client

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Bounds of one exchange.
const (
	maxReply    = 64 << 20               // a reply with 10,000 rejections is about 2 MiB
	firstPause  = 200 * time.Millisecond // before the first retry; doubled for each further one
	longestTurn = 5 * time.Second        // the longest pause that we choose ourselves
)

// Options change how a Client works; the zero value is useful.
type Options struct {
	// HTTP makes the requests. nil means a client of our own that follows no
	// redirect and waits ReplyWithin for the first byte of a reply.
	HTTP *http.Client
	// ReplyWithin is how long our own HTTP client waits for a reply once a request
	// is sent; 0 means 2 minutes.
	ReplyWithin time.Duration
	// Retries is how often a failed call is tried again; 0 means 4, negative never.
	Retries int
	// LongestWait is the longest Retry-After that is waited for; a longer one ends
	// the call with its *Problem. 0 means 1 minute.
	LongestWait time.Duration
	// UserAgent names the program; "" means "creditmsg-client".
	UserAgent string
	// Language is that of the sentences in refusals and rejections, as Accept-Language
	// writes it: "ko" for Korean. "" means English; codes are the same in both.
	Language string
}

// Client speaks to one installation with one token.
type Client struct {
	base    *url.URL
	token   string
	http    *http.Client
	retries int
	longest time.Duration
	agent   string
	speaks  string  // Accept-Language; "" = not said
	site    string  // that requests are about; "" = the token's own
	ifMatch *string // what changes depend on
	tag     *string // where ETags go
	key     string  // the Idempotency-Key of what changes; "" = a random one each time
}

// New makes a Client of the API at address, such as https://msg.example.com. It
// opens no connection; a wrong address that is well formed shows at the first call.
func New(address, token string, o Options) (*Client, error) {
	base, err := url.Parse(strings.TrimRight(address, "/"))
	if err != nil {
		return nil, fmt.Errorf("read the API's address: %w", err)
	}
	if base.Scheme != "http" && base.Scheme != "https" || base.Host == "" || base.RawQuery != "" {
		return nil, fmt.Errorf("read the API's address: %q is not of the form http://host:port or https://host", base.Redacted())
	}
	c := &Client{base: base, token: token, http: o.HTTP, retries: o.Retries, longest: o.LongestWait, agent: o.UserAgent, speaks: o.Language}
	if c.http == nil {
		c.http = ownHTTP(o.ReplyWithin)
	}
	if c.retries == 0 {
		c.retries = 4
	}
	if c.longest == 0 {
		c.longest = time.Minute
	}
	if c.agent == "" {
		c.agent = "creditmsg-client"
	}
	return c, nil
}

// ownHTTP has no overall time limit, because an upload of a million recipients may
// take minutes; what is limited is the silence after a request was sent.
func ownHTTP(replyWithin time.Duration) *http.Client {
	if replyWithin == 0 {
		replyWithin = 2 * time.Minute
	}
	t := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		ForceAttemptHTTP2:     true,
		MaxIdleConnsPerHost:   16,
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   10 * time.Second,
		ExpectContinueTimeout: time.Second,
		ResponseHeaderTimeout: replyWithin,
	}
	// A redirected POST would lose its body or its token; the reply says where to go.
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &http.Client{Transport: t, CheckRedirect: stay}
}

// call is one operation: what goes out with each try of it.
type call struct {
	method string
	path   []string // segments under the address, escaped when sent
	query  url.Values
	in     any                 // sent as JSON; nil means no body
	file   []byte              // sent instead of in, as it is; nil means none
	media  string              // of the file; "" means application/octet-stream
	stream func() *ndjson      // sent instead of in; called once per try
	key    string              // the Idempotency-Key of a write; "" means a random one
	single bool                // a second try would be another act: there is none
	header func(h http.Header) // sees the header of the final reply
	raw    func(reply []byte)  // sees the final reply's bytes
	out    any                 // decoded from the final reply; nil means not wanted
	to     io.Writer           // gets the final reply as it comes, however long; nothing else does then
}

// get reads a path.
func get[T any](ctx context.Context, c *Client, query url.Values, path ...string) (T, error) {
	var out T
	err := c.do(ctx, call{method: http.MethodGet, path: path, query: query, out: &out})
	return out, err
}

// write sends in to a path and reads the reply.
func write[T any](ctx context.Context, c *Client, method string, in any, path ...string) (T, error) {
	var out T
	err := c.do(ctx, call{method: method, path: path, in: in, out: &out})
	return out, err
}

// remove deletes what is at a path.
func (c *Client) remove(ctx context.Context, path ...string) error {
	return c.do(ctx, call{method: http.MethodDelete, path: path})
}

// do runs one call with its retries.
func (c *Client) do(ctx context.Context, in call) error {
	body := in.file
	if in.in != nil {
		var err error
		if body, err = json.Marshal(in.in); err != nil {
			return fmt.Errorf("write the body of %s /%s: %w", in.method, strings.Join(in.path, "/"), err)
		}
	}
	if in.method != http.MethodGet && in.key == "" {
		in.key = cmp.Or(c.key, rand.Text())
	}
	for try := 0; ; try++ {
		err := c.once(ctx, in, body)
		if err == nil || in.single || try >= c.retries || ctx.Err() != nil {
			return err
		}
		wait, again := c.again(err, try)
		if !again {
			return err
		}
		if stopped := pause(ctx, wait); stopped != nil {
			return fmt.Errorf("%w (%w)", err, stopped)
		}
	}
}

// once makes one try.
func (c *Client) once(ctx context.Context, in call, body []byte) error {
	var stream *ndjson
	var reader io.Reader
	switch {
	case in.stream != nil:
		stream = in.stream()
		// The transport may still be reading when it returns an early reply. Close
		// waits for that read, so that the caller's rows are free for the next try.
		defer stream.Close()
		reader = stream
	case body != nil:
		reader = bytes.NewReader(body)
	}
	req, err := c.request(ctx, in, reader)
	if err != nil {
		return err
	}
	if in.file != nil {
		req.Header.Set("Content-Type", cmp.Or(in.media, "application/octet-stream"))
	}
	if stream != nil {
		req.Header.Set("Content-Type", "application/x-ndjson")
		// A refusal that needs no body (401, 423 …) arrives before the first byte of it.
		req.Header.Set("Expect", "100-continue")
	}
	res, err := c.http.Do(req)
	if stream != nil && stream.failure() != nil {
		if err == nil {
			res.Body.Close()
		}
		return &rowsError{stream.failure()}
	}
	if err != nil {
		return &connectionError{err}
	}
	defer res.Body.Close()
	c.note(res)
	return in.read(res)
}

func (c *Client) request(ctx context.Context, in call, body io.Reader) (*http.Request, error) {
	segments := make([]string, len(in.path))
	for i, s := range in.path {
		segments[i] = url.PathEscape(s)
	}
	address := c.base.String() + "/" + strings.Join(segments, "/")
	if query := c.about(in.path, in.query); len(query) > 0 {
		address += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, in.method, address, body)
	if err != nil {
		return nil, fmt.Errorf("make the request: %w", err)
	}
	req.Header.Set("Accept", "application/json, application/problem+json")
	req.Header.Set("User-Agent", c.agent)
	if c.speaks != "" {
		req.Header.Set("Accept-Language", c.speaks)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if in.key != "" {
		req.Header.Set("Idempotency-Key", in.key)
	}
	if err := c.condition(in.method, req.Header); err != nil {
		return nil, fmt.Errorf("%s /%s: %w", in.method, strings.Join(in.path, "/"), err)
	}
	return req, nil
}

// read takes the reply of one try.
func (in call) read(res *http.Response) error {
	if in.to != nil && res.StatusCode == http.StatusOK {
		// No try may follow: some of the reply has been handed on.
		if _, err := io.Copy(in.to, res.Body); err != nil {
			return fmt.Errorf("receive the reply: %w", err)
		}
		return nil
	}
	data, err := io.ReadAll(io.LimitReader(res.Body, maxReply+1))
	if err != nil {
		return &connectionError{fmt.Errorf("read the reply: %w", err)}
	}
	if len(data) > maxReply {
		return fmt.Errorf("read the reply: it is larger than %d bytes", maxReply)
	}
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return readProblem(res, data)
	}
	if in.header != nil {
		in.header(res.Header)
	}
	if in.raw != nil {
		in.raw(data)
	}
	if in.out == nil {
		return nil
	}
	if err := json.Unmarshal(data, in.out); err != nil {
		return fmt.Errorf("read the reply of %s /%s: %w", in.method, strings.Join(in.path, "/"), err)
	}
	return nil
}

// again says whether a failed try is worth another, and after which pause.
func (c *Client) again(err error, try int) (time.Duration, bool) {
	if !Temporary(err) {
		return 0, false
	}
	if p, ok := errors.AsType[*Problem](err); ok && p.RetryAfter > 0 {
		return p.RetryAfter, p.RetryAfter <= c.longest
	}
	wait := min(firstPause<<min(try, 10), longestTurn)
	// Half of it by chance, so that callers refused together do not return together.
	return wait/2 + mathrand.N(wait/2), true
}

// pause waits d, or returns why ctx ended first.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Healthy returns nil when the server's process answers. It needs no token.
func (c *Client) Healthy(ctx context.Context) error {
	return c.do(ctx, call{method: http.MethodGet, path: []string{"healthz"}})
}

// As gives a client that sends another token: of somebody who has signed in, for example.
func (c *Client) As(token string) *Client {
	with := *c
	with.token = token
	return &with
}

// Once gives a client whose next change happens once, however often it is asked for with this key,
// the Idempotency-Key: a repeat gets the reply of the first. Each change needs a key of its own.
func (c *Client) Once(key string) *Client {
	with := *c
	with.key = key
	return &with
}

// In gives a client whose refusals are worded in another language, as Options.Language.
func (c *Client) In(language string) *Client {
	with := *c
	with.speaks = language
	return &with
}
