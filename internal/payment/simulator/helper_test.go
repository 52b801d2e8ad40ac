package simulator

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// wire stands for the network in a bubble of fake time: it answers notices.
type wire struct {
	mu     sync.Mutex
	calls  []told
	answer func(n int) int
}

// told is one notice that came.
type told struct {
	id, retried string
	signature   string // of Stripe's
	raw         []byte
	at          time.Time
	body        struct {
		ID      string `json:"id"`
		Kind    string `json:"type"`
		Event   string `json:"eventType"`
		Secret  string `json:"secret"`
		OrderID string `json:"orderId"`
		Status  string `json:"status"`
		Data    struct {
			Status  string `json:"status"`
			OrderID string `json:"orderId"`
			Billing string `json:"billingKey"`
		} `json:"data"`
	}
}

// RoundTrip takes a notice.
func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	c := told{id: r.Header.Get("Tosspayments-Webhook-Transmission-Id"), retried: r.Header.Get("Tosspayments-Webhook-Transmission-Retried-Count"), at: time.Now(),
		signature: r.Header.Get("Stripe-Signature"), raw: body}
	_ = json.Unmarshal(body, &c.body)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = append(w.calls, c)
	rec := httptest.NewRecorder()
	if w.answer != nil {
		rec.WriteHeader(w.answer(len(w.calls)))
	}
	return rec.Result(), nil
}

func (w *wire) all() []told {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]told(nil), w.calls...)
}

// statuses are what the notices with an envelope said, in order.
func (w *wire) statuses() (out []string) {
	for _, c := range w.all() {
		if c.body.Event != "" {
			out = append(out, c.body.Data.Status)
		}
	}
	return out
}

// kinds are what the notices of Stripe said, in order.
func (w *wire) kinds() (out []string) {
	for _, c := range w.all() {
		if c.signature != "" {
			out = append(out, c.body.Kind)
		}
	}
	return out
}

// world is a simulator in a bubble of fake time.
type world struct {
	*testing.T
	*Simulator
	wire *wire
}

// inFakeTime runs do with a running simulator.
func inFakeTime(t *testing.T, o Options, do func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{t, nil, &wire{}}
		o.NoticeURL, o.StripeNoticeURL, o.Transport = "http://merchant.example/webhooks", "http://merchant.example/stripe", w.wire
		w.Simulator = New(o)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- w.Simulator.Run(ctx) }()
		do(w)
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: got %v, want nil", err)
		}
	})
}

// reply is what came of a request.
type reply struct {
	status int
	header http.Header
	body   map[string]any
	list   []map[string]any
}

func (r reply) code() string { return text(r.body["code"]) }

// text is a value of JSON as text.
func text(v any) string {
	s, _ := v.(string)
	return s
}

// ask makes a request with the secret key; header are pairs.
func (w *world) ask(method, path string, body any, header ...string) reply {
	w.Helper()
	sent, err := json.Marshal(body)
	if err != nil {
		w.Fatal(err)
	}
	r := httptest.NewRequest(method, path, bytes.NewReader(sent))
	r.SetBasicAuth(DefaultSecretKey, "")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return w.do(r)
}

func (w *world) do(r *http.Request) reply {
	rec := httptest.NewRecorder()
	w.Handler().ServeHTTP(rec, r)
	out := reply{status: rec.Code, header: rec.Header()}
	d := json.NewDecoder(rec.Body)
	d.UseNumber()
	var anything any
	_ = d.Decode(&anything)
	switch v := anything.(type) {
	case map[string]any:
		out.body = v
	case []any:
		for _, e := range v {
			m, _ := e.(map[string]any)
			out.list = append(out.list, m)
		}
	}
	return out
}

// cardOf is a card of the table.
func cardOf(bb string) string { return cardBlock + bb + "12341234" }

// opened are the fields of the window for an order; with none it takes a card to be left.
func opened(order string, amount int64) url.Values {
	q := url.Values{"clientKey": {DefaultClientKey}, "customerKey": {"customer-1"}, "successUrl": {"http://shop.example/back?a=1"}, "failUrl": {"http://shop.example/fail"}}
	if order != "" {
		q.Set("orderId", order)
		q.Set("orderName", "충전")
		q.Set("amount", strconv.FormatInt(amount, 10))
	}
	return q
}

// play does what a payer does in the window and gives the address he comes back to.
func (w *world) play(q url.Values, card, action string) *url.URL {
	w.Helper()
	q.Set("card", card)
	q.Set("action", action)
	r := httptest.NewRequest(http.MethodPost, "/_sim/checkout", strings.NewReader(q.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	got := w.do(r)
	back, err := url.Parse(got.header.Get("Location"))
	if got.status != http.StatusSeeOther || err != nil {
		w.Fatalf("window: got %d %v", got.status, err)
	}
	return back
}

// yes gives the paymentKey of an order that the payer said yes to.
func (w *world) yes(order, card string, amount int64) string {
	w.Helper()
	return w.play(opened(order, amount), card, "pay").Query().Get("paymentKey")
}

func (w *world) confirmed(key, order string, amount int64, header ...string) reply {
	w.Helper()
	return w.ask("POST", "/v1/payments/confirm", map[string]any{"paymentKey": key, "orderId": order, "amount": amount}, header...)
}

// stored gives the billing key of a card that was left.
func (w *world) stored(card string) string {
	w.Helper()
	auth := w.play(opened("", 0), card, "pay").Query().Get("authKey")
	got := w.ask("POST", "/v1/billing/authorizations/issue", map[string]any{"authKey": auth, "customerKey": "customer-1"})
	if got.status != http.StatusOK {
		w.Fatalf("issue: got %d %v", got.status, got.body)
	}
	return text(got.body["billingKey"])
}

func (w *world) charged(billing, order string, amount int64, header ...string) reply {
	w.Helper()
	return w.ask("POST", "/v1/billing/"+billing, map[string]any{"customerKey": "customer-1", "amount": amount, "orderId": order, "orderName": "자동 충전"}, header...)
}

// account opens a virtual account.
func (w *world) account(order, payer string, header ...string) reply {
	w.Helper()
	return w.ask("POST", "/v1/virtual-accounts", map[string]any{"amount": 11000, "orderId": order, "orderName": "충전", "customerName": payer, "bank": "20", "validHours": 24}, header...)
}

func (w *world) deposited(order string) int {
	w.Helper()
	return w.do(httptest.NewRequest(http.MethodPost, "/_sim/deposit?orderId="+order, nil)).status
}

// takenOf counts takings of an order.
func (w *world) takenOf(order string) (n int) {
	for _, t := range w.Takings() {
		if t.OrderID == order {
			n++
		}
	}
	return n
}
