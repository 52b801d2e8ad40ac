package api

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// TestPagesOfNamedOriginsMayCallAndNoOthers asks as browsers do.
func TestPagesOfNamedOriginsMayCallAndNoOthers(t *testing.T) {
	w := onSQLite(t)
	const page = "https://console.example.com"
	w.deps.Origins = []string{page, "http://localhost:3000"}
	w.deps.Registerer, w.deps.Gatherer = nil, nil
	var err error
	w.handler, err = New(w.deps)
	w.must(err)
	preflight := func(path, origin, method, fields string) got {
		return w.do(ask{method: "OPTIONS", path: path, header: http.Header{"Origin": {origin}, "Access-Control-Request-Method": {method}, "Access-Control-Request-Headers": {fields}}})
	}
	allowed := func(g got) string { return g.header.Get("Access-Control-Allow-Origin") }
	for _, origin := range w.deps.Origins {
		g := preflight("/v1/messages", origin, "POST", "authorization,content-type,idempotency-key,if-match,traceparent").is(204)
		for name, want := range map[string]string{"Access-Control-Allow-Origin": origin, "Access-Control-Allow-Methods": "POST", "Access-Control-Max-Age": "600",
			"Access-Control-Allow-Headers": "authorization,content-type,idempotency-key,if-match,traceparent", "Access-Control-Allow-Credentials": ""} {
			if got := g.header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", origin, name, got, want)
			}
		}
		if !strings.Contains(strings.Join(g.header.Values("Vary"), ","), "Origin") || len(g.body) > 0 {
			t.Errorf("the preflight has %v, %s", g.header, g.body)
		}
		for _, token := range []string{w.rich, ""} { // a refusal can be read too
			g := w.do(ask{method: "GET", path: "/v1/credit", token: token, header: http.Header{"Origin": {origin}}})
			shown := strings.ToLower(g.header.Get("Access-Control-Expose-Headers"))
			if allowed(g) != origin || !strings.Contains(strings.Join(g.header.Values("Vary"), ","), "Origin") || g.header.Get("Access-Control-Allow-Credentials") != "" {
				t.Errorf("%s: got %v", origin, g.header)
			}
			for _, name := range exposed {
				if !strings.Contains(shown, strings.ToLower(name)) {
					t.Errorf("%s is not shown to pages: %s", name, shown)
				}
			}
		}
	}
	for _, other := range []string{"null", "https://console.example.com.evil.example", "http://console.example.com", "https://console.example.com:8443", "https://CONSOLE.example.com", "https://x.console.example.com", ""} {
		if g := preflight("/v1/messages", other, "POST", "authorization"); allowed(g) != "" || g.status >= 500 {
			t.Errorf("%q: got %d %v", other, g.status, g.header)
		}
		if g := w.do(ask{method: "GET", path: "/v1/credit", token: w.rich, header: http.Header{"Origin": {other}}}).is(200); allowed(g) != "" {
			t.Errorf("%q: got %v", other, g.header)
		}
	}
	if g := preflight("/v1/messages", page, "POST", "x-secret"); allowed(g) != "" {
		t.Errorf("a field that is none of ours: %v", g.header)
	}
	for _, path := range []string{"/webhooks/solapi", "/webhooks/payments/toss", "/metrics", "/healthz"} {
		if g := preflight(path, page, "POST", "content-type"); allowed(g) != "" {
			t.Errorf("%s: %v", path, g.header)
		}
		if g := w.do(ask{method: "POST", path: path, body: "{}", header: http.Header{"Origin": {page}}}); allowed(g) != "" || slices.Contains(g.header.Values("Vary"), "Origin") {
			t.Errorf("%s: %v", path, g.header)
		}
	}
	if g := w.do(ask{method: "GET", path: "/v1/credit/statements/2026-01", token: w.rich, header: http.Header{"Origin": {page}, "Accept": {"text/csv"}}}); !strings.Contains(strings.Join(g.header.Values("Vary"), ","), "Origin") {
		t.Errorf("a paper varies by %v", g.header.Values("Vary"))
	}
}

func TestWithoutOriginsNothingIsSaidOfThem(t *testing.T) {
	w := onSQLite(t)
	for _, method := range []string{"OPTIONS", "GET"} {
		g := w.do(ask{method: method, path: "/v1/credit", token: w.rich, header: http.Header{"Origin": {"https://console.example.com"}, "Access-Control-Request-Method": {"GET"}}})
		for name := range g.header {
			if strings.HasPrefix(name, "Access-Control") || name == "Vary" {
				t.Errorf("%s: got %v", method, g.header)
			}
		}
	}
}
