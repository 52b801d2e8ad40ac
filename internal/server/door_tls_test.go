package server

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"creditmsg/internal/fault"
)

// pairFiles writes a certificate of the authority for a name into two files.
func pairFiles(t *testing.T, a *authority, certFile, keyFile, name string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.orders++
	if err := a.sign(key.Public(), []string{name}); err != nil {
		t.Fatal(err)
	}
	for file, text := range map[string][]byte{certFile: a.issued, keyFile: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})} {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// withTLS is a configuration with a certificate for msg.example.com.
func withTLS(t *testing.T, a *authority, providers ...ProviderConfig) Config {
	t.Helper()
	c, dir := testConfig(t, providers...), t.TempDir()
	c.TLS.CertFile, c.TLS.KeyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	pairFiles(t, a, c.TLS.CertFile, c.TLS.KeyFile, "msg.example.com")
	return c
}

// browser calls a door by a name, trusting the authority.
func browser(p *Program, a *authority, more func(*tls.Config)) *http.Client {
	config := &tls.Config{RootCAs: a.pool()}
	if more != nil {
		more(config)
	}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true, DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", p.door.Addr().String())
		}}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func fetched(t *testing.T, c *http.Client, url string) *http.Response {
	t.Helper()
	res, err := c.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	return res
}

func TestTheDoorSpeaksTLSAndHTTP2(t *testing.T) {
	a := newAuthority(t, "", nil)
	p := running(t, withTLS(t, a), Options{})
	if !strings.HasPrefix(p.URL(), "https://127.0.0.1:") {
		t.Errorf("it says that it is at %s", p.URL())
	}
	res := fetched(t, browser(p, a, nil), "https://msg.example.com/readyz")
	if res.StatusCode != 200 || res.ProtoMajor != 2 || res.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("got %s %d %v", res.Proto, res.StatusCode, res.Header)
	}
	res = fetched(t, browser(p, a, func(c *tls.Config) { c.NextProtos = []string{"http/1.1"}; c.MaxVersion = tls.VersionTLS12 }), "https://msg.example.com/readyz")
	if res.StatusCode != 200 || res.TLS.Version != tls.VersionTLS12 {
		t.Errorf("by TLS 1.2 got %s %d", res.Proto, res.StatusCode)
	}
	for name, more := range map[string]func(*tls.Config){
		"TLS 1.1":          func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 },
		"another protocol": func(c *tls.Config) { c.NextProtos = []string{"spdy/3"} },
	} {
		config := &tls.Config{InsecureSkipVerify: true}
		more(config)
		if c, err := tls.Dial("tcp", p.door.Addr().String(), config); err == nil {
			_ = c.Close()
			t.Errorf("%s is spoken", name)
		}
	}
	// HTTP/1 inside TLS, whatever the client says of protocols.
	plainly := func() net.Conn {
		c, err := tls.Dial("tcp", p.door.Addr().String(), &tls.Config{ServerName: "msg.example.com", RootCAs: a.pool()})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	refusesWhatIsNone(t, plainly)
}

func TestWhoSpeaksClearTextToTLSIsTold(t *testing.T) {
	a := newAuthority(t, "", nil)
	p := running(t, withTLS(t, a), Options{})
	for _, request := range []string{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n"} {
		res, body := spokenTo(t, dial(t, p.door), request)
		if res.StatusCode != 400 || !strings.Contains(string(body), "https://") || !json.Valid(body) {
			t.Errorf("got %d %s", res.StatusCode, body)
		}
	}
	c := dial(t, p.door)
	_, _ = io.WriteString(c, "\x00\x01\x02\x03\x04\x05\x06")
	if text, _ := io.ReadAll(c); strings.Contains(string(text), "HTTP") {
		t.Errorf("who speaks neither got %q", text)
	}
	if res := fetched(t, browser(p, a, nil), "https://msg.example.com/healthz"); res.StatusCode != 200 {
		t.Errorf("afterwards got %d", res.StatusCode)
	}
}

