package server

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// deadlines is a client's connection that notes which deadlines it is given.
type deadlines struct {
	*httptest.ResponseRecorder
	reading, writing int
}

func (d *deadlines) SetReadDeadline(time.Time) error  { d.reading++; return nil }
func (d *deadlines) SetWriteDeadline(time.Time) error { d.writing++; return nil }

func TestThePagesOfTestPayersStandBehindTheDoorsOwnBounds(t *testing.T) {
	c := testConfig(t)
	c.Limits.Address.RequestsPerMinute = 8
	p := running(t, c, Options{})
	ask := func(method, path, body string) *http.Response {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, p.URL()+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		res, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		return res
	}
	problem := func(what string, res *http.Response, status int) {
		t.Helper()
		if res.StatusCode != status || res.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: got %d %v, want %d as a problem", what, res.StatusCode, res.Header, status)
		}
	}
	for _, path := range []string{checkoutPath, depositPath} {
		problem("a large form at "+path, ask("POST", path, "account="+strings.Repeat("x", 65<<10)), 413)
		problem("DELETE "+path, ask("DELETE", path, ""), 405)
		client := &deadlines{ResponseRecorder: httptest.NewRecorder()}
		p.handler.ServeHTTP(client, httptest.NewRequest("POST", path, strings.NewReader("account=X1")))
		if client.reading == 0 || client.writing == 0 {
			t.Errorf("POST %s: a client that is slow has %d deadlines to send by, and %d to read by", path, client.reading, client.writing)
		}
	}
	res := ask("GET", depositPath, "")
	if res.StatusCode != 200 || res.Header.Get("X-Request-Id") == "" || res.Header.Get("X-Content-Type-Options") != "nosniff" || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
		t.Errorf("the page of deposits: got %d %v", res.StatusCode, res.Header)
	}
	for range 8 {
		res = ask("GET", checkoutPath, "")
	}
	problem("the ninth request of an address", res, 429)
}
