package api

import (
	"context"
	"encoding/json"
	"io"
	"iter"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"creditmsg/client"
	"creditmsg/internal/api/apitest"
)

// clientless are the operations that the Go client has no method for, and why.
var clientless = map[string]string{
	"returnFromCard":    "for browsers",
	"returnFromPayment": "for browsers",
	"takeNotice":        "for gateways",
	"takeReports":       "for providers",
	"getDocs":           "a page for people",
	"getMetrics":        "for Prometheus",
	"getOpenAPI":        "the client is made of it already",
	"getReadiness":      "for supervisors",
}

// heard is one request that the listener got.
type heard struct {
	op     *apitest.Operation // nil = no operation of the document
	target string
	query  url.Values
	body   any // of JSON
}

// listener answers every request with the document's example of a reply, and notes what was
// asked.
type listener struct {
	*apitest.Document
	mu    sync.Mutex
	heard []heard // guarded by mu
}

func (l *listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	h := heard{op: l.Find(r.Method, r.URL.EscapedPath()), target: r.Method + " " + r.URL.EscapedPath(), query: r.URL.Query()}
	if r.Header.Get("Content-Type") == "application/json" {
		_ = json.Unmarshal(body, &h.body) // what is no JSON has no members
	}
	l.mu.Lock()
	l.heard = append(l.heard, h)
	l.mu.Unlock()
	if h.op == nil {
		w.WriteHeader(http.StatusTeapot)
		return
	}
	for _, status := range []string{"200", "201", "202"} {
		if reply := h.op.Responses[status]; reply != nil {
			if example := reply.Examples["application/json"]; example != nil {
				_ = json.NewEncoder(w).Encode(example) // the client sees what is missing
				return
			}
		}
	}
	_, _ = io.WriteString(w, `{"id":"x"}`) // which is asked about next
}

// take gives what was heard since it was called last.
func (l *listener) take() []heard {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.heard
	l.heard = nil
	return h
}

// listening starts a listener, and gives a client of it.
func listening(t *testing.T) (*listener, *client.Client) {
	t.Helper()
	d, err := described()
	if err != nil {
		t.Fatal(err)
	}
	l := &listener{Document: d}
	server := httptest.NewServer(l)
	t.Cleanup(server.Close)
	c, err := client.New(server.URL, "cm_live_x", client.Options{Retries: -1})
	if err != nil {
		t.Fatal(err)
	}
	return l, c
}

// each calls every method of a client that asks something, with arguments that are made, and
// hands on what it returned and what the listener heard.
func (l *listener) each(t *testing.T, c *client.Client, argument func(reflect.Type) reflect.Value, look func(name string, out []reflect.Value, asked []heard)) {
	t.Helper()
	v := reflect.ValueOf(c)
	for i := range v.NumMethod() {
		name, method := v.Type().Method(i).Name, v.Method(i)
		if name == "Wait" || method.Type().NumIn() == 0 || method.Type().In(0) != reflect.TypeFor[context.Context]() {
			continue // Wait asks what Message asks, until a message is done; the others make clients
		}
		in := make([]reflect.Value, method.Type().NumIn())
		for j := range in {
			in[j] = argument(method.Type().In(j))
		}
		call := method.Call
		if method.Type().IsVariadic() {
			call = method.CallSlice
		}
		out := call(in)
		if walk := out[0]; walk.Kind() == reflect.Func { // of several requests: the first step of it
			for step, failed := range walk.Seq2() {
				out = []reflect.Value{step, failed}
				break
			}
		}
		asked := l.take()
		if len(asked) == 0 || asked[len(asked)-1].op == nil {
			t.Errorf("%s asks no operation of the document: %+v", name, asked)
			continue
		}
		look(name, out, asked)
	}
}

// argument is something that a method of the client takes.
func argument(t reflect.Type) reflect.Value {
	switch t {
	case reflect.TypeFor[context.Context]():
		return reflect.ValueOf(context.Background())
	case reflect.TypeFor[io.Writer]():
		return reflect.ValueOf(io.Discard)
	case reflect.TypeFor[io.Reader]():
		return reflect.ValueOf(strings.NewReader("x"))
	case reflect.TypeFor[iter.Seq2[client.Recipient, error]]():
		return reflect.ValueOf(iter.Seq2[client.Recipient, error](func(func(client.Recipient, error) bool) {}))
	case reflect.TypeFor[time.Time]():
		return reflect.ValueOf(time.Now())
	}
	if t.Kind() == reflect.String {
		return reflect.ValueOf("x").Convert(t)
	}
	v := reflect.New(t).Elem()
	if t.Kind() == reflect.Struct { // what names a thing is not empty
		for i := range v.NumField() {
			if f := v.Field(i); f.Kind() == reflect.String && f.CanSet() && (f.Type() == reflect.TypeFor[string]()) {
				f.SetString("x")
			}
		}
	}
	return v
}

