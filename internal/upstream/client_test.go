package upstream

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"
)

// post sends one POST with a body to url.
func post(t *testing.T, ctx context.Context, c *Client, url string) Reply {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader("a body"))
	if err != nil {
		t.Fatal(err)
	}
	return c.Do(ctx, req, 1000)
}

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// hang holds a request until its client goes away, which a server notices only
// after it has read the body.
func hang(_ http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

func cut(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		conn.Close()
	}
}

func TestAWholeReplyIsReadWhateverItsStatus(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(http.StatusTooManyRequests)
		w.Write([]byte("slow down"))
	})
	got := post(t, t.Context(), NewClient(0), url)
	if got.Err != nil || got.Status != http.StatusTooManyRequests || string(got.Body) != "slow down" || !got.Left {
		t.Errorf("got %+v", got)
	}
	if wait := RetryAfter(got.Header); wait != 7*time.Second {
		t.Errorf("RetryAfter: got %v, want 7s", wait)
	}
}

func TestNothingLeavesWhenThereIsNoConnection(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if got := post(t, t.Context(), NewClient(0), "http://"+l.Addr().String()+"/secret-key"); got.Left || got.Err == nil || strings.Contains(got.Err.Error(), "secret-key") {
		t.Errorf("closed port: got left %v, error %v, want false and an error without the path", got.Left, got.Err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if got := post(t, ended, NewClient(0), serve(t, hang)); got.Left || !errors.Is(got.Err, context.Canceled) {
		t.Errorf("ended context: got left %v, error %v, want false and %v", got.Left, got.Err, context.Canceled)
	}
	plain := serve(t, hang)
	if got := post(t, t.Context(), NewClient(200*time.Millisecond), strings.Replace(plain, "http:", "https:", 1)); got.Left || got.Err == nil {
		t.Errorf("failed handshake: got left %v, error %v, want false and an error", got.Left, got.Err)
	}
}

func TestARequestThatGotAConnectionMayHaveLeft(t *testing.T) {
	half := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		w.Write([]byte("half"))
	}
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		status  int
	}{
		"hangs past the time":  {hang, 0},
		"cuts the connection":  {cut, 0},
		"cuts the reply":       {half, 200},
		"replies far too much": {func(w http.ResponseWriter, _ *http.Request) { w.Write(make([]byte, 1001)) }, 200},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := post(t, t.Context(), NewClient(500*time.Millisecond), serve(t, c.handler))
			if !got.Left || got.Err == nil || got.Status != c.status {
				t.Errorf("got left %v, status %d, error %v, want true, %d and an error", got.Left, got.Status, got.Err, c.status)
			}
		})
	}
}

func TestARequestThatHadToTakeAnotherConnectionHasNotLeftOnTheFirst(t *testing.T) {
	for name, c := range map[string]struct {
		method, header string
		want           bool
	}{
		"a request that is never repeated once written": {http.MethodPost, "", false},
		"a request that is repeated":                    {http.MethodGet, "", true},
		"a request with a key of its own":               {http.MethodPost, "Idempotency-Key", true},
	} {
		req, err := http.NewRequest(c.method, "http://localhost", nil)
		if err != nil {
			t.Fatal(err)
		}
		if c.header != "" {
			req.Header.Set(c.header, "k")
		}
		var left atomic.Bool
		trace := departure(req, &left)
		trace.GetConn("localhost:80")
		trace.GotConn(httptrace.GotConnInfo{Reused: true})
		if !left.Load() {
			t.Errorf("%s, with a connection: got left false, want true", name)
		}
		trace.GetConn("localhost:80")
		if left.Load() != c.want {
			t.Errorf("%s, while it waits for the next: got left %v, want %v", name, left.Load(), c.want)
		}
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	target := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the redirect was followed") })
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, target, http.StatusTemporaryRedirect)
	})
	if got := post(t, t.Context(), NewClient(0), url); got.Err != nil || got.Status != http.StatusTemporaryRedirect {
		t.Errorf("got status %d, error %v, want 307", got.Status, got.Err)
	}
}

func TestALibrarysRequestsFollowNoRedirectAndReadNoReplyWithoutBound(t *testing.T) {
	target := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the redirect was followed") })
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/elsewhere":
			http.Redirect(w, r, target, http.StatusFound)
		case "/hang":
			hang(w, r)
		default:
			_, _ = io.WriteString(w, strings.Repeat("x", len(r.URL.Path)))
		}
	})
	get := func(timeout time.Duration, path string) (int, string, error) {
		reply, err := NewClient(timeout).For(10).Get(url + path)
		if err != nil {
			return 0, "", err
		}
		defer reply.Body.Close()
		body, err := io.ReadAll(reply.Body)
		return reply.StatusCode, string(body), err
	}
	if status, _, _ := get(0, "/elsewhere"); status != http.StatusFound {
		t.Errorf("a redirect: got %d", status)
	}
	if _, body, err := get(0, "/123456789"); err != nil || len(body) != 10 {
		t.Errorf("a reply of ten bytes: got %q, %v", body, err)
	}
	if _, _, err := get(0, "/1234567890"); err == nil {
		t.Error("a reply of eleven bytes was read")
	}
	if _, _, err := get(50*time.Millisecond, "/hang"); err == nil {
		t.Error("a reply that never comes is waited for")
	}
}

func TestRetryAfterIsBoundedAndNeedsNoClock(t *testing.T) {
	const date = "Sun, 22 Nov 2026 09:00:00 GMT"
	for header, want := range map[string]time.Duration{
		"": 0, "0": 0, "30": 30 * time.Second, "-5": 0, "999999": time.Hour, "soon": 0, "99999999999999999999": 0,
		"Sun, 22 Nov 2026 09:02:00 GMT": 2 * time.Minute,
		"Sun, 22 Nov 2026 08:00:00 GMT": 0,
		"Mon, 23 Nov 2026 09:00:00 GMT": time.Hour,
	} {
		if got := RetryAfter(http.Header{"Retry-After": {header}, "Date": {date}}); got != want {
			t.Errorf("RetryAfter(%q): got %v, want %v", header, got, want)
		}
	}
	if got := RetryAfter(http.Header{"Retry-After": {date}}); got != 0 {
		t.Errorf("a date without the reply's own: got %v, want 0", got)
	}
}

func TestAProvidersWordsAreKeptShortAndWithoutNumbers(t *testing.T) {
	for text, want := range map[string]string{
		"":                             "",
		" 발신번호 미등록 ":                   "발신번호 미등록",
		"line\r\nbreak\x00":            "line  break",
		"01012345678":                  "010****5678",
		"to 01012345678, code 3104":    "to 010****5678, code 3104",
		"관리자 010-1234-5678 님":          "관리자 010****5678 님",
		"010 1234 5678":                "010****5678",
		"+82 10-1234-5678":             "821****5678",
		"010\n1234\n5678":              "010****5678",
		"15881234 twice 15881234":      "****1234 twice ****1234",
		"at 2026-11-22, 1234567 units": "at 2026-11-22, 1234567 units",
		"bad \xff byte":                "bad \uFFFD byte",
	} {
		if got := Words(text); got != want {
			t.Errorf("Words(%q): got %q, want %q", text, got, want)
		}
	}
	if got, want := Words(strings.Repeat("가", 191)+"010-1234-5678"), strings.Repeat("가", 191)+"010****56"; got != want {
		t.Errorf("a number where the text is cut: got %q, want %q", got, want)
	}
	long := Words(strings.Repeat("가", 1000))
	if n := utf8.RuneCountInString(long); n != 200 {
		t.Errorf("a long text: got %d characters, want 200", n)
	}
}
