package stripe

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"creditmsg/internal/payment"
)

const (
	secretKey     = "sk_test_of_these_tests"
	webhookSecret = "whsec_test_secret"
)

// request is one request as the vendor got it.
type request struct {
	method, path string
	form         url.Values
	header       http.Header
}

// said is an answer of the vendor.
type said struct {
	status int
	body   string
}

// vendor gives its answers one after the other, the last one for ever, and keeps what it was
// asked.
type vendor struct {
	header  http.Header
	answers []said
	asked   []request
}

// ServeHTTP keeps a request and answers it.
func (v *vendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	form := r.URL.Query()
	if r.Method == http.MethodPost {
		form, _ = url.ParseQuery(string(body))
	}
	v.asked = append(v.asked, request{r.Method, r.URL.EscapedPath(), form, r.Header})
	for name, values := range v.header {
		w.Header()[name] = values
	}
	a := v.answers[min(len(v.asked), len(v.answers))-1]
	w.WriteHeader(a.status)
	_, _ = io.WriteString(w, a.body)
}

// answering is an account at a vendor that answers so.
func answering(t *testing.T, answers ...said) (*account, *vendor) {
	t.Helper()
	v := &vendor{answers: answers, header: http.Header{}}
	s := httptest.NewServer(v)
	t.Cleanup(s.Close)
	g, err := New(payment.Account{Name: "stripe", SecretKey: secretKey, WebhookSecret: webhookSecret, URL: s.URL + "/"})
	if err != nil {
		t.Fatal(err)
	}
	return g.(*account), v
}
