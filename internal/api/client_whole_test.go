package api

import (
	"context"
	"encoding/json"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
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
	"setSender":         "it is the operator's decision, who has the command line",
}

// listener answers every request with the document's example of a reply, and notes what was
// asked.
type listener struct {
	*apitest.Document
	mu    sync.Mutex
	asked map[string]bool     // guarded by mu; by operation
	by    map[string][]string // guarded by mu; methods by operation
	last  string              // guarded by mu
}

func (l *listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = r.Method + " " + r.URL.EscapedPath()
	op := l.Find(r.Method, r.URL.EscapedPath())
	if op == nil {
		w.WriteHeader(http.StatusTeapot)
		return
	}
	l.asked[op.ID], l.last = true, op.ID
	for _, status := range []string{"200", "201", "202"} {
		if reply := op.Responses[status]; reply != nil {
			if example := reply.Examples["application/json"]; example != nil {
				_ = json.NewEncoder(w).Encode(example) // the client sees what is missing
				return
			}
		}
	}
	_, _ = io.WriteString(w, "{}")
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
	d, err := described()
	if err != nil {
		t.Fatal(err)
	}
	l := &listener{Document: d, asked: map[string]bool{}, by: map[string][]string{}}
	server := httptest.NewServer(l)
	defer server.Close()
	c, err := client.New(server.URL, "cm_live_x", client.Options{Retries: -1})
	if err != nil {
		t.Fatal(err)
	}
	v := reflect.ValueOf(c)
	for i := range v.NumMethod() {
		name, method := v.Type().Method(i).Name, v.Method(i)
		if name == "Wait" { // asks what Message asks, until a message is done
			continue
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
		l.by[l.last] = append(l.by[l.last], name)
		if failed, _ := out[len(out)-1].Interface().(error); failed != nil {
			t.Errorf("%s asks %s and cannot read its example: %v", name, l.last, failed)
		}
	}
	for _, op := range d.Operations() {
		if named := clientMethods[op.ID]; len(l.by[op.ID]) > 0 && !slices.Contains(l.by[op.ID], named) {
			t.Errorf("%q: %q, // in internal/api/docs_methods.go; it is %q", op.ID, l.by[op.ID][0], named)
		}
		if l.asked[op.ID] == (clientless[op.ID] != "") {
			t.Errorf("%s (%s %s): a method of the client asks it: %v; add one in package client, or a reason in clientless", op.ID, op.Method, op.Path, l.asked[op.ID])
		}
	}
}
