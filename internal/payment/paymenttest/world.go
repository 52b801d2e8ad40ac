package paymenttest

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"creditmsg/internal/id"
	"creditmsg/internal/money"
	"creditmsg/internal/payment"
)

const (
	price    = 11_000 * money.Won
	goodCard = "4330123412341234"

	// usualPatience is how long the suite waits for what must come.
	usualPatience = 20 * time.Second

	// soon is the longest that a call may go on after its context ended.
	soon = 10 * time.Second

	// hasty is the time-out of requests in tests in which one must run out. It is long
	// enough for every other request on a busy machine.
	hasty = 2 * time.Second
)

// cardOf is a card of the simulator's table.
func cardOf(bb int) string { return fmt.Sprintf("900000%02d12341234", bb) }

// world is one test's vendor behind a line, adapter, payer and webhook.
type world struct {
	*testing.T
	payment.Gateway
	h       Harness
	account payment.Account
	vendor  http.Handler
	line    *line
	hook    *hook
}

// hook is the webhook: it keeps what came.
type hook struct {
	mu    sync.Mutex
	calls []hookCall
	more  chan struct{}
}

type hookCall struct {
	header http.Header
	body   []byte
}

// ServeHTTP takes one call.
func (k *hook) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // not whole: the vendor comes again
	}
	k.mu.Lock()
	k.calls = append(k.calls, hookCall{r.Header, body})
	k.mu.Unlock()
	select {
	case k.more <- struct{}{}:
	default:
	}
}

func (k *hook) all() []hookCall {
	k.mu.Lock()
	defer k.mu.Unlock()
	return append([]hookCall(nil), k.calls...)
}

// newWorld starts everything; change makes the adapter's account another one.
func newWorld(t *testing.T, h Harness, change ...func(*payment.Account)) *world {
	t.Helper()
	w := &world{T: t, h: h, hook: &hook{more: make(chan struct{}, 1)}}
	hookServer := httptest.NewServer(w.hook)
	vendor := h.Vendor(hookServer.URL)
	ctx, stop := context.WithCancel(context.Background())
	w.vendor = vendor.Handler
	w.line = newLine(ctx, vendor.Handler)
	vendorServer := httptest.NewServer(w.line)
	ended := make(chan error, 1)
	go func() { ended <- vendor.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("vendor: %v", err)
		}
		vendorServer.Close()
		hookServer.Close()
	})
	w.account = h.Account
	w.account.URL, w.account.CheckoutURL = vendorServer.URL, vendorServer.URL+"/_sim/checkout"
	for _, c := range change {
		c(&w.account)
	}
	w.Gateway = w.adapter(w.account)
	return w
}

func (w *world) adapter(a payment.Account) payment.Gateway {
	w.Helper()
	g, err := w.h.New(a)
	if err != nil {
		w.Fatalf("make the adapter: %v", err)
	}
	return g
}

// inHaste makes requests time out.
func inHaste(a *payment.Account) { a.Timeout = hasty }

// within is the same world for a test within its test.
func (w *world) within(t *testing.T) *world {
	inner := *w
	inner.T = t
	return &inner
}

// newOrder is one to be paid by card.
func newOrder(m payment.Method) payment.Order {
	o := payment.Order{ID: "order-" + id.New().String(), Key: id.New().String(), Method: m, Name: "크레딧 충전", Amount: price,
		Customer: "customer-" + id.New().String(), ReturnURL: "http://127.0.0.1:1/back", Payer: payment.Payer{Name: "홍길동", Email: "hong@example.com"}}
	if m == payment.VirtualAccount {
		o.Bank, o.ValidFor = "20", 24*time.Hour
	}
	return o
}

// ask makes a request to the simulator's own paths.
func (w *world) ask(method, path string, form url.Values) *httptest.ResponseRecorder {
	w.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	rec := httptest.NewRecorder()
	w.vendor.ServeHTTP(rec, r)
	return rec
}

// scenario puts one into force at the simulator.
func (w *world) scenario(text string) {
	w.Helper()
	rec := httptest.NewRecorder()
	w.vendor.ServeHTTP(rec, httptest.NewRequest(http.MethodPut, "/_sim/payments/scenario", strings.NewReader(text)))
	if rec.Code != http.StatusOK {
		w.Fatalf("scenario: got %d %s", rec.Code, rec.Body)
	}
}

