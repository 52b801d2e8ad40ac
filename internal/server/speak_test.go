package server

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"

	"creditmsg/internal/api"
)

// unreadable are requests that are none, with the status and the code of their refusal. Those
// with status 0 are answered with another one than a refusal, or the connection is ended.
var unreadable = map[string]struct {
	request string
	status  int
	code    string
}{
	"no request line":                {"hello\r\n\r\n", 400, "malformed"},
	"a line of one word":             {"GET\r\nHost: x\r\n\r\n", 400, "malformed"},
	"a method that is no word":       {"G@T / HTTP/1.1\r\nHost: x\r\n\r\n", 400, "malformed"},
	"no version":                     {"GET /\r\nHost: x\r\n\r\n", 400, "malformed"},
	"a version that is none":         {"GET / HTTP/x.y\r\nHost: x\r\n\r\n", 400, "malformed"},
	"HTTP/3":                         {"GET / HTTP/3.0\r\nHost: x\r\n\r\n", 400, "malformed"},
	"HTTP/2 in clear text":           {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "malformed"},
	"no Host":                        {"GET / HTTP/1.1\r\n\r\n", 400, "malformed"},
	"two Hosts":                      {"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400, "malformed"},
	"a Host that is none":            {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400, "malformed"},
	"a field without a colon":        {"GET / HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n", 400, "malformed"},
	"a blank before a colon":         {"GET / HTTP/1.1\r\nHost: x\r\nA : b\r\n\r\n", 400, "malformed"},
	"a field over two lines":         {"GET / HTTP/1.1\r\nHost: x\r\n A: b\r\n\r\n", 400, "malformed"},
	"a NUL in a field":               {"GET / HTTP/1.1\r\nHost: x\r\nA: \x00\r\n\r\n", 400, "malformed"},
	"two lengths":                    {"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx", 400, "malformed"},
	"a length that is none":          {"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400, "malformed"},
	"a length over all bounds":       {"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n", 400, "malformed"},
	"an unknown Transfer-Encoding":   {"POST /v1/messages HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 400, "malformed"},
	"two Transfer-Encodings":         {"POST /v1/messages HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "malformed"},
	"another Expect":                 {"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nExpect: miracles\r\n\r\nx", 400, "malformed"},
	"a chunk that is none":           {"POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400, "malformed"},
	"a head over 64 KiB":             {"GET / HTTP/1.1\r\nHost: x\r\nA: " + strings.Repeat("a", 80<<10) + "\r\n\r\n", 431, "head_too_large"},
	"fields over 64 KiB":             {"GET / HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("A: aaaaaaaaaaaaaaaa\r\n", 5000) + "\r\n", 431, "head_too_large"},
	"too many fields":                {"GET /healthz HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("A: a\r\n", 101) + "\r\n", 431, "head_too_large"},
	"a long address":                 {"GET /healthz?" + strings.Repeat("a", 9000) + " HTTP/1.1\r\nHost: x\r\n\r\n", 431, "head_too_large"},
	"an address that is none":        {"GET http://[::1 HTTP/1.1\r\nHost: x\r\n\r\n", 400, "malformed"},
	"an address without its slash":   {"GET healthz HTTP/1.1\r\nHost: x\r\n\r\n", 400, "malformed"},
	"a star":                         {"GET * HTTP/1.1\r\nHost: x\r\n\r\n", 400, "malformed"},
	"CONNECT":                        {"CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n", 405, "method_not_allowed"},
	"TRACE":                          {"TRACE /v1/credit HTTP/1.1\r\nHost: x\r\n\r\n", 405, "method_not_allowed"},
	"TRACE of nothing":               {"TRACE /nothing HTTP/1.1\r\nHost: x\r\n\r\n", 404, "not_found"},
	"a method that nobody knows":     {"BREW /v1/messages HTTP/1.1\r\nHost: x\r\n\r\n", 405, "method_not_allowed"},
	"a path beside the root":         {"GET //v1/../healthz HTTP/1.1\r\nHost: x\r\n\r\n", 404, "not_found"},
	"a path that is no text":         {"GET /v1/templates/%ff HTTP/1.1\r\nHost: x\r\n\r\n", 400, "malformed"},
	"an upgrade":                     {"GET /v1/credit HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", 401, "unauthenticated"},
	"a whole address":                {"GET http://elsewhere/v1/credit HTTP/1.1\r\nHost: x\r\n\r\n", 401, "unauthenticated"},
	"HTTP/1.0":                       {"GET /v1/credit HTTP/1.0\r\n\r\n", 401, "unauthenticated"},
	"a length and chunks":            {"POST /webhooks/none HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 404, "not_found"},
	"a length that is given twice":   {"POST /webhooks/none HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}", 404, "not_found"},
	"OPTIONS of nothing":             {"OPTIONS /nothing HTTP/1.1\r\nHost: x\r\n\r\n", 404, "not_found"},
	"TLS in clear text":              {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400, "malformed"},
	"a body that ends before it has": {"POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{", 400, "malformed"},
}

// spokenTo sends bytes and gives the first reply to them. Whoever speaks to us so may stop
// speaking in the middle.
func spokenTo(t *testing.T, c net.Conn, request string) (*http.Response, []byte) {
	t.Helper()
	go func() {
		_, _ = io.WriteString(c, request) // what is refused may not be read to its end
		if half, ok := c.(interface{ CloseWrite() error }); ok {
			_ = half.CloseWrite()
		}
	}()
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatalf("no reply: %v", err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("the reply breaks off: %v", err)
	}
	return res, body
}

func TestWhatIsNoRequestIsAProblemLikeAnyOther(t *testing.T) {
	p := running(t, testConfig(t, simulatedAccount("http://127.0.0.1:1")), Options{})
	refusesWhatIsNone(t, func() net.Conn { return dial(t, p.door) })
}

func refusesWhatIsNone(t *testing.T, call func() net.Conn) {
	for name, u := range unreadable {
		t.Run(name, func(t *testing.T) {
			res, body := spokenTo(t, call(), u.request)
			var got struct {
				Type, Title, Detail, Code string
				Status                    int
				RequestID                 string `json:"request_id"`
			}
			if err := json.Unmarshal(body, &got); err != nil {
				t.Fatalf("%s: %s", err, body)
			}
			if res.StatusCode != u.status || got.Code != u.code || got.Status != u.status || got.Title == "" || got.Detail == "" {
				t.Errorf("got %d %s, want %d %s", res.StatusCode, body, u.status, u.code)
			}
			if res.Header.Get("Content-Type") != "application/problem+json" || got.RequestID == "" || got.RequestID != res.Header.Get("X-Request-Id") {
				t.Errorf("got %v", res.Header)
			}
		})
	}
}

func TestOptionsAndHeadOfKnownPathsNeedNoBody(t *testing.T) {
	p := running(t, testConfig(t), Options{})
	for request, want := range map[string]string{
		"OPTIONS /v1/messages HTTP/1.1":            "GET, HEAD, OPTIONS, POST",
		"OPTIONS /v1/templates/%EB%AC%B8 HTTP/1.1": "DELETE, GET, HEAD, OPTIONS, PUT",
		"OPTIONS * HTTP/1.1":                       "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT",
	} {
		res, body := spokenTo(t, dial(t, p.door), request+"\r\nHost: x\r\n\r\n")
		if res.StatusCode != 204 || len(body) != 0 || res.Header.Get("Allow") != want {
			t.Errorf("%s: got %d %v %s", request, res.StatusCode, res.Header, body)
		}
	}
	for path, want := range map[string]int{"/healthz": 200, "/openapi.json": 200, "/v1/credit": 401, "/nothing": 404} {
		res, err := http.Head(p.URL() + path)
		if err != nil {
			t.Fatal(err)
		}
		if res.Body.Close(); res.StatusCode != want || res.ContentLength <= 0 {
			t.Errorf("HEAD %s: got %d, length %d", path, res.StatusCode, res.ContentLength)
		}
	}
}

// TestAReplyIsNeverTakenForWhatTheServerSays has a route answer with what looks like the words of
// the library's server.
func TestAReplyIsNeverTakenForWhatTheServerSays(t *testing.T) {
	const said = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n400 Bad Request"
	words, err := api.New(api.Deps{})
	if err != nil {
		t.Fatal(err)
	}
	h := struct {
		http.Handler
		wording
	}{http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("x", 4096))
		w.(http.Flusher).Flush()
		_, _ = io.WriteString(w, said)
		w.(http.Flusher).Flush()
	}), words.(wording)}
	g := &gate{most: 10}
	l := gated(t, g, h)
	c := dial(t, l)
	for range 3 { // also on a connection that is used again
		if _, err := fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(res.Body); err != nil || !strings.HasSuffix(string(body), said) {
			t.Fatalf("%v: %s", err, body[max(0, len(body)-200):])
		}
	}
	_, body := spokenTo(t, c, "nonsense\r\n\r\n")
	if !strings.Contains(string(body), `"code":"malformed"`) {
		t.Errorf("afterwards got %s", body)
	}
}

func FuzzRefusal(f *testing.F) {
	for _, seed := range []string{"HTTP/1.1 431 Request Header Fields Too Large\r\n\r\n", "HTTP/1.1 400 Bad Request: x\r\n", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1", "", "HTTP/1.1 x"} {
		f.Add(seed)
	}
	a, err := api.New(api.Deps{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, p string) {
		status, said, ok := refusal(p)
		if !ok {
			return
		}
		res, err := http.ReadResponse(bufio.NewReader(strings.NewReader(string(a.(wording).Unread(status, said)))), nil)
		if err != nil || res.StatusCode != 400 && res.StatusCode != 431 {
			t.Fatalf("%q: %v", p, err)
		}
		if text, err := io.ReadAll(res.Body); err != nil || !json.Valid(text) {
			t.Fatalf("%q: %v, %s", p, err, text)
		}
	})
}
