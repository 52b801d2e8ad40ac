package api

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestEveryReplyTellsBrowsersToBeCareful goes through every route, with and without a token.
func TestEveryReplyTellsBrowsersToBeCareful(t *testing.T) {
	w := onSQLite(t)
	check := func(what string, h http.Header, overTLS bool) {
		t.Helper()
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Resource-Policy": "same-origin", "X-Frame-Options": "DENY",
		} {
			if got := h.Values(name); len(got) != 1 || got[0] != want {
				t.Errorf("%s: %s is %q, want %q", what, name, got, want)
			}
		}
		policy := h.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none'; ") || !strings.Contains(policy, "frame-ancestors 'none'") || strings.Contains(policy, "script") {
			t.Errorf("%s: the policy is %q", what, policy)
		}
		if got := h.Get("Strict-Transport-Security"); (got == "max-age=31536000") != overTLS {
			t.Errorf("%s: Strict-Transport-Security is %q", what, got)
		}
	}
	routes := map[string]string{"GET /nothing": "", "OPTIONS /v1/messages": "", "BREW /v1/messages": "", "GET /v1//": ""}
	for route := range contract {
		routes[route] = ""
	}
	for route := range routes {
		method, path, _ := strings.Cut(route, " ")
		for _, token := range []string{"", w.rich, w.operator} {
			for _, overTLS := range []bool{false, true} {
				r := httptest.NewRequest(method, strings.ReplaceAll(filled(path), "{gateway}", "toss")+"?site=rich", nil)
				if r.Header.Set("Authorization", "Bearer "+token); token == "" {
					r.Header.Del("Authorization")
				}
				if r.TLS = nil; overTLS {
					r.TLS = &tls.ConnectionState{}
				}
				rec := httptest.NewRecorder()
				w.handler.ServeHTTP(rec, r)
				check(route, rec.Header(), overTLS)
			}
		}
	}
	res, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(w.handler.(*api).Unread(400, "Bad Request"))), nil)
	w.must(err)
	_ = res.Body.Close()
	check("what cannot be read", res.Header, false)
}

func TestWhatCannotBeReadIsInTheLogAndNoFailureOfOurs(t *testing.T) {
	w := onSQLite(t)
	for status, want := range map[int]int{400: 400, 417: 400, 431: 431, 501: 400, 505: 400} {
		res, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(w.handler.(*api).Unread(status, http.StatusText(status)))), nil)
		w.must(err)
		var p problem
		w.must(json.NewDecoder(res.Body).Decode(&p))
		if res.StatusCode != want || p.Status != want || codeOf(p.Code).Status != want || !res.Close {
			t.Errorf("%d: got %d, %+v", status, res.StatusCode, p)
		}
		if !strings.Contains(w.log.String(), "request_id="+p.RequestID) {
			t.Errorf("%d: the log does not have it: %s", status, w.log)
		}
	}
	if strings.Contains(w.log.String(), "level=ERROR") {
		t.Errorf("the log has a failure of ours: %s", w.log)
	}
}

func TestAHeadThatIsTooLargeIsRefusedBeforeTheToken(t *testing.T) {
	w := onSQLite(t)
	h := http.Header{}
	for range maxFields + 1 {
		h.Add("X-Field", "x")
	}
	w.do(ask{method: "GET", path: "/v1/credit", token: w.rich, header: h}).refused(431, "head_too_large")
	w.do(ask{method: "GET", path: "/v1/credit?x=" + strings.Repeat("x", maxAddress), token: w.rich}).refused(431, "head_too_large")
}
