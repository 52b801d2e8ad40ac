package api

import (
	"bytes"
	"compress/gzip"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"creditmsg/internal/billing"
	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/id"
	"creditmsg/internal/payment"
	"creditmsg/internal/payment/stripe"
	"creditmsg/internal/payment/toss"
)

// doors is an API whose gateways call from 203.0.113.0/24 alone, behind proxies in 10.0.0.0/8.
// transactions gives how many the database has seen.
func doors(t *testing.T) (w *world, transactions func() int) {
	t.Helper()
	registry := prometheus.NewRegistry()
	w = newWorld(t, dbtest.Connect(t, dbtest.Migrated(t, "sqlite"), db.Options{Registerer: registry}))
	a := payment.Account{Name: "toss", Kind: "toss", URL: w.till.URL, ClientKey: "test_ck_x", SecretKey: "test_sk_x"}
	unsigned, err := toss.New(a)
	w.must(err)
	b := payment.Account{Name: "stripe", Kind: "stripe", URL: w.till.URL, SecretKey: "sk_test_x", WebhookSecret: "whsec_new", WebhookOld: "whsec_old"}
	signed, err := stripe.New(b)
	w.must(err)
	here := prefixes(t, "203.0.113.0/24")
	w.deps.Billing, err = billing.New(w.d, w.keys, w.ledger, w.queue, []billing.Gateway{{Account: a, Adapter: unsigned, Allow: here}, {Account: b, Adapter: signed, Allow: here}}, billing.Options{})
	w.must(err)
	fresh := prometheus.NewRegistry()
	w.deps.Registerer, w.deps.Gatherer, w.deps.TrustedProxies = fresh, fresh, prefixes(t, "10.0.0.0/8")
	w.handler, err = New(w.deps)
	w.must(err)
	return w, func() (n int) {
		found, err := registry.Gather()
		w.must(err)
		for _, f := range found {
			if f.GetName() == "creditmsg_db_seconds" {
				for _, m := range f.GetMetric() {
					n += int(m.GetHistogram().GetSampleCount())
				}
			}
		}
		return n
	}
}

// stripeProof signs a body as the gateway does, at a time.
func stripeProof(secret, body string, at time.Time) http.Header {
	sum := hmac.New(sha256.New, []byte(secret))
	_, _ = fmt.Fprintf(sum, "%d.%s", at.Unix(), body)
	return http.Header{"Stripe-Signature": {fmt.Sprintf("t=%d,v1=%s", at.Unix(), hex.EncodeToString(sum.Sum(nil)))}}
}

func joined(list ...http.Header) http.Header {
	out := http.Header{}
	for _, h := range list {
		for name, values := range h {
			out[name] = append(out[name], values...)
		}
	}
	return out
}

func packed(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.WriteString(z, text); err != nil || z.Close() != nil {
		t.Fatal("pack a body")
	}
	return b.String()
}

