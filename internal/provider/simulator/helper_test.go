package simulator

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// world is a simulator that runs behind a real server, with a webhook receiver.
type world struct {
	*testing.T
	sim     *Simulator
	server  *httptest.Server
	client  *http.Client
	key     string
	secret  string
	webhook *receiver
}

// receiver is a customer's webhook: it keeps what came and answers as told.
type receiver struct {
	server *httptest.Server
	mu     sync.Mutex
	calls  []hookCall
	status func(call int) int
	more   chan struct{}
}

type hookCall struct {
	header  http.Header
	reports []reportView
	body    string
	url     string
	at      time.Time
}

type reportView struct {
	MessageID    string            `json:"messageId"`
	GroupID      string            `json:"groupId"`
	Type         string            `json:"type"`
	To           string            `json:"to"`
	From         string            `json:"from"`
	StatusCode   string            `json:"statusCode"`
	DateReceived *string           `json:"dateReceived"`
	CustomFields map[string]string `json:"customFields"`
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{more: make(chan struct{}, 1), status: func(int) int { return 200 }}
	r.server = httptest.NewServer(r)
	t.Cleanup(r.server.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, _ := io.ReadAll(q.Body)
	c := hookCall{header: q.Header, body: string(body), at: time.Now()}
	_ = json.Unmarshal(body, &c.reports)
	r.mu.Lock()
	r.calls = append(r.calls, c)
	status := r.status(len(r.calls))
	r.mu.Unlock()
	w.WriteHeader(status)
	signal(r.more)
}

// reports waits until n reports came.
func (r *receiver) reports(t *testing.T, n int) []reportView {
	t.Helper()
	late := time.After(20 * time.Second)
	for {
		r.mu.Lock()
		var all []reportView
		for _, c := range r.calls {
			all = append(all, c.reports...)
		}
		r.mu.Unlock()
		if len(all) >= n {
			return all
		}
		select {
		case <-r.more:
		case <-late:
			t.Fatalf("reports: got %d, want %d: %+v", len(all), n, all)
		}
	}
}

func newWorld(t *testing.T, change func(*Options)) *world {
	t.Helper()
	w := &world{T: t, key: DefaultKey, secret: DefaultSecret, webhook: newReceiver(t), client: &http.Client{Transport: &http.Transport{}}}
	o := Options{Seed: 1, AcceptDelay: -1, ReportDelay: -1, ReportURL: w.webhook.server.URL, ReportSecret: "my-webhook-secret"}
	if change != nil {
		change(&o)
	}
	w.sim = New(o)
	w.server = httptest.NewServer(w.sim.Handler())
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.sim.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: got %v, want nil", err)
		}
		w.server.Close()
		w.client.CloseIdleConnections()
	})
	return w
}

func (w *world) authorization() string {
	salt := rand.Text()
	date := time.Now().UTC().Format(time.RFC3339)
	mac := hmac.New(sha256.New, []byte(w.secret))
	mac.Write([]byte(date + salt))
	return fmt.Sprintf("HMAC-SHA256 apiKey=%s, date=%s, salt=%s, signature=%s", w.key, date, salt, hex.EncodeToString(mac.Sum(nil)))
}

// do makes a signed request; body is JSON text, or anything to be marshalled.
func (w *world) do(method, path string, body any) (int, []byte) {
	w.Helper()
	var content []byte
	switch b := body.(type) {
	case nil:
	case string:
		content = []byte(b)
	default:
		content, _ = json.Marshal(b)
	}
	req, err := http.NewRequest(method, w.server.URL+path, bytes.NewReader(content))
	if err != nil {
		w.Fatal(err)
	}
	req.Header.Set("Authorization", w.authorization())
	req.Header.Set("Content-Type", "application/json")
	res, err := w.client.Do(req)
	if err != nil {
		w.Fatal(err)
	}
	defer res.Body.Close()
	out, err := io.ReadAll(res.Body)
	if err != nil {
		w.Fatal(err)
	}
	return res.StatusCode, out
}

// attempt makes a POST that may fail; status 0 = no answer came.
func (w *world) attempt(path string, body any) (int, http.Header) {
	w.Helper()
	content, err := json.Marshal(body)
	if err != nil {
		w.Fatal(err)
	}
	req, err := http.NewRequest("POST", w.server.URL+path, bytes.NewReader(content))
	if err != nil {
		w.Fatal(err)
	}
	req.Header.Set("Authorization", w.authorization())
	res, err := w.client.Do(req)
	if err != nil {
		return 0, nil
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, res.Body)
	return res.StatusCode, res.Header
}

// ok makes a request that must be answered with 200 and reads the answer into v.
func (w *world) ok(method, path string, body, v any) {
	w.Helper()
	status, out := w.do(method, path, body)
	if status != http.StatusOK {
		w.Fatalf("%s %s: got %d %s, want 200", method, path, status, out)
	}
	if v == nil {
		return
	}
	if err := json.Unmarshal(out, v); err != nil {
		w.Fatalf("%s %s: %v in %s", method, path, err, out)
	}
}

// refused makes a request that must be answered with this error.
func (w *world) refused(method, path string, body any, status int, code string) {
	w.Helper()
	got, out := w.do(method, path, body)
	var e struct{ ErrorCode, ErrorMessage string }
	_ = json.Unmarshal(out, &e)
	if got != status || e.ErrorCode != code || e.ErrorMessage == "" {
		w.Fatalf("%s %s: got %d %s, want %d %s", method, path, got, out, status, code)
	}
}

const (
	pf      = "KA01PF260101000000000AbCdEfGhIjK"
	tp      = "KA01TP260101000000000LmNoPqRsTuV"
	sender  = "0261234567"
	someone = "01012345678"
)

type groupReply struct {
	GroupID string
	Status  string
	Count   groupCount
	Balance struct{ Requested, Replacement, Refund, Sum float64 }
	Log     []map[string]string
}

type resultReply struct {
	ErrorCount int
	ResultList []struct {
		To, From, Type, Country, MessageID, StatusCode, StatusMessage, AccountID string
		CustomFields                                                             map[string]string
	}
}

// newGroup creates a group and adds messages to it.
func (w *world) newGroup(messages ...any) (string, resultReply) {
	w.Helper()
	var g groupReply
	w.ok("POST", "/messages/v4/groups", `{}`, &g)
	var r resultReply
	if len(messages) > 0 {
		w.ok("PUT", "/messages/v4/groups/"+g.GroupID+"/messages", map[string]any{"messages": messages}, &r)
	}
	return g.GroupID, r
}

func text(to, ref string) map[string]any {
	return map[string]any{"to": to, "from": sender, "text": "안녕하세요", "customFields": map[string]string{"ref": ref}}
}

func alimtalk(to, ref string) map[string]any {
	return map[string]any{"to": to, "from": sender, "text": "김하나님, 예약이 확정되었습니다.", "customFields": map[string]string{"ref": ref},
		"kakaoOptions": map[string]any{"pfId": pf, "templateId": tp, "disableSms": true}}
}