// click does in the payer's window what he does.
func (w *world) click(c *payment.Checkout, card, action string) *httptest.ResponseRecorder {
	w.Helper()
	if c == nil {
		w.Fatal("there is no window")
	}
	window, err := url.Parse(c.URL)
	if err != nil || c.URL == "" {
		w.Fatalf("window: got %q", c.URL)
	}
	form := window.Query()
	form.Set("card", card)
	form.Set("action", action)
	return w.ask(http.MethodPost, window.Path, form)
}

// stays does what keeps the payer on a page of the vendor's own: a card that is refused.
func (w *world) stays(c *payment.Checkout, card, action string) {
	w.Helper()
	if rec := w.click(c, card, action); rec.Code != http.StatusPaymentRequired {
		w.Fatalf("window: got %d, want the card refused on it", rec.Code)
	}
}

// play does in the payer's window what he does, and gives what his browser brings back.
func (w *world) play(c *payment.Checkout, card, action string) url.Values {
	w.Helper()
	rec := w.click(c, card, action)
	back, err := url.Parse(rec.Header().Get("Location"))
	if rec.Code != http.StatusSeeOther || err != nil || back.Path != "/back" {
		w.Fatalf("window: got %d %s %s", rec.Code, rec.Header().Get("Location"), rec.Body)
	}
	return back.Query()
}

// saidYes begins a payment and gives what the browser brings back of a payer who paid.
func (w *world) saidYes(o *payment.Order, card string) url.Values {
	w.Helper()
	begun := w.Begin(w.Context(), *o)
	if begun.State != payment.Open {
		w.Fatalf("begin: got %+v, want it open", begun)
	}
	if begun.Ref != "" {
		o.Ref = begun.Ref
	}
	return w.play(begun.Checkout, card, "pay")
}

// stored leaves a card with the gateway.
func (w *world) stored(card string) payment.Token {
	w.Helper()
	r := newRegistration()
	begun := w.BeginToken(w.Context(), r)
	if begun.State != payment.Open {
		w.Fatalf("begin to leave a card: got %+v, want it open", begun)
	}
	got := w.FinishToken(w.Context(), r, w.play(begun.Checkout, card, "pay"))
	if got.State != payment.Paid || got.Token.Secret == "" || got.Token.Label == "" || got.Token.Customer == "" {
		w.Fatalf("leave a card: got %+v", got)
	}
	return got.Token
}

func newRegistration() payment.Registration {
	return payment.Registration{ID: "card-" + id.New().String(), Key: id.New().String(), Customer: "customer-" + id.New().String(), ReturnURL: "http://127.0.0.1:1/back"}
}

// taking is money that was really taken.
type taking struct {
	OrderID string `json:"order_id"`
	Ref     string `json:"ref"`
	Won     int64  `json:"amount"`
	Cancels []struct {
		Ref string `json:"ref"`
		Won int64  `json:"amount"`
	} `json:"cancels"`
}

func (t taking) amount() money.Amount { return money.Amount(t.Won) * money.Won }

func (t taking) back() (sum money.Amount) {
	for _, c := range t.Cancels {
		sum += money.Amount(c.Won) * money.Won
	}
	return sum
}

// takings are those of an order, or all of them, once no request is under way.
func (w *world) takings(order string) []taking {
	w.Helper()
	w.line.count()
	rec := w.ask(http.MethodGet, "/_sim/payments?order_id="+url.QueryEscape(order), nil)
	var body struct {
		Data []taking `json:"data"`
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &body); err != nil || rec.Code != http.StatusOK {
		w.Fatalf("takings: %d %v", rec.Code, err)
	}
	return body.Data
}

// until waits for ok, which is asked again after each notice.
func (w *world) until(what string, ok func() bool) {
	w.Helper()
	limit := time.NewTimer(cmp.Or(w.h.Patience, usualPatience))
	defer limit.Stop()
	for !ok() {
		select {
		case <-w.hook.more:
		case <-limit.C:
			w.Fatalf("waited for %s in vain; %d notices came", what, len(w.hook.all()))
		}
	}
}
