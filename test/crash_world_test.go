package test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"creditmsg/client"
	"creditmsg/internal/db"
	"creditmsg/internal/server"
)

// mortal is an installation whose program is killed again and again: the program and
// the provider simulator are processes of their own, and both directions between them
// lead through this test, which sees every request and strikes at chosen ones. What
// the program says after its death is never heard; what it had said before arrives.
type mortal struct {
	*apart
	size      crashSize
	blind     bool   // the provider cannot be asked: every look-up fails
	simulated string // address of the simulator
	look      *db.DB // the test's own eyes
	token     string
	shopper   *client.Client
	tally     tally

	mu    sync.Mutex
	up    chan struct{} // guarded by mu; closed while the program serves
	snare *snare        // guarded by mu; nil = nobody strikes
	pile  *pile         // guarded by mu; reports that gather before they go in together
}

// crashSize says how much of everything there is.
type crashSize struct {
	people  int           // recipients
	calls   int           // kills that must hit a call that is being made
	letters int           // kills that must hit reports that are taken in and not applied
	every   int           // moments that are let go between two kills, at least
	speed   int           // legs in a second and in a call
	timeout time.Duration // of one request to the provider
	grace   time.Duration // between two look-ups
	lease   time.Duration
	expire  time.Duration // how long a leg may wait for its report; 0 = the usual
	unheard time.Duration // the same where the provider cannot be asked: it must outlast the reports that are read again
}

const crashConfig = `listen: %s
database: {url: %q}
log: {level: warn}
delivery: {lookup_grace: %s, lease: %s, expire_text: %s, expire_long: %s}
providers:
  - {name: solapi, kind: solapi, url: %q, api_key: %s, api_secret: %s, max_per_second: %d, timeout: %s, webhook: {secret: hook}}
`

// newMortal sets an installation up and starts it.
func newMortal(t *testing.T, database string, size crashSize, blind bool) *mortal {
	t.Helper()
	m := &mortal{apart: &apart{t: t, dir: t.TempDir(), roles: "api,worker"}, size: size, blind: blind, up: make(chan struct{}), tally: newTally()}
	hook := httptest.NewServer(http.HandlerFunc(m.report))
	t.Cleanup(hook.Close)
	m.simulated = m.simulator(strings.TrimPrefix(hook.URL, "http://"))
	if blind {
		m.play(`{"lookup": false}`)
	}
	vendor := httptest.NewServer(http.HandlerFunc(m.request))
	t.Cleanup(vendor.Close)

	door := freeAddress(t)
	m.url, m.file = "http://"+door, filepath.Join(m.dir, "creditmsg.yaml")
	expire := size.expire
	if expire == 0 {
		expire = 73 * time.Hour
	}
	text := fmt.Sprintf(crashConfig, door, database, size.grace, size.lease, expire, expire,
		vendor.URL, server.SimulatorKey, server.SimulatorSecret, size.speed, size.timeout)
	if err := os.WriteFile(m.file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var err error
	if m.config, err = server.LoadConfig(m.file, nil); err != nil {
		t.Fatal(err)
	}
	m.office = operator(t, m.config)
	if m.look, err = db.Open(within(t), database, db.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.look.Close() })
	m.token = tenant(t, m.office, "shop", map[string]string{"alimtalk": "9", "sms": "18"})
	if m.shopper, err = client.New(m.url, m.token, client.Options{Retries: -1}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.end)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the program logged:\n%s", m.lastLogged())
		}
	})
	m.revive()
	return m
}

// play gives the simulator a scenario.
func (m *mortal) play(scenario string) {
	m.t.Helper()
	req, err := http.NewRequest(http.MethodPut, m.simulated+"/_sim/scenario", strings.NewReader(scenario))
	if err != nil {
		m.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		m.t.Fatal(err)
	}
	defer res.Body.Close()
	if text, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusOK {
		m.t.Fatalf("the simulator does not play %s: %d %s", scenario, res.StatusCode, text)
	}
}

// revive starts the program and lets the simulator's reports through to it.
func (m *mortal) revive() {
	m.t.Helper()
	m.spawn()
	m.ready()
	m.mu.Lock()
	defer m.mu.Unlock()
	close(m.up)
}

// kill ends the program as a power cut would: at once, and heard by nobody.
func (m *mortal) kill() {
	m.mu.Lock()
	m.up = make(chan struct{})
	m.mu.Unlock()
	_ = m.serve.Process.Kill()
	<-m.ended
	m.serve = nil
}

// serving waits until the program serves, or until it is too late.
func (m *mortal) serving(late <-chan time.Time) bool {
	m.mu.Lock()
	up := m.up
	m.mu.Unlock()
	select {
	case <-up:
		return true
	case <-late:
		return false
	}
}

// request carries one request of the program to the simulator. What has left the
// program arrives, also when the program is dead by then.
func (m *mortal) request(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // it died while it spoke: half a request does nothing
	}
	if m.strike(rw, before(r)) {
		return
	}
	res, reply, err := forward(m.simulated+r.URL.RequestURI(), r, body)
	if err != nil {
		m.t.Errorf("the simulator does not answer: %v", err)
		hangUp(rw)
		return
	}
	if m.strike(rw, after(r)) {
		return
	}
	answer(rw, res, reply)
}

// report carries one delivery report of the simulator to the program, and repeats it
// when the program dies over it: sooner than the simulator would, who does that after
// ten seconds and gives up an answer after five.
func (m *mortal) report(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the simulator ends, and with it the test
	}
	m.gather()
	m.strike(nil, reportComing)
	for late := time.After(4 * time.Second); m.serving(late); {
		res, reply, err := forward(m.url+r.URL.RequestURI(), r, body)
		if err != nil {
			continue
		}
		if res.StatusCode == http.StatusOK {
			m.strike(nil, reportTaken)
		}
		answer(rw, res, reply)
		return
	}
	hangUp(rw)
}

// forward makes the request once more, to another address. It belongs to nobody who
// may leave: a request that is under way arrives.
func forward(url string, r *http.Request, body []byte) (*http.Response, []byte, error) {
	out, err := http.NewRequest(r.Method, url, bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	out.Header = r.Header.Clone()
	res, err := http.DefaultClient.Do(out)
	if err != nil {
		return nil, nil, err
	}
	defer res.Body.Close()
	reply, err := io.ReadAll(res.Body)
	return res, reply, err
}

func answer(rw http.ResponseWriter, res *http.Response, body []byte) {
	for name, values := range res.Header {
		rw.Header()[name] = values
	}
	rw.WriteHeader(res.StatusCode)
	_, _ = rw.Write(body)
}

// hangUp ends the connection without an answer.
func hangUp(rw http.ResponseWriter) {
	if conn, _, err := rw.(http.Hijacker).Hijack(); err == nil {
		_ = conn.Close()
	}
}