func TestBothDoorsAskForSizeThenSignatureThenAddress(t *testing.T) {
	w, transactions := doors(t)
	const event = `{"id":"evt_1","object":"event","type":"payout.paid","created":1700000000,"data":{"object":{}}}`
	now := time.Now()
	large := strings.Repeat(" ", maxBody+1)
	from := func(address string) http.Header { return http.Header{"X-Forwarded-For": {address}} }
	here, elsewhere := from("203.0.113.9"), from("198.51.100.1")
	gzipped := http.Header{"Content-Encoding": {"gzip"}}
	foreign := `{"eventType":"PAYMENT_STATUS_CHANGED","createdAt":"2026-11-22T12:00:00.000000","data":{"orderId":"` + id.New().Text(id.Payment) + `"}}`
	for _, c := range []struct {
		name, path, body string
		header           http.Header
		chunked          bool
		status           int
		cost             int // transactions; -1 = not asked
	}{
		{"reports, proven", "solapi", `[]`, proof(), false, 200, -1},
		{"reports, forged", "solapi", `[]`, nil, false, 401, 0},
		{"reports, forged, of no length", "solapi", `[]`, nil, true, 401, 0},
		{"reports, too large", "solapi", large, proof(), false, 413, 0},
		{"reports, too large, of no length", "solapi", large, proof(), true, 413, 0},
		{"reports, too large and forged", "solapi", large, nil, true, 413, 0},
		{"reports, compressed", "solapi", packed(t, `[]`), joined(proof(), gzipped), false, 415, 0},
		{"reports, a bomb", "solapi", packed(t, large+large), gzipped, false, 401, 0},
		{"reports of nobody", "nobody", `[]`, proof(), false, 404, 0},
		{"reports of nobody, too large", "nobody", large, proof(), true, 404, 0},
		{"a signed notice", "payments/stripe", event, joined(here, stripeProof("whsec_new", event, now)), false, 200, 0},
		{"a notice signed with the secret before", "payments/stripe", event, joined(here, stripeProof("whsec_old", event, now)), true, 200, 0},
		{"a notice signed with another", "payments/stripe", event, joined(here, stripeProof("whsec_x", event, now)), false, 401, 0},
		{"a notice signed long ago", "payments/stripe", event, joined(here, stripeProof("whsec_new", event, now.Add(-6*time.Minute))), false, 401, 0},
		{"a notice signed in time to come", "payments/stripe", event, joined(here, stripeProof("whsec_new", event, now.Add(6*time.Minute))), false, 401, 0},
		{"a notice of another body", "payments/stripe", event + " ", joined(here, stripeProof("whsec_new", event, now)), false, 401, 0},
		{"a forged notice from elsewhere", "payments/stripe", event, joined(elsewhere, stripeProof("whsec_x", event, now)), false, 401, 0},
		{"a notice from elsewhere", "payments/stripe", event, joined(elsewhere, stripeProof("whsec_new", event, now)), false, 403, 0},
		{"a notice, compressed", "payments/stripe", event, joined(here, gzipped, stripeProof("whsec_new", event, now)), false, 415, 0},
		{"a notice, too large", "payments/stripe", large, here, true, 413, 0},
		{"a notice of nobody", "payments/none", event, here, false, 404, 0},
		{"what is no notice", "payments/toss", `{"hello":1}`, elsewhere, false, 401, 0},
		{"an unsigned notice from elsewhere", "payments/toss", foreign, elsewhere, false, 403, 0},
		{"an unsigned notice of another house", "payments/toss", strings.Replace(foreign, "pay_", "shop_", 1), here, false, 200, 0},
		{"an unsigned notice of no payment", "payments/toss", foreign, here, false, 200, 1},
	} {
		r := httptest.NewRequest("POST", "/webhooks/"+c.path, strings.NewReader(c.body))
		r.RemoteAddr = "10.0.0.1:1234"
		r.Header = joined(c.header, http.Header{"Content-Type": {"application/json"}})
		if c.chunked {
			r.ContentLength = -1
		}
		rec, before := httptest.NewRecorder(), transactions()
		w.handler.ServeHTTP(rec, r)
		if rec.Code != c.status {
			t.Errorf("%s: got %d, want %d: %.200s", c.name, rec.Code, c.status, rec.Body)
		}
		if c.cost < 0 {
			w.must(w.delivery.Drain(t.Context())) // what a stored letter does, it does behind its answer
		}
		if cost := transactions() - before; c.cost >= 0 && cost != c.cost {
			t.Errorf("%s: it cost %d transactions, want %d", c.name, cost, c.cost)
		}
	}
}

func TestABodyThatIsShorterThanAnnouncedIsRefused(t *testing.T) {
	w := onSQLite(t)
	for _, announced := range []int64{100, announced + 100} {
		r := httptest.NewRequest("POST", "/webhooks/solapi", strings.NewReader(`[]`))
		r.ContentLength, r.Header = announced, proof()
		if announced > 100 {
			r.Body = io.NopCloser(io.MultiReader(strings.NewReader(`[`), failing{}))
		}
		rec := httptest.NewRecorder()
		w.handler.ServeHTTP(rec, r)
		if rec.Code != http.StatusBadRequest {
			t.Errorf("announced %d bytes: got %d, want 400", announced, rec.Code)
		}
	}
}

