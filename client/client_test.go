package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"creditmsg/client"
)

// serve answers a client's calls with h over a real socket.
func serve(t *testing.T, h http.HandlerFunc) *client.Client {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	c, err := client.New(s.URL, "cm_test_x", client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// pipes is a network in memory, for tests that run in virtual time and for those that
// must know that nothing is buffered on the way.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.done) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "memory", Net: "unix"} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case p.conns <- there:
		return here, nil
	case <-p.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// serveInMemory is serve over pipes; stop ends every goroutine of both sides.
func serveInMemory(t *testing.T, o client.Options, h http.HandlerFunc) (c *client.Client, stop func()) {
	t.Helper()
	p := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
	server := &http.Server{Handler: h}
	go server.Serve(p)
	transport := &http.Transport{DialContext: p.dial, ExpectContinueTimeout: time.Second}
	o.HTTP = &http.Client{Transport: transport}
	c, err := client.New("http://memory", "cm_test_x", o)
	if err != nil {
		t.Fatal(err)
	}
	return c, func() {
		transport.CloseIdleConnections()
		server.Close()
	}
}

func problem(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]any{"status": status, "code": code, "title": http.StatusText(status), "detail": "said " + code})
}

func TestAWriteKeepsItsKeyOverRetriesAndTheNextWriteHasAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var keys, bodies []string
		c, stop := serveInMemory(t, client.Options{}, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			keys, bodies = append(keys, r.Header.Get("Idempotency-Key")), append(bodies, string(body))
			switch len(keys) {
			case 1:
				problem(w, http.StatusServiceUnavailable, "unavailable")
			case 2:
				hang, _, _ := w.(http.Hijacker).Hijack()
				hang.Close() // accepted or not? the client cannot know
			case 3:
				problem(w, http.StatusConflict, "idempotency_in_flight")
			default:
				io.WriteString(w, `{"id":"msg_1","status":"accepted"}`)
			}
		})
		defer stop()
		for range 2 {
			m, err := c.Send(t.Context(), client.Draft{Strategy: client.SMSOnly, Recipients: []client.Recipient{{To: "01012345678"}}})
			if err != nil || m.ID != "msg_1" {
				t.Fatalf("Send = %+v, %v; want msg_1", m, err)
			}
		}
		if len(keys) != 5 {
			t.Fatalf("%d requests, want 4 tries and 1", len(keys))
		}
		for i := 1; i < 4; i++ {
			if keys[i] != keys[0] || bodies[i] != bodies[0] || len(keys[0]) < 16 {
				t.Errorf("try %d has key %q and body %q, want %q and %q", i, keys[i], bodies[i], keys[0], bodies[0])
			}
		}
		if keys[4] == keys[0] {
			t.Errorf("the second Send used the first one's key %q", keys[4])
		}
	})
}

func TestRetryAfterIsObeyedWhenItIsShortAndReturnedWhenItIsLong(t *testing.T) {
	for _, tt := range []struct {
		header    string
		wantTries int
		wantWait  time.Duration
		wantErr   bool
	}{
		{"7", 2, 7 * time.Second, false},
		{"Sat, 01 Jan 2000 00:00:09 GMT", 2, 9 * time.Second, false},
		{"61", 1, 0, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			tries := 0
			c, stop := serveInMemory(t, client.Options{}, func(w http.ResponseWriter, r *http.Request) {
				if tries++; tries == 1 {
					w.Header().Set("Retry-After", tt.header)
					w.Header().Set("Date", "Sat, 01 Jan 2000 00:00:00 GMT")
					problem(w, http.StatusTooManyRequests, "rate_limited")
					return
				}
				io.WriteString(w, `{"balance":"5.00"}`)
			})
			defer stop()
			began := time.Now()
			_, err := c.Credit(t.Context())
			if waited := time.Since(began); waited != tt.wantWait || tries != tt.wantTries || (err != nil) != tt.wantErr {
				t.Errorf("Retry-After %q: %d tries, waited %s, error %v; want %d, %s, error %v",
					tt.header, tries, waited, err, tt.wantTries, tt.wantWait, tt.wantErr)
			}
			if p, ok := errors.AsType[*client.Problem](err); tt.wantErr && (!ok || p.RetryAfter != 61*time.Second) {
				t.Errorf("the problem does not say when to return: %#v", err)
			}
		})
	}
}

