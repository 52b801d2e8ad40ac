package solapi

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/provider"
)

const (
	testKey    = "SIMULATORKEY0001"
	testSecret = "SIMULATORSECRET0123456789ABCDEFGH"
	testGroup  = "G4V20261122180000ABCDEFGHJKLMNPQ"
)

// step is one request of the protocol.
type step string

const (
	create step = "create"
	add    step = "add"
	send   step = "send"
	get    step = "get"
	list   step = "list"
	remove step = "remove"
)

// vendor is Solapi at the socket: it behaves, except at the steps that a test
// gives a handler of its own.
type vendor struct {
	*httptest.Server
	t        *testing.T
	odd      map[step]http.HandlerFunc
	codes    map[string]string // by phone: what registering it says instead of 2000
	noCustom bool              // results leave customFields out

	mu     sync.Mutex
	steps  []step
	bodies map[step][]string
	auths  []string
}

func newVendor(t *testing.T, odd map[step]http.HandlerFunc) *vendor {
	v := &vendor{t: t, odd: odd, bodies: map[step][]string{}}
	v.Server = httptest.NewServer(v)
	t.Cleanup(v.Close)
	return v
}

func stepOf(r *http.Request) step {
	path, known := strings.CutPrefix(r.URL.Path, "/messages/v4/groups")
	switch {
	case known && r.Method == http.MethodPost && path == "":
		return create
	case known && r.Method == http.MethodPut && path == "/"+testGroup+"/messages":
		return add
	case known && r.Method == http.MethodPost && path == "/"+testGroup+"/send":
		return send
	case known && r.Method == http.MethodGet && path == "/"+testGroup:
		return get
	case known && r.Method == http.MethodGet && path == "/"+testGroup+"/messages":
		return list
	case known && r.Method == http.MethodDelete && path == "/"+testGroup:
		return remove
	}
	return step(r.Method + " " + r.URL.Path)
}

// ServeHTTP reads the whole body first, since only then a server notices that
// its client went away.
func (v *vendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		v.t.Errorf("read request: %v", err)
	}
	s := stepOf(r)
	v.mu.Lock()
	v.steps = append(v.steps, s)
	v.bodies[s] = append(v.bodies[s], string(body))
	v.auths = append(v.auths, r.Header.Get("Authorization"))
	v.mu.Unlock()
	if odd, ok := v.odd[s]; ok {
		odd(w, r)
		return
	}
	switch s {
	case create:
		reply(w, `{"groupId":%q,"status":"PENDING"}`, testGroup)
	case add:
		v.register(w, body)
	case send, get:
		reply(w, `{"groupId":%q,"status":%q,"count":{"registeredSuccess":0}}`, testGroup, statusSending)
	case list:
		reply(w, `{"startKey":null,"nextKey":null,"limit":500,"messageList":{}}`)
	case remove:
		reply(w, `{"groupId":%q,"status":"DELETED"}`, testGroup)
	default:
		v.t.Errorf("request that the vendor does not know: %s", s)
	}
}

func (v *vendor) register(w http.ResponseWriter, body []byte) {
	var in struct{ Messages []wireMessage }
	if err := json.Unmarshal(body, &in); err != nil {
		v.t.Errorf("read messages: %v", err)
	}
	items := make([]string, len(in.Messages))
	for i, m := range in.Messages {
		code, custom := "2000", fmt.Sprintf(`,"customFields":{"ref":%q}`, m.Custom.Ref)
		if c, ok := v.codes[m.To]; ok {
			code = c
		}
		if v.noCustom {
			custom = ""
		}
		// The vendor promises no order.
		items[len(items)-1-i] = fmt.Sprintf(`{"to":%q,"messageId":"M-%s","statusCode":%q,"statusMessage":"말 %s"%s}`, m.To, m.To, code, code, custom)
	}
	reply(w, `{"errorCount":0,"resultList":[%s]}`, strings.Join(items, ","))
}

// requests are the steps seen so far.
func (v *vendor) requests() []step {
	v.mu.Lock()
	defer v.mu.Unlock()
	return append([]step(nil), v.steps...)
}

// account is the adapter, pointed at the vendor.
func (v *vendor) account(change ...func(*provider.Account)) *account {
	a := provider.Account{Name: "solapi", URL: v.URL, APIKey: testKey, APISecret: testSecret}
	for _, c := range change {
		c(&a)
	}
	p, err := New(a)
	if err != nil {
		v.t.Fatalf("New: %v", err)
	}
	return p.(*account)
}

// within gives one HTTP request this time.
func within(d time.Duration) func(*provider.Account) {
	return func(a *provider.Account) { a.Timeout = d }
}

func reply(w http.ResponseWriter, format string, args ...any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	fmt.Fprintf(w, format, args...)
}

// refuse answers as the vendor refuses.
func refuse(status int, code string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(status)
		reply(w, `{"errorCode":%q,"errorMessage":"거절"}`, code)
	}
}

// bare answers with a status and a body that is not the vendor's.
func bare(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		io.WriteString(w, "<html>gateway</html>")
	}
}

func say(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { reply(w, "%s", body) }
}

func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func cut(w http.ResponseWriter, _ *http.Request) {
	if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
		conn.Close()
	}
}

// half promises more than it sends.
func half(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "500")
	reply(w, `{"groupId":%q,"status":"SENDING"`, testGroup)
}

// textLegs are n SMS to as many phones.
func textLegs(n int) []provider.Leg {
	legs := make([]provider.Leg, n)
	for i := range legs {
		legs[i] = provider.Leg{
			Ref: fmt.Sprintf("demo-rich.%d.1.1", i), To: korea.MobileNumber(uint32(i)), From: "0261234567",
			Channel: provider.SMS, Text: "예약이 확정되었습니다.",
		}
	}
	return legs
}

func callOf(legs []provider.Leg) provider.Call { return provider.Call{ID: id.New(), Legs: legs} }