// failing is the end of a body that broke off, as a server's connection tells it.
type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestTheHeaderOfProxiesThatIsConfiguredAloneIsBelieved(t *testing.T) {
	for _, c := range []struct{ kind, forwarded, other, want string }{
		{ProxyForwarded, `for=198.51.100.1`, "192.0.2.66", "198.51.100.1"},
		{ProxyForwarded, `For="198.51.100.1:4711";proto=https`, "", "198.51.100.1"},
		{ProxyForwarded, `for="[2001:db8::1]:4711"`, "", "2001:db8::1"},
		{ProxyForwarded, `for="[2001:db8::1]"`, "", "2001:db8::1"},
		{ProxyForwarded, `for=192.0.2.66, for=198.51.100.1;by=10.0.0.1, for=10.0.0.2`, "", "198.51.100.1"},
		{ProxyForwarded, `for="a,for=192.0.2.66", for=198.51.100.1`, "", "198.51.100.1"},
		{ProxyForwarded, `for=198.51.100.1, for="\",for=192.0.2.66"`, "", "10.0.0.1"},
		{ProxyForwarded, `for=unknown`, "192.0.2.66", "10.0.0.1"},
		{ProxyForwarded, `for=_hidden`, "", "10.0.0.1"},
		{ProxyForwarded, `by=10.0.0.9`, "", "10.0.0.1"},
		{ProxyForwarded, ``, "192.0.2.66", "10.0.0.1"},
		{"", `for=192.0.2.66`, "198.51.100.1", "198.51.100.1"},
		{"", `for=192.0.2.66`, "", "10.0.0.1"},
		{"", ``, "198.51.100.1:4711", "198.51.100.1"},
		{"", ``, "[2001:db8::1]:4711", "2001:db8::1"},
		{"", ``, "::ffff:198.51.100.1", "198.51.100.1"},
	} {
		a := &api{Deps: Deps{TrustedProxies: prefixes(t, "10.0.0.0/8"), ProxyHeader: c.kind}}
		r := httptest.NewRequest("POST", "/webhooks/solapi", nil)
		r.RemoteAddr = "10.0.0.1:1"
		r.Header.Set("Forwarded", c.forwarded)
		if c.other != "" {
			r.Header.Set("X-Forwarded-For", c.other)
		}
		if got := a.client(r).String(); got != c.want {
			t.Errorf("%q and %q with %q believed: got %s, want %s", c.forwarded, c.other, c.kind, got, c.want)
		}
	}
}

func TestAClientCannotHideWhatAProxySaysOfItBehindAQuote(t *testing.T) {
	for _, c := range []struct {
		lines []string
		want  string
	}{
		{[]string{`for=192.0.2.66;x="`, `proto=https;for=198.51.100.1`}, "198.51.100.1"},
		{[]string{`for=192.0.2.66;x="`, `for="[2001:db8::1]:4711"`}, "2001:db8::1"},
		{[]string{`for=192.0.2.66;x="\`, `for=198.51.100.1`}, "198.51.100.1"},
		{[]string{`for=198.51.100.1`, `for=192.0.2.66;x="`}, "10.0.0.1"},
		{[]string{`for=192.0.2.66;x=", for=198.51.100.1`}, "10.0.0.1"},
		{[]string{`for=192.0.2.66;x=", for="198.51.100.1"`}, "10.0.0.1"},
	} {
		a := &api{Deps: Deps{TrustedProxies: prefixes(t, "10.0.0.0/8"), ProxyHeader: ProxyForwarded}}
		r := &http.Request{RemoteAddr: "10.0.0.1:1", Header: http.Header{"Forwarded": c.lines}}
		if got := a.client(r).String(); got != c.want {
			t.Errorf("%q: got %s, want %s", c.lines, got, c.want)
		}
	}
}

func FuzzForwarded(f *testing.F) {
	for _, seed := range []string{`for=198.51.100.1`, `for="[::1]:1";by=x, for=_a`, `"`, `\`, `;,=`, `for="\"`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a := &api{Deps: Deps{TrustedProxies: prefixes(t, "10.0.0.0/8"), ProxyHeader: ProxyForwarded}}
		r := &http.Request{RemoteAddr: "203.0.113.9:1", Header: http.Header{"Forwarded": {text}}}
		if got := a.client(r).String(); got != "203.0.113.9" {
			t.Errorf("%q from a stranger: got %s", text, got)
		}
		r.RemoteAddr = "10.0.0.1:1"
		if !a.client(r).IsValid() {
			t.Errorf("%q from a proxy: got no address", text)
		}
	})
}
