package api

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"creditmsg/internal/api/apitest"
)

// described is the OpenAPI document that every reply of every test here is held to.
var described = sync.OnceValues(func() (*apitest.Document, error) {
	text, err := OpenAPI()
	if err != nil {
		return nil, err
	}
	return apitest.Read(text)
})

// serve answers a request, and wants the reply to be as the document says.
func (w *world) serve(r *http.Request) got {
	w.t.Helper()
	d, err := described()
	w.must(err)
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	reply := apitest.Reply{Method: r.Method, Path: r.URL.EscapedPath(), Status: rec.Code, Header: rec.Header(), Body: rec.Body.Bytes()}
	if !w.undescribed {
		for _, complaint := range d.Check(reply) {
			w.t.Error(complaint)
		}
	}
	if err := apitest.Inner(reply.Body, nil); err != nil && reply.Status >= http.StatusBadRequest {
		w.t.Errorf("%s %s: %v: %s", reply.Method, reply.Path, err, reply.Body)
	}
	return got{w.t, rec.Code, rec.Header(), rec.Body.Bytes()}
}

// withReplies puts the replies that the components have in the place of the references to them.
func withReplies(t testing.TB, text []byte) []byte {
	t.Helper()
	var whole map[string]any
	if err := json.Unmarshal(text, &whole); err != nil {
		t.Fatal(err)
	}
	part := func(v any, name string) map[string]any {
		m, _ := v.(map[string]any)
		inner, _ := m[name].(map[string]any)
		return inner
	}
	shared := part(whole["components"], "responses")
	for _, item := range part(whole, "paths") {
		for method := range item.(map[string]any) {
			replies := part(part(item, method), "responses")
			for status, r := range replies {
				if ref, is := r.(map[string]any)["$ref"].(string); is {
					replies[status] = shared[strings.TrimPrefix(ref, "#/components/responses/")]
				}
			}
		}
	}
	out, err := json.Marshal(whole)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
