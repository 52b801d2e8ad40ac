package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"creditmsg/internal/fault"
)

// constants gives the names of package fault that begin with a prefix or have a
// type, with their values where they are texts.
func constants(t *testing.T) (kinds []string, codes map[string]string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../fault/fault.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	codes = map[string]string{}
	for _, d := range file.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.CONST {
			continue
		}
		ofKind := false
		for _, spec := range g.Specs {
			v := spec.(*ast.ValueSpec)
			if name, ok := v.Type.(*ast.Ident); ok {
				ofKind = name.Name == "Kind"
			}
			switch {
			case strings.HasPrefix(v.Names[0].Name, "Code"):
				text, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				codes[v.Names[0].Name] = text
			case ofKind:
				kinds = append(kinds, v.Names[0].Name)
			}
		}
	}
	return kinds, codes
}

func TestEveryKindOfFaultHasAStatus(t *testing.T) {
	kinds, _ := constants(t)
	if len(kinds) != len(statuses) {
		t.Errorf("package fault has the kinds %v, the table has %d rows", kinds, len(statuses))
	}
	for i, name := range kinds {
		if statuses[fault.Kind(i)] == 0 {
			t.Errorf("kind %s has no status", name)
		}
	}
}

func TestEveryCodeOfFaultsHasARow(t *testing.T) {
	_, list := constants(t)
	if len(list) < 25 {
		t.Fatalf("found only %d codes in package fault", len(list))
	}
	for name, text := range list {
		if codeOf(text).Status == 0 {
			t.Errorf("%s = %q has no row in codes", name, text)
		}
	}
	seen := map[string]bool{}
	for _, c := range codes {
		if seen[c.Name] || c.Title == "" || c.Status < 400 {
			t.Errorf("the row %v is not whole, or not the only one of its name", c)
		}
		seen[c.Name] = true
	}
}

func TestAnUnknownPathIsAProblem(t *testing.T) {
	w := onSQLite(t)
	for _, path := range []string{"/", "/v1", "/v1/messages/", "//v1/messages", "/v1/../v1/messages"} {
		w.get(path).refused(404, "not_found")
	}
}

func TestAMethodThatARouteDoesNotHaveIsAProblemWithAllow(t *testing.T) {
	w := onSQLite(t)
	for path, want := range map[string]string{
		"/v1/messages": "GET, HEAD, OPTIONS, POST", "/v1/messages/x": "GET, HEAD, OPTIONS, PATCH", "/v1/credit": "GET, HEAD, OPTIONS", "/webhooks/solapi": "OPTIONS, POST",
	} {
		g := w.do(ask{method: "DELETE", path: path, token: w.rich})
		g.refused(405, "method_not_allowed")
		if got := g.header.Get("Allow"); got != want {
			t.Errorf("DELETE %s: got Allow %q, want %q", path, got, want)
		}
	}
	w.do(ask{method: "BREW", path: "/v1/messages", token: w.rich}).refused(405, "method_not_allowed")
}

func TestAnAddressThatIsNoTextIsMalformed(t *testing.T) {
	w := onSQLite(t)
	for _, path := range []string{"/v1/templates/%FF", "/v1/templates/%00", "/v1/send-logs?provider=%ff", "/v1/send-logs?provider=%00", "/v1/messages?x=%zz"} {
		w.get(path).refused(400, "malformed")
	}
}

func TestAPanicIsContainedAndLogged(t *testing.T) {
	w := onSQLite(t)
	a := w.handler.(*api)
	w.undescribed = true
	plain(a, operation{id: "fail", method: "GET", path: "/fail", tag: "Test", status: 200}, nil,
		func(http.ResponseWriter, *http.Request) { panic("the reason") })
	g := w.get("/fail")
	g.refused(500, "internal")
	if strings.Contains(string(g.body), "the reason") {
		t.Errorf("the reply shows the panic: %s", g.body)
	}
	if log := w.log.String(); !strings.Contains(log, "the reason") || !strings.Contains(log, g.header.Get("X-Request-Id")) {
		t.Errorf("the log does not tell of the panic: %s", log)
	}
	w.get("/healthz").is(200)
}