// TestTheClientHasAMethodForEveryOperation calls every method of the Go client. Each has to ask
// an operation of the document and to read its example of a reply, and all but a few operations
// have to be asked by one.
func TestTheClientHasAMethodForEveryOperation(t *testing.T) {
	l, c := listening(t)
	asked, by := map[string]bool{}, map[string][]string{} // by operation; by holds methods
	l.each(t, c, argument, func(name string, out []reflect.Value, requests []heard) {
		for _, r := range requests {
			asked[r.op.ID] = true
		}
		last := requests[len(requests)-1].op.ID
		by[last] = append(by[last], name)
		if failed, _ := out[len(out)-1].Interface().(error); failed != nil {
			t.Errorf("%s asks %s and cannot read its example: %v", name, last, failed)
		}
	})
	for _, op := range l.Operations() {
		if named := clientMethods[op.ID]; len(by[op.ID]) > 0 && !slices.Contains(by[op.ID], named) {
			t.Errorf("%q: %q, // in internal/api/docs_methods.go; it is %q", op.ID, by[op.ID][0], named)
		}
		if asked[op.ID] == (clientless[op.ID] != "") {
			t.Errorf("%s (%s %s): a method of the client asks it: %v; add one in package client, or a reason in clientless", op.ID, op.Method, op.Path, asked[op.ID])
		}
	}
}

// TestAClientOfASiteNamesItWhereverItIsAskedFor holds ForSite against the document: a request
// about a site names it, and one that is about none does not.
func TestAClientOfASiteNamesItWhereverItIsAskedFor(t *testing.T) {
	l, c := listening(t)
	l.each(t, c.ForSite("shop"), argument, func(name string, _ []reflect.Value, requests []heard) {
		for _, r := range requests {
			named := slices.ContainsFunc(r.op.Parameters, func(p apitest.Parameter) bool { return p.In == "query" && p.Name == "site" })
			if got := r.query["site"]; named != slices.Equal(got, []string{"shop"}) || !named && got != nil {
				t.Errorf("%s asks %s with site=%q; the document has that parameter: %v", name, r.op.ID, got, named)
			}
		}
	})
}

// TestOurOwnClientActsForEachSite has an operator's client read of a site, of all and of the
// installation, and decide for a site.
func TestOurOwnClientActsForEachSite(t *testing.T) {
	w := onSQLite(t)
	server := httptest.NewServer(w.handler)
	defer server.Close()
	office, err := client.New(server.URL, w.operator, client.Options{Retries: -1})
	w.must(err)
	ctx := t.Context()
	_, err = office.AddPlan(ctx, "basic", "Basic", client.Rates{"sms": new(client.Amount("18"))})
	w.must(err)
	for who, want := range map[string]map[string]bool{"poor": {"poor": true}, "*": {"": true, "poor": true, "rich": true}} {
		got := map[string]bool{}
		for e, err := range client.All(func(p client.Paging) (client.Page[client.AuditEntry], error) {
			return office.ForSite(who).Audit(ctx, client.AuditFilter{Paging: p})
		}) {
			w.must(err)
			got[e.Site] = true
		}
		if !maps.Equal(got, want) {
			t.Errorf("for %s: got entries of %v, want %v", who, got, want)
		}
	}
	list, err := office.ForSite("*").Audit(ctx, client.AuditFilter{Installation: true, Action: "plan"})
	if w.must(err); len(list.Data) != 1 || list.Data[0].Action != "plan.created" || list.Data[0].Site != "" {
		t.Errorf("of the installation: got %+v", list.Data)
	}
	rich := office.ForSite("rich")
	_, err = rich.AddSender(ctx, client.Sender{Number: "02-555-0199"})
	w.must(err)
	if s, err := rich.SetSender(ctx, "025550199", "rejected", "이름이 다릅니다"); err != nil || s.State != "rejected" || s.Reason == "" {
		t.Errorf("got %+v, %v; want it rejected", s, err)
	}
	if _, err := office.ForSite("poor").Sender(ctx, "025550199"); !client.IsProblem(err, "not_found") {
		t.Errorf("another site has the number too: %v", err)
	}
	limits, err := office.SetSiteLimits(ctx, "rich", client.SiteLimits{Day: new(int64(7))})
	if w.must(err); limits.Day == nil || *limits.Day != 7 || limits.Own.Day == nil || limits.Own.Requests != nil {
		t.Errorf("got %+v", limits)
	}
	if me, err := rich.Me(ctx); err != nil || !me.Operator || me.Site != "rich" || me.Person != nil {
		t.Errorf("got %+v, %v", me, err)
	}
	if all, err := office.ForSite("*").Stats(ctx, client.StatsQuery{}); err != nil || len(all.GroupBy) != 1 {
		t.Errorf("got %+v, %v", all, err)
	}
}
