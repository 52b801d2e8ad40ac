package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// api is a stand-in for the HTTP API at the socket. It judges recipients by the first
// two rules of the contract (11 digits; each number once) and answers as it does.
type api struct {
	url string
	// looks are the states that GET /v1/messages/{id} shows, one after the other; the
	// last one stays.
	looks []string
	// refuse answers a write instead of accepting it.
	refuse func(w http.ResponseWriter, r *http.Request)

	mu       sync.Mutex
	uploads  []string  // guarded by mu: what came to /v1/attachments, as query and content
	arrived  []byte    // guarded by mu: of the one message that comes in pieces
	requests []request // guarded by mu
	polls    int       // guarded by mu
}

// request is one write as it came in.
type request struct {
	path, kind, key, token string
	message                map[string]any
	recipients             []map[string]any
}

func newAPI(t *testing.T) *api {
	t.Helper()
	t.Setenv("CREDITMSG_URL", "")
	t.Setenv("CREDITMSG_TOKEN", "")
	a := &api{looks: []string{`{"status":"done"}`}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/messages", a.post)
	mux.HandleFunc("POST /v1/messages/estimate", a.post)
	mux.HandleFunc("GET /v1/messages/msg_1", a.look)
	mux.HandleFunc("POST /v1/attachments", a.attach)
	mux.HandleFunc("POST /v1/uploads", a.pieces)
	mux.HandleFunc("PATCH /v1/uploads/upl_1", a.pieces)
	mux.HandleFunc("POST /v1/uploads/upl_1/send", a.pieces)
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	a.url = s.URL
	return a
}

func (a *api) post(w http.ResponseWriter, r *http.Request) {
	in, err := readRequest(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	a.mu.Lock()
	a.requests = append(a.requests, in)
	a.mu.Unlock()
	if a.refuse != nil {
		a.refuse(w, r)
		return
	}
	total, rejections, duplicates := judge(in.recipients)
	accepted := total - len(rejections) - len(duplicates)
	if strings.HasSuffix(r.URL.Path, "estimate") {
		fmt.Fprintf(w, `{"estimated_cost":"%d.00","expected_cost":"1.00","worst_case":"1234567.50","by_channel":{"sms":{"count":%d,"unit_price":"18.00","cost":"36.00"}},
			"bytes":{"min":4,"max":9},"recipients":%d,"rejected_by_code":{"invalid_number":%d},"available":"500.00","sufficient":false}`,
			18*accepted, accepted, accepted, len(rejections))
		return
	}
	w.WriteHeader(http.StatusAccepted)
	json.NewEncoder(w).Encode(map[string]any{"id": "msg_1", "status": "accepted", "strategy": in.message["strategy"],
		"recipients": map[string]int{"total": total, "accepted": accepted, "duplicate": len(duplicates), "rejected": len(rejections)},
		"rejections": rejections, "rejected_by_code": map[string]int{"invalid_number": len(rejections)}, "rejections_truncated": false,
		"duplicates": duplicates, "planned": map[string]int{"alimtalk": accepted}, "fallback": map[string]int{"sms": accepted},
		"estimated_cost": "1234.50", "held": "9.00", "scheduled_at": in.message["scheduled_at"], "created_at": "2026-11-22T05:00:00.123456Z",
		"later_member": 12345678901234567})
}

// pieces is an upload: it takes what comes for its end, and posts all of it when it is sent.
func (a *api) pieces(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	a.mu.Lock()
	at := fmt.Sprint(len(a.arrived))
	if r.Method == http.MethodPatch && err == nil && r.URL.Query().Get("offset") == at {
		a.arrived = append(a.arrived, body...)
	}
	whole := bytes.Clone(a.arrived)
	a.mu.Unlock()
	if strings.HasSuffix(r.URL.Path, "/send") {
		r.Body = io.NopCloser(bytes.NewReader(whole))
		r.Header.Set("Content-Type", "application/x-ndjson")
		a.post(w, r)
		return
	}
	fmt.Fprintf(w, `{"id":"upl_1","state":"open","bytes":%d}`, len(whole))
}

func readRequest(r *http.Request) (request, error) {
	in := request{path: r.URL.Path, kind: r.Header.Get("Content-Type"), key: r.Header.Get("Idempotency-Key"), token: r.Header.Get("Authorization")}
	if in.kind != "application/x-ndjson" {
		if err := json.NewDecoder(r.Body).Decode(&in.message); err != nil {
			return in, err
		}
		list, _ := in.message["recipients"].([]any)
		for _, one := range list {
			in.recipients = append(in.recipients, one.(map[string]any))
		}
		delete(in.message, "recipients")
		return in, nil
	}
	lines := bufio.NewScanner(r.Body)
	for lines.Scan() {
		var object map[string]any
		if err := json.Unmarshal(lines.Bytes(), &object); err != nil {
			return in, err
		}
		if in.message == nil {
			in.message = object
			continue
		}
		in.recipients = append(in.recipients, object)
	}
	return in, lines.Err()
}

func judge(recipients []map[string]any) (total int, rejections, duplicates []map[string]any) {
	rejections, duplicates = []map[string]any{}, []map[string]any{}
	first := map[string]int{}
	for i, r := range recipients {
		to := strings.ReplaceAll(r["to"].(string), "-", "")
		switch at, twice := first[to]; {
		case len(to) != 11:
			rejections = append(rejections, map[string]any{"index": i, "to": r["to"], "code": "invalid_number", "detail": "a mobile number has 11 digits"})
		case twice:
			duplicates = append(duplicates, map[string]any{"index": i, "to": r["to"], "first_index": at})
		default:
			first[to] = i
		}
	}
	return len(recipients), rejections, duplicates
}

func (a *api) look(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	state := a.looks[min(a.polls, len(a.looks)-1)]
	a.polls++
	a.mu.Unlock()
	fmt.Fprintf(w, `{"id":"msg_1","created_at":"2026-11-22T05:00:00Z",%s`, strings.TrimPrefix(state, "{"))
}

// attach takes a picture. One that begins with MZ is no picture, one with PNG needs resize.
func (a *api) attach(w http.ResponseWriter, r *http.Request) {
	content, _ := io.ReadAll(r.Body)
	a.mu.Lock()
	a.uploads = append(a.uploads, r.URL.RawQuery+" "+string(content))
	n := len(a.uploads)
	a.mu.Unlock()
	status, problem := 0, ""
	switch {
	case bytes.HasPrefix(content, []byte("MZ")):
		status, problem = http.StatusUnsupportedMediaType, `"code":"unsupported_media_type","detail":"it looks like a program"`
	case bytes.HasPrefix(content, []byte("PNG")) && r.FormValue("resize") != "true":
		status, problem = http.StatusUnprocessableEntity, `"code":"validation","detail":"the picture cannot be sent as it is","errors":[{"pointer":"/file","detail":"the picture is a PNG","code":"validation"}]`
	}
	if problem != "" {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"type":"/docs","title":"t","status":%d,"request_id":"r",%s}`, status, problem)
		return
	}
	w.WriteHeader(http.StatusCreated)
	fmt.Fprintf(w, `{"id":"att_%d"}`, n)
}

// only gives the one write that came in.
func (a *api) only(t *testing.T) request {
	t.Helper()
	all := a.writes()
	if len(all) != 1 {
		t.Fatalf("%d writes came in, want 1", len(all))
	}
	return all[0]
}

// writes gives all of them.
func (a *api) writes() []request {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.requests)
}

// send runs the verb against the stand-in.
func (a *api) send(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	return run(t, "", append([]string{"send", "--url", a.url, "--token", "cm_test_x"}, args...)...)
}

func run(t *testing.T, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	code = realMain(t.Context(), args, strings.NewReader(stdin), &out, &err)
	return code, out.String(), err.String()
}

// object reads the one JSON object that a run printed.
func object(t *testing.T, stdout string) map[string]any {
	t.Helper()
	var o map[string]any
	d := json.NewDecoder(strings.NewReader(stdout))
	if err := d.Decode(&o); err != nil {
		t.Fatalf("standard output is not a JSON object: %v\n%s", err, stdout)
	}
	if _, err := d.Token(); err != io.EOF {
		t.Fatalf("something follows the JSON object:\n%s", stdout)
	}
	return o
}

func wants(t *testing.T, name, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("%s lacks %q:\n%s", name, p, text)
		}
	}
}
