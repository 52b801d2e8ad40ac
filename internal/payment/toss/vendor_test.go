package toss

import (
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"creditmsg/internal/payment"
)

const secretKey = "test_sk_of_these_tests"

// asked is one request as the vendor got it.
type asked struct {
	method, path, query, body string
	header                    http.Header
}

// vendor answers every request alike and keeps them.
type vendor struct {
	status int
	header http.Header
	body   string
	asked  []asked
}

// ServeHTTP keeps a request and answers it.
func (v *vendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	v.asked = append(v.asked, asked{r.Method, r.URL.EscapedPath(), r.URL.RawQuery, string(body), r.Header})
	for name, values := range v.header {
		w.Header()[name] = values
	}
	w.WriteHeader(v.status)
	_, _ = io.WriteString(w, v.body)
}

// answering is an account at a vendor that answers so.
func answering(t *testing.T, status int, body string) (*account, *vendor) {
	t.Helper()
	v := &vendor{status: status, body: body, header: http.Header{}}
	s := httptest.NewServer(v)
	t.Cleanup(s.Close)
	g, err := New(payment.Account{Name: "toss", ClientKey: "test_ck_x", SecretKey: secretKey, URL: s.URL + "/"})
	if err != nil {
		t.Fatal(err)
	}
	return g.(*account), v
}

// last is the one request that was made.
func (v *vendor) last(t *testing.T) asked {
	t.Helper()
	if len(v.asked) != 1 {
		t.Fatalf("got %d requests, want one", len(v.asked))
	}
	a := v.asked[0]
	if want := "Basic " + base64.StdEncoding.EncodeToString([]byte(secretKey+":")); a.header.Get("Authorization") != want {
		t.Errorf("authorization: got %q, want %q", a.header.Get("Authorization"), want)
	}
	return a
}