func TestRetriesEndAndARefusalIsNotRetriedAtAll(t *testing.T) {
	for status, want := range map[int]int{502: 5, 503: 5, 504: 5, 429: 5, 422: 1, 402: 1, 401: 1, 500: 1, 302: 1} {
		synctest.Test(t, func(t *testing.T) {
			tries := 0
			c, stop := serveInMemory(t, client.Options{}, func(w http.ResponseWriter, r *http.Request) {
				tries++
				problem(w, status, "some_code")
			})
			defer stop()
			_, err := c.Cancel(t.Context(), "msg_1")
			if p, ok := errors.AsType[*client.Problem](err); !ok || p.Status != status || tries != want {
				t.Errorf("status %d: %d tries, error %v; want %d tries and the problem", status, tries, err, want)
			}
		})
	}
}

func TestACallEndsWithItsContextAlsoBetweenTries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, stop := serveInMemory(t, client.Options{}, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Retry-After", "30")
			problem(w, http.StatusServiceUnavailable, "unavailable")
		})
		defer stop()
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		began := time.Now()
		_, err := c.Credit(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || !client.IsProblem(err, "unavailable") || time.Since(began) != 3*time.Second {
			t.Errorf("after %s: %v; want both reasons after 3s", time.Since(began), err)
		}
	})
}

func TestAProblemKeepsEveryMember(t *testing.T) {
	const raw = `{"type":"about:blank","title":"Payment Required","status":402,"detail":"too little credit","code":"insufficient_credit",` +
		`"request_id":"req_1","needed":"18.00","available":"5.00","recharge":{"enabled":false},"errors":[{"pointer":"/text","detail":"x","code":"validation"}]}`
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json; charset=utf-8")
		w.WriteHeader(402)
		io.WriteString(w, raw)
	})
	_, err := c.Send(t.Context(), client.Draft{})
	got, ok := errors.AsType[*client.Problem](err)
	if !ok {
		t.Fatalf("Send: %v, want a problem", err)
	}
	want := &client.Problem{Type: "about:blank", Title: "Payment Required", Status: 402, Detail: "too little credit", Code: "insufficient_credit",
		RequestID: "req_1", Needed: "18.00", Available: "5.00", Raw: json.RawMessage(raw),
		Errors: []client.FieldError{{Pointer: "/text", Detail: "x", Code: "validation"}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if text := err.Error(); text != "too little credit (insufficient_credit, HTTP 402)" {
		t.Errorf("its text is %q", text)
	}
}

func TestAReplyThatIsNotOursIsAProblemWithoutACode(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "https://elsewhere.example/")
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusMovedPermanently)
		io.WriteString(w, "<html>")
	})
	_, err := c.Credit(t.Context())
	p, ok := errors.AsType[*client.Problem](err)
	if !ok || p.Status != 301 || p.Code != "" || !strings.Contains(p.Error(), "https://elsewhere.example/") {
		t.Errorf("Credit: %v, want a problem that says where to go", err)
	}
}

func TestAnAddressMustBeAnHTTPAddress(t *testing.T) {
	for _, address := range []string{"", "localhost:8080", "ftp://x", "http://", "http://x?a=b", "http://x y"} {
		if _, err := client.New(address, "", client.Options{}); err == nil {
			t.Errorf("New(%q) succeeded", address)
		}
	}
}

func TestTheLanguageOfRefusalsIsAskedForWhereItIsSaid(t *testing.T) {
	for _, language := range []string{"", "ko", "ko-KR,en;q=0.5"} {
		var got []string
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			got = r.Header.Values("Accept-Language")
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusNotFound)
			io.WriteString(w, `{"code":"not_found","detail":"템플릿 \"A\"을(를) 찾을 수 없습니다"}`)
		}))
		c, err := client.New(s.URL, "", client.Options{Language: language})
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Template(t.Context(), "A")
		s.Close()
		if strings.Join(got, "|") != language || !client.IsProblem(err, "not_found") || !strings.Contains(err.Error(), "찾을 수 없습니다") {
			t.Errorf("%q: the request asked for %q, and the call ended with %v", language, got, err)
		}
	}
}

func TestAPathBeforeTheAPIIsKeptAndNamesAreEscaped(t *testing.T) {
	var got string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { got = r.RequestURI; io.WriteString(w, `{}`) }))
	defer s.Close()
	c, err := client.New(s.URL+"/msg/", "", client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Template(t.Context(), "a/b ?"); err != nil {
		t.Fatal(err)
	}
	if want := "/msg/v1/templates/a%2Fb%20%3F"; got != want {
		t.Errorf("asked for %s, want %s", got, want)
	}
}