// TestAReplyThatAPanicEndsIsNotTakenForAllOfIt: the connection ends without the end of the reply.
func TestAReplyThatAPanicEndsIsNotTakenForAllOfIt(t *testing.T) {
	w := onSQLite(t)
	plain(w.handler.(*api), operation{id: "fail", method: "GET", path: "/fail", tag: "Test", status: 200}, nil, func(rw http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(rw, "first line\n")
		w.must(http.NewResponseController(rw).Flush())
		panic("the reason")
	})
	server := httptest.NewServer(w.handler)
	defer server.Close()
	res, err := http.Get(server.URL + "/fail")
	w.must(err)
	defer res.Body.Close()
	if text, err := io.ReadAll(res.Body); err == nil {
		t.Errorf("the reply %q is whole", text)
	}
}

func TestWhatIsTooLargeIsToldByItsSize(t *testing.T) {
	for limit, want := range map[int64]string{
		maxSignIn: "the body is larger than 16 KiB", maxBody: "the body is larger than 1 MiB", maxUpload: "the body is larger than 512 MiB; send it in several parts",
		maxJSON: "the body is larger than 32 MiB; send many recipients as application/x-ndjson, or in several messages",
	} {
		if got := tooLarge(limit).Error(); !strings.Contains(got, want) || strings.Contains(got, "; ") != strings.Contains(want, "; ") {
			t.Errorf("%d: %s, want %s", limit, got, want)
		}
	}
}

func TestAnInnerErrorIsLoggedAndNotShown(t *testing.T) {
	w := onSQLite(t)
	a := w.handler.(*api)
	w.undescribed = true
	plain(a, operation{id: "fail", method: "GET", path: "/fail", tag: "Test", status: 200}, nil,
		a.answering(func(http.ResponseWriter, *http.Request, *exchange) (*reply, error) {
			return nil, errors.New("disk on fire")
		}))
	g := w.get("/fail")
	g.refused(500, "internal")
	if strings.Contains(string(g.body), "fire") || !strings.Contains(w.log.String(), "disk on fire") {
		t.Errorf("got reply %s and log %s, want the cause in the log alone", g.body, w.log)
	}
}

func TestEachKindIsToldWithItsStatusAndHeaders(t *testing.T) {
	for kind, status := range statuses {
		x := &exchange{id: "r"}
		p := problemOf(x, fault.New(kind, fault.CodeValidation, "text"))
		if p.Status != status {
			t.Errorf("kind %d: got status %d, want %d", kind, p.Status, status)
		}
		if got, want := p.header.Get("WWW-Authenticate") != "", status == 401; got != want {
			t.Errorf("status %d: got WWW-Authenticate %v, want %v", status, got, want)
		}
		if got, want := p.header.Get("Retry-After") != "", status == 429 || status == 503; got != want {
			t.Errorf("status %d: got Retry-After %v, want %v", status, got, want)
		}
	}
	late := fault.New(fault.Unavailable, fault.CodeUnavailable, "later")
	late.RetryAfter = 1500 * time.Millisecond
	if got := problemOf(&exchange{}, late).header.Get("Retry-After"); got != "2" {
		t.Errorf("got Retry-After %q for 1.5 s, want 2", got)
	}
	if got := problemOf(&exchange{}, fmt.Errorf("read: %w", context.Canceled)).Status; got != 503 {
		t.Errorf("got status %d for a client that left, want 503 and no internal error", got)
	}
}

