package api

import (
	"context"
	"fmt"
	"hash"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"creditmsg/internal/access"
	"creditmsg/internal/audit"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/message"
	"creditmsg/internal/site"
)

// exchange is one request and what became known of it on its way: the log line is
// written from it, and handlers ask it who is calling. It belongs to the goroutine
// of its request.
type exchange struct {
	id        string
	doing     string // the operation
	shape     shape  // of its reply
	request   *http.Request
	token     site.Token
	call      access.Call    // who calls, for which site, from where; a person is x.call.Person
	presented bool           // a token was sent, valid or not
	known     *message.Known // token and site are remembered, not read
	site      string         // whose things the request is about
	sum       hash.Hash      // of the query and the body as it is read; of writes
	code      string         // of the problem that was answered
	err       error          // what the client is not told of a 5xx
	gone      bool           // the client left before it was answered
	asked     time.Time      // when token and site were asked for
	header    http.Header    // of the reply
	policies  []policy       // the limits that apply to it
	outer     *exchange      // that a page of the console makes this one in; nil = it came by itself
}

type exchangeKey struct{}

// of gives the exchange of a request's context. Huma hands nothing else through to
// a handler.
func of(ctx context.Context) *exchange {
	x, ok := ctx.Value(exchangeKey{}).(*exchange)
	if !ok {
		return &exchange{}
	}
	return x
}

// operator reports whether the caller may do what only operators may.
func (x *exchange) operator() bool { return x.call.Operator() }

// may reports whether the caller has an ability besides the one that the route needs.
func (x *exchange) may(ability string) bool { return x.call.Can(ability) }

// actor names who calls: usr_… whatever a person signed in with, else tok_….
func (x *exchange) actor() string { return x.call.Actor() }

var saneID = regexp.MustCompile(`^[A-Za-z0-9._:-]{1,128}$`)

// ServeHTTP surrounds every request: an id, a problem for what no route takes, a
// panic contained, one log line, one measurement.
func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.attend(w, r, a.serve) }

// attend surrounds a request that serve answers.
func (a *api) attend(w http.ResponseWriter, r *http.Request, serve func(*recorder, *http.Request)) {
	start := time.Now()
	x := &exchange{id: r.Header.Get("X-Request-Id")}
	if outer, ok := r.Context().Value(exchangeKey{}).(*exchange); ok {
		x.outer, x.id = outer, outer.id
	}
	if !saneID.MatchString(x.id) {
		x.id = id.New().Text("req")
	}
	ctx := context.WithValue(r.Context(), exchangeKey{}, x)
	r = r.WithContext(audit.With(ctx, func() audit.Actor { return a.actor(x) }))
	x.request = r
	out := newRecorder(w)
	x.header = out.Header()
	await(out, r)
	x.begin(out.Header())
	a.contained(out, r, x, serve)
	passOver(out, r)
	out.end()
	a.uses.flush(r.Context(), a)
	a.tell(x, out, time.Since(start))
}

// contained serves the request and turns a panic into a 500.
func (a *api) contained(w *recorder, r *http.Request, x *exchange, serve func(*recorder, *http.Request)) {
	defer func() {
		cause := recover()
		if cause == nil {
			return
		}
		a.Log.ErrorContext(r.Context(), "panic in a request", "request_id", x.id, "route", route(r),
			"panic", fmt.Sprint(cause), "stack", string(debug.Stack()))
		err := fault.New(fault.Internal, fault.CodeInternal, "something went wrong on our side; the log has it under request %s", x.id)
		if w.status == 0 {
			a.refuse(w, r, err)
			return
		}
		problemOf(x, err)
		w.cut() // a part of the reply is gone already, which must not be taken for all of it
	}()
	serve(w, r)
}