func TestANewCertificateIsUsedWithoutARestart(t *testing.T) {
	a, again := newAuthority(t, "", nil), make(chan os.Signal)
	c := withTLS(t, a)
	p := running(t, c, Options{Reload: again})
	number := func() string {
		return fetched(t, browser(p, a, nil), "https://msg.example.com/healthz").TLS.PeerCertificates[0].SerialNumber.String()
	}
	first := number()
	pairFiles(t, a, c.TLS.CertFile, c.TLS.KeyFile, "msg.example.com")
	again <- os.Interrupt
	again <- os.Interrupt // the first was done with when this one is taken
	if second := number(); second == first {
		t.Errorf("number %s is used still", second)
	}
	if err := os.WriteFile(c.TLS.KeyFile, []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	second := number()
	again <- os.Interrupt
	again <- os.Interrupt
	if got := number(); got != second {
		t.Errorf("number %s is used after a broken pair, want %s", got, second)
	}
}

func TestACertificateThatCannotBeUsedIsToldAtTheStart(t *testing.T) {
	c := testConfig(t)
	c.TLS.CertFile, c.TLS.KeyFile = "/nowhere/cert.pem", "/nowhere/key.pem"
	_, err := Open(t.Context(), c, Options{})
	wantFault(t, err, fault.Invalid, "tls.cert_file")
}

func TestCertificatesAreAskedForOnceForAllProcesses(t *testing.T) {
	for _, ask := range []string{"http-01", "tls-alpn-01"} {
		t.Run(ask, func(t *testing.T) {
			var first *Program
			a := newAuthority(t, ask, func() string {
				if ask == "http-01" {
					return first.redirect.Addr().String()
				}
				return first.door.Addr().String()
			})
			c := testConfig(t)
			c.ListenRedirect = "127.0.0.1:0"
			c.TLS.Autocert = AutocertConfig{Domains: Names{"msg.example.com"}, Email: "ops@example.com", DirectoryURL: Address(a.server.URL + "/directory")}
			first = running(t, c, Options{})
			second := running(t, c, Options{}) // of the same database
			for _, p := range []*Program{first, second} {
				if res := fetched(t, browser(p, a, nil), "https://msg.example.com/readyz"); res.StatusCode != 200 || res.ProtoMajor != 2 {
					t.Errorf("got %s %d", res.Proto, res.StatusCode)
				}
				if _, err := browser(p, a, nil).Get("https://other.example.com/readyz"); err == nil {
					t.Error("it has a certificate for a name that is not its own")
				}
				probe := browser(p, a, func(c *tls.Config) { c.InsecureSkipVerify = true })
				if res := fetched(t, probe, "https://127.0.0.1/healthz"); res.StatusCode != 200 {
					t.Errorf("a probe got %d", res.StatusCode)
				}
			}
			if a.orders != 1 {
				t.Errorf("%d were asked for, want one", a.orders)
			}
		})
	}
}

func TestClearTextLeadsBrowsersToTLSAndRefusesTokens(t *testing.T) {
	a := newAuthority(t, "", nil)
	c := withTLS(t, a)
	c.ListenRedirect = "127.0.0.1:0"
	p := running(t, c, Options{})
	_, port, _ := net.SplitHostPort(p.door.Addr().String())
	ask := func(method, path, token string) *http.Response {
		t.Helper()
		r, err := http.NewRequest(method, "http://"+p.redirect.Addr().String()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = "msg.example.com"
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		res, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		return res
	}
	if res := ask("GET", "/docs?x=%EB%AC%B8", ""); res.StatusCode != 308 || res.Header.Get("Location") != "https://msg.example.com:"+port+"/docs?x=%EB%AC%B8" {
		t.Errorf("got %d %v", res.StatusCode, res.Header)
	}
	for _, refused := range []*http.Response{ask("GET", "/v1/credit", "cm_live_secret"), ask("POST", "/v1/messages", "")} {
		if refused.StatusCode != 403 || refused.Header.Get("Location") != "" || refused.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("got %d %v", refused.StatusCode, refused.Header)
		}
	}
	p.config.Payments.PublicURL = "https://pay.example.com"
	if got := p.secured("x"); got != "https://pay.example.com" {
		t.Errorf("with a public address it leads to %s", got)
	}
}

func TestASlowClientHasNoMoreTimeWhereTheAuthorityAsks(t *testing.T) {
	a := newAuthority(t, "http-01", func() string { return "" })
	c := testConfig(t)
	c.ListenRedirect = "127.0.0.1:0"
	c.TLS.Autocert = AutocertConfig{Domains: Names{"msg.example.com"}, DirectoryURL: Address(a.server.URL + "/directory")}
	p := running(t, c, Options{})
	for _, path := range []string{"/", "/.well-known/acme-challenge/x"} {
		client := &deadlines{ResponseRecorder: httptest.NewRecorder()}
		r := httptest.NewRequest("POST", "http://msg.example.com"+path, strings.NewReader("x"))
		p.elsewhere().ServeHTTP(client, r)
		if client.reading == 0 || client.writing == 0 || client.Header().Get("X-Request-Id") == "" {
			t.Errorf("POST %s: a client that is slow has %d deadlines to send by, and %d to read by; %v", path, client.reading, client.writing, client.Header())
		}
	}
}

func TestWhereAnAuthorityAsksNobodyElseLearnsOrTakesAnything(t *testing.T) {
	a := newAuthority(t, "http-01", func() string { return "" })
	c := testConfig(t)
	c.ListenRedirect = "127.0.0.1:0"
	c.Limits.Address.RequestsPerMinute = 4
	c.TLS.Autocert = AutocertConfig{Domains: Names{"msg.example.com"}, DirectoryURL: Address(a.server.URL + "/directory")}
	p, err := Open(t.Context(), c, Options{})
	if err != nil {
		t.Fatal(err)
	}
	door := p.elsewhere()
	ask := func(host string) *httptest.ResponseRecorder {
		rec := httptest.NewRecorder()
		door.ServeHTTP(rec, httptest.NewRequest("GET", "http://"+host+"/.well-known/acme-challenge/x", nil))
		return rec
	}
	refused := func(what string, got *httptest.ResponseRecorder, status int) {
		t.Helper()
		if got.Code != status || got.Header().Get("Content-Type") != "application/problem+json" || strings.Contains(got.Body.String(), "certificate") {
			t.Errorf("%s: got %d %v %s, want a problem of %d", what, got.Code, got.Header(), got.Body, status)
		}
	}
	refused("a token that nobody has", ask("msg.example.com"), 404)
	refused("a name that is none of ours", ask("other.example.com"), 404)
	p.Close() // the database is gone
	refused("without a database", ask("msg.example.com"), 404)
	ask("msg.example.com")
	refused("the fifth request of an address", ask("msg.example.com"), 429)
	if words, ok := door.(wording); !ok || !strings.Contains(string(words.Unread(400, "400 Bad Request")), "application/problem+json") {
		t.Error("what cannot be read as a request is refused in the library's words")
	}
}

// TestReportsOfTheSimulatorReachADoorThatSpeaksTLS sends a message by TLS and sees it delivered.
func TestReportsOfTheSimulatorReachADoorThatSpeaksTLS(t *testing.T) {
	a := newAuthority(t, "", nil)
	c := withTLS(t, a, simulatedAccount("http://127.0.0.1:0"))
	c.Providers[0].Name = demoProvider
	p := running(t, c, Options{Roles: Roles})
	demo := Demo{Provider: DemoProvider{Name: demoProvider}, TemplateCode: demoTemplate, Tokens: map[string]string{}, Senders: map[string]string{}}
	if err := p.furnish(t.Context(), &demo); err != nil {
		t.Fatal(err)
	}
	client := browser(p, a, nil)
	do := func(method, path, body string) map[string]any {
		t.Helper()
		r, err := http.NewRequest(method, "https://msg.example.com"+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+demo.Tokens["demo-rich"])
		r.Header.Set("Content-Type", "application/json")
		res, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		var out map[string]any
		if err := json.NewDecoder(res.Body).Decode(&out); err != nil || res.StatusCode > 299 {
			t.Fatalf("got %d %v, %v", res.StatusCode, out, err)
		}
		return out
	}
	of := do("POST", "/v1/messages", `{"strategy":"sms_only","text":{"body":"안녕"},"recipients":[{"to":"010-0000-1234"}]}`)["id"].(string)
	until(t, "it is delivered", func() bool { return do("GET", "/v1/messages/"+of, "")["status"] == "done" })
	if got := do("GET", "/v1/messages/"+of, "")["counts"].(map[string]any)["delivered"]; got != float64(1) {
		t.Errorf("%v were delivered", got)
	}
}

func TestAHandshakeThatHangsEndsWithTheDoor(t *testing.T) {
	a := newAuthority(t, "", nil)
	p := running(t, withTLS(t, a), Options{})
	for range 50 { // stopping is not held up by them
		c := dial(t, p.door)
		_, _ = io.WriteString(c, "\x16\x03\x01\x02")
	}
	if res := fetched(t, browser(p, a, nil), "https://msg.example.com/healthz"); res.StatusCode != 200 {
		t.Errorf("got %d", res.StatusCode)
	}
}

func TestClearTextForOtherMachinesInProductionIsToldAtTheStart(t *testing.T) {
	for name, tt := range map[string]struct {
		set  func(*Config)
		want bool
	}{
		"so":            {func(*Config) {}, true},
		"behind proxy":  {func(c *Config) { c.TrustedProxies = Networks{"10.0.0.0/8"} }, false},
		"no production": {func(c *Config) { c.Production = false }, false},
		"this machine":  {func(c *Config) { c.Listen = "127.0.0.1:0" }, false},
	} {
		c := testConfig(t)
		c.Production, c.Listen = true, ":0"
		tt.set(&c)
		var log bytes.Buffer
		p, err := Open(t.Context(), c, Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		p.Close()
		if got := strings.Count(log.String(), "clear text"); (got == 1) != tt.want {
			t.Errorf("%s: the log says it %d times: %s", name, got, &log)
		}
	}
}

func TestOneConnectionOfHTTP2HasSoManyRequestsAtATime(t *testing.T) {
	a := newAuthority(t, "", nil)
	c := withTLS(t, a)
	c.HTTP.Streams = 7
	p := running(t, c, Options{})
	conn, err := tls.Dial("tcp", p.door.Addr().String(), &tls.Config{ServerName: "msg.example.com", RootCAs: a.pool(), NextProtos: []string{"h2"}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"); err != nil {
		t.Fatal(err)
	}
	head := make([]byte, 9)
	in := bufio.NewReader(conn)
	if _, err := io.ReadFull(in, head); err != nil || head[3] != 4 {
		t.Fatalf("%v: the first frame is %x", err, head)
	}
	settings := make([]byte, int(head[1])<<8|int(head[2]))
	if _, err := io.ReadFull(in, settings); err != nil {
		t.Fatal(err)
	}
	got := ""
	for s := settings; len(s) >= 6; s = s[6:] {
		if s[1] == 3 { // SETTINGS_MAX_CONCURRENT_STREAMS
			got = fmt.Sprint(s[5])
		}
	}
	if got != "7" {
		t.Errorf("the server allows %q requests at a time, want 7", got)
	}
}