func TestFurtherMembersOfAFaultAreMembersOfTheProblem(t *testing.T) {
	f := fault.New(fault.NoCredit, fault.CodeInsufficientCredit, "not enough").With("needed", "18.00").With("recharge", nil).With("status", 7)
	text, err := json.Marshal(problemOf(&exchange{id: "r"}, f))
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"type":"/docs#insufficient_credit","title":"Not enough credit","status":402,"detail":"not enough","code":"insufficient_credit","request_id":"r","needed":"18.00","recharge":null}`
	if string(text) != want {
		t.Errorf("got %s\nwant %s", text, want)
	}
}

func TestRequestIDsAreTakenOverWhenSane(t *testing.T) {
	w := onSQLite(t)
	for given, taken := range map[string]bool{"abc-1.2_3:4": true, "a b": false, "": false, strings.Repeat("x", 129): false, "<b>": false} {
		got := w.do(ask{method: "GET", path: "/healthz", header: http.Header{"X-Request-Id": {given}}}).header.Get("X-Request-Id")
		if (got == given) != taken || got == "" {
			t.Errorf("X-Request-Id %q: got %q, want taken over %v", given, got, taken)
		}
	}
}

func TestTheLogHasOneLinePerRequestAndNoQueryOrNumber(t *testing.T) {
	w := onSQLite(t)
	w.send(text)
	w.get("/v1/send-logs?to=01012345678").is(200)
	w.get("/v1/nothing?to=01012345678").is(404)
	w.do(ask{method: "GET", path: "/v1/senders/010-1234-5678", token: w.rich}).is(404)
	var lines []string
	for line := range strings.Lines(w.log.String()) {
		if strings.Contains(line, "msg=request ") {
			lines = append(lines, line)
		}
	}
	if len(lines) != 4 {
		t.Fatalf("got %d lines, want one per request: %s", len(lines), w.log)
	}
	for _, part := range []string{"method=POST", "route=/v1/messages", "status=202", "ms=", "bytes=", "request_id=", "site_id=rich", "token_id=tok_"} {
		if !strings.Contains(lines[0], part) {
			t.Errorf("the line has no %s: %s", part, lines[0])
		}
	}
	for _, secret := range []string{"01012345678", "010-1234-5678", "안녕", "?to", w.rich} {
		if strings.Contains(w.log.String(), secret) {
			t.Errorf("the log holds %q: %s", secret, w.log)
		}
	}
}

func TestRequestsAreMeasuredByRoute(t *testing.T) {
	w := onSQLite(t)
	w.get("/v1/messages").is(200)
	w.get("/nowhere").is(404)
	text := string(w.do(ask{method: "GET", path: "/metrics"}).is(200).body)
	for _, want := range []string{
		`creditmsg_http_request_seconds_count{method="GET",route="/v1/messages",status="2xx"} 1`,
		`creditmsg_http_request_seconds_count{method="GET",route="none",status="4xx"} 1`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("/metrics has no line %s", want)
		}
	}
}

func TestReadinessAsksWhetherRequestsCanBeServed(t *testing.T) {
	w := onSQLite(t)
	w.get("/readyz").is(200)
	d := w.deps
	d.Registerer = nil
	d.Ready = func(context.Context) error { return errors.New("no workers") }
	h, err := New(d)
	w.must(err)
	w.handler = h
	g := w.do(ask{method: "GET", path: "/readyz"})
	g.refused(503, "unavailable")
	if bytes.Contains(g.body, []byte("no workers")) || g.header.Get("Retry-After") == "" {
		t.Errorf("got %s with Retry-After %q, want no inner text and a time", g.body, g.header.Get("Retry-After"))
	}
}

func TestPointersOfTheFrameworkAreJSONPointers(t *testing.T) {
	for location, want := range map[string]string{
		"body": "", "body.code": "/code", "body.buttons[2].url_mobile": "/buttons/2/url_mobile", "query.limit": "/limit", "path.id": "/id", "body[0][1]": "/0/1",
	} {
		if got := pointer(location); got != want {
			t.Errorf("pointer(%q): got %q, want %q", location, got, want)
		}
	}
}

func TestRefusalsOfTheFrameworkAreFaultsOfOurs(t *testing.T) {
	for status, want := range map[int]string{400: "malformed", 408: "malformed", 413: "body_too_large", 415: "unsupported_media_type", 422: "validation", 500: "malformed"} {
		got := fault.Of(translate(status, "text", []error{&huma.ErrorDetail{Message: "m", Location: "body.x"}}))
		if got.Code != want {
			t.Errorf("status %d: got code %s, want %s", status, got.Code, want)
		}
	}
}

func TestOnlyTrustedProxiesSayWhoTheClientIs(t *testing.T) {
	for _, c := range []struct{ remote, forwarded, want string }{
		{"203.0.113.9:1", "198.51.100.1", "203.0.113.9"},
		{"10.0.0.1:1", "198.51.100.1", "198.51.100.1"},
		{"10.0.0.1:1", "192.0.2.66, 198.51.100.1, 10.0.0.2", "198.51.100.1"},
		{"10.0.0.1:1", "10.0.0.3", "10.0.0.3"},
		{"10.0.0.1:1", "nonsense", "10.0.0.1"},
		{"10.0.0.1:1", "", "10.0.0.1"},
		{"[::ffff:10.0.0.1]:1", "198.51.100.1", "198.51.100.1"},
	} {
		a := &api{Deps: Deps{TrustedProxies: prefixes(t, "10.0.0.0/8")}}
		r := httptest.NewRequest("POST", "/webhooks/solapi", nil)
		r.RemoteAddr = c.remote
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if got := a.client(r).String(); got != c.want {
			t.Errorf("from %s for %q: got %s, want %s", c.remote, c.forwarded, got, c.want)
		}
	}
}