// serve hands the request to its route. Paths that a mux would redirect are unknown
// ones here: a redirected write would lose its body.
func (a *api) serve(w *recorder, r *http.Request) {
	if err := readableHead(r); err != nil {
		a.refuse(w, r, err)
		return
	}
	if r.URL.Path != path.Clean(r.URL.Path) {
		a.refuse(w, r, noRoute(r))
		return
	}
	if err := readableAddress(r); err != nil {
		a.refuse(w, r, err)
		return
	}
	if a.ConsoleAlone && of(r.Context()).outer == nil && !forPeople(r.URL.Path) {
		a.refuse(w, r, noRoute(r))
		return
	}
	if a.crossing(w, r) {
		return
	}
	if r.Method == http.MethodOptions {
		a.options(w, r)
		return
	}
	if _, pattern := a.mux.Handler(r); pattern != "" {
		a.mux.ServeHTTP(w, r)
		return
	}
	if can := a.methods(r); can != nil {
		allow := strings.Join(can, ", ")
		w.Header().Set("Allow", allow)
		a.refuse(w, r, fault.New(fault.NotFound, fault.CodeMethodNotAllowed, "%s is not possible here; use %s", method(r), allow))
		return
	}
	a.refuse(w, r, noRoute(r))
}

// readableAddress refuses names and parameters that are no text: no database could
// be asked for them.
func readableAddress(r *http.Request) error {
	query, err := url.ParseQuery(r.URL.RawQuery)
	ok := err == nil && isText(r.URL.Path)
	for name, values := range query {
		ok = ok && isText(name) && !slices.ContainsFunc(values, func(v string) bool { return !isText(v) })
	}
	if !ok {
		return fault.New(fault.Malformed, fault.CodeMalformed, "the address cannot be read: it is not percent-encoded UTF-8 text")
	}
	return nil
}

func isText(text string) bool { return utf8.ValidString(text) && !strings.Contains(text, "\x00") }

func noRoute(r *http.Request) error {
	return fault.New(fault.NotFound, fault.CodeNotFound, "there is nothing at this path for %s; see /docs", method(r))
}

// probe listens to what a handler says.
type probe struct {
	header http.Header
	status int
	text   io.Writer
}

func (p *probe) Header() http.Header         { return p.header }
func (p *probe) WriteHeader(status int)      { p.status = status }
func (p *probe) Write(b []byte) (int, error) { return p.text.Write(b) }

// route is the pattern that took the request: never the path, which may hold a number.
func route(r *http.Request) string {
	_, pattern, found := strings.Cut(r.Pattern, " ")
	if !found {
		return "none"
	}
	return pattern
}

// method is the request's method if it is one that HTTP knows, so that labels and
// sentences are from a closed list.
func method(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return r.Method
	}
	return "OTHER"
}

// tell writes the request's log line and measurement.
func (a *api) tell(x *exchange, w *recorder, took time.Duration) {
	r := x.request
	if w.status == 0 {
		w.status = http.StatusOK // what the server sends when nobody wrote anything
	}
	a.meter.took(route(r), method(r), w.status, took)
	line := []slog.Attr{
		slog.String("method", method(r)), slog.String("route", route(r)), slog.Int("status", w.status),
		slog.Float64("ms", float64(took.Microseconds())/1000), slog.Int64("bytes", w.bytes), slog.String("request_id", x.id),
	}
	if x.site != "" {
		line = append(line, slog.String("site_id", x.site))
	}
	if !x.token.ID.IsZero() {
		line = append(line, slog.String("token_id", x.token.ID.Text(id.Token)))
	}
	if x.call.Person != nil {
		line = append(line, slog.String("user_id", x.actor()))
	}
	if trace := traceOf(r.Header); trace != "" {
		line = append(line, slog.String("trace_id", trace))
	}
	if x.code != "" {
		line = append(line, slog.String("code", x.code))
	}
	if x.gone {
		line = append(line, slog.Bool("client_left", true))
	}
	level := slog.LevelInfo
	if x.outer != nil {
		level = slog.LevelDebug // the page has its line
	}
	if x.err != nil {
		level = slog.LevelError
		line = append(line, slog.String("error", x.err.Error()))
	}
	a.Log.LogAttrs(r.Context(), level, "request", line...)
}
