package billing

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/event"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
	"creditmsg/internal/payment"
	"creditmsg/internal/payment/manual"
	"creditmsg/internal/payment/simulator"
	"creditmsg/internal/payment/toss"
	"creditmsg/internal/queue"
	"creditmsg/internal/site"

	"github.com/prometheus/client_golang/prometheus"
)

const won = money.Won

// noon is a Sunday noon in Korea.
var noon = time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)

// world is billing over a real database, with the simulated gateway behind its socket. Its
// time stands still until the test moves it, and jobs run when the test says so.
type world struct {
	t      testing.TB
	d      *db.DB
	keys   *site.Keys
	ledger *credit.Ledger
	queue  *queue.Queue
	s      *Service
	sim    *simulator.Simulator
	vendor *httptest.Server
	deaf   *atomic.Bool                       // the vendor's answers are lost on their way back
	dies   atomic.Pointer[context.CancelFunc] // ends whoever asked, when an answer was lost
	now    *atomic.Int64
	reg    *prometheus.Registry
}

// each runs a test on every engine.
func each(t *testing.T, test func(w *world)) {
	for _, engine := range dbtest.Engines() {
		t.Run(engine, func(t *testing.T) { test(newWorld(t, engine, Options{})) })
	}
}

// newWorld makes a world with the gateways toss and bank, and the site demo.
func newWorld(t testing.TB, engine string, o Options) *world {
	w := &world{t: t, now: &atomic.Int64{}, deaf: &atomic.Bool{}}
	w.now.Store(noon.UnixMicro())
	clock := func() time.Time { return time.UnixMicro(w.now.Load()).UTC() }
	w.d = dbtest.Connect(t, dbtest.Migrated(t, engine), db.Options{Now: clock})
	w.keys = site.NewKeys(w.d, nil)
	w.queue = queue.New(w.d, queue.Options{BuryAfter: 1000})
	w.ledger = credit.NewLedger(w.keys, w.queue)
	w.sim = simulator.New(simulator.Options{SlowFor: -1})
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.sim.Run(ctx) }()
	w.vendor = httptest.NewServer(http.HandlerFunc(w.answer))
	t.Cleanup(func() {
		w.vendor.CloseClientConnections()
		stop()
		if err := <-ended; err != nil {
			t.Errorf("simulator: %v", err)
		}
		w.vendor.Close()
	})
	var err error
	w.reg = prometheus.NewRegistry()
	o.Registerer = w.reg
	w.s, err = New(w.d, w.keys, w.ledger, w.queue, w.gateways(), o)
	w.must(err)
	w.site("demo")
	return w
}

// answer is the vendor; while the world is deaf it acts, and its answer is lost.
func (w *world) answer(rw http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && w.deaf.Load() {
		w.sim.Handler().ServeHTTP(httptest.NewRecorder(), r)
		if end := w.dies.Load(); end != nil {
			(*end)()
		}
		if conn, _, err := rw.(http.Hijacker).Hijack(); err == nil {
			_ = conn.Close()
		}
		return
	}
	w.sim.Handler().ServeHTTP(rw, r)
}

func (w *world) gateways() []Gateway {
	a := payment.Account{Name: "toss", Kind: "toss", URL: w.vendor.URL, CheckoutURL: w.vendor.URL + "/_sim/checkout",
		ClientKey: simulator.DefaultClientKey, SecretKey: simulator.DefaultSecretKey, Timeout: 2 * time.Second}
	card, err := toss.New(a)
	w.must(err)
	b := payment.Account{Name: "bank", Kind: "manual", TransferTo: "국민은행 123-45-6789"}
	bank, err := manual.New(b)
	w.must(err)
	return []Gateway{{Account: a, Adapter: card}, {Account: b, Adapter: bank}}
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) forward(d time.Duration) { w.now.Add(d.Microseconds()) }

func (w *world) do(fn func(tx *db.Tx) error) {
	w.t.Helper()
	w.must(w.d.Update(context.Background(), "test", fn))
}

func (w *world) view(fn func(tx *db.Tx) error) {
	w.t.Helper()
	w.must(w.d.View(context.Background(), "test", fn))
}

func (w *world) site(name string) {
	w.do(func(tx *db.Tx) error {
		_, err := site.Create(tx, w.keys, name, name)
		return errors.Join(err, w.ledger.Open(tx, name))
	})
}

// drain runs every job that is due, and what they make due.
func (w *world) drain() {
	w.t.Helper()
	works := append(w.s.Works(), w.ledger.Works(w.d)...)
	for range 100 {
		ran := 0
		for _, k := range works {
			jobs, err := w.queue.Claim(context.Background(), k.Lane, []string{k.Kind}, k.Max)
			w.must(err)
			if ran += len(jobs); len(jobs) > 0 {
				w.must(k.Handle(context.Background(), jobs))
			}
		}
		if ran == 0 {
			return
		}
	}
	w.t.Fatal("jobs make each other due without end")
}

// pass lets time pass in steps, with the jobs that become due.
func (w *world) pass(d time.Duration) {
	w.t.Helper()
	for step := d / 20; d > 0; d -= step {
		w.forward(step)
		w.drain()
	}
}

// card is a card of the simulator's table.
func card(bb int) string { return fmt.Sprintf("900000%02d12341234", bb) }

// pays plays a payer in the window of a checkout, and brings back where it leads to.
func (w *world) pays(c *payment.Checkout, card, action string) url.Values {
	w.t.Helper()
	if c == nil || c.URL == "" {
		w.t.Fatal("there is no page to pay on")
	}
	form := url.Values{"card": {card}, "action": {action}}
	page, err := url.Parse(c.URL)
	w.must(err)
	for name, value := range page.Query() {
		form[name] = value
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	reply, err := client.PostForm(c.URL, form)
	w.must(err)
	defer reply.Body.Close()
	to, err := reply.Location()
	if err != nil {
		text, _ := io.ReadAll(reply.Body)
		w.t.Fatalf("the page does not lead back: %d %s", reply.StatusCode, text)
	}
	return to.Query()
}

// stored leaves a card with the gateway.
func (w *world) stored(number string) Card {
	w.t.Helper()
	c, err := w.s.BeginCard(context.Background(), CardRequest{Site: "demo", Gateway: "toss", ReturnURL: "https://shop.example/cards",
		Back: func(id string) string { return "https://credit.example/payment-methods/" + id + "/return" }})
	w.must(err)
	c, err = w.s.FinishCard(context.Background(), c.ID.Text(id.Card), w.pays(c.Checkout, number, "pay"))
	w.must(err)
	if c.State != CardActive {
		w.t.Fatalf("card %s: got %+v", number, c)
	}
	return c
}

func (w *world) request(m payment.Method, amount money.Amount) Request {
	return Request{Site: "demo", Method: m, Amount: amount, ReturnURL: "https://shop.example/paid", Bank: "20", Payer: payment.Payer{Name: "홍길동"},
		Back: func(id string) string { return "https://credit.example/payments/" + id + "/return" }}
}

func (w *world) begin(r Request) Payment {
	w.t.Helper()
	p, err := w.s.Begin(context.Background(), r)
	w.must(err)
	return p
}

// charge charges a stored card and lets its job run once.
func (w *world) charge(c Card, amount money.Amount) Payment {
	w.t.Helper()
	r := w.request(payment.Stored, amount)
	r.Card = c.ID
	p := w.begin(r)
	w.drain()
	return w.payment(p.ID)
}

// paid makes a payment by a card, from the window to the credit.
func (w *world) paid(amount money.Amount) Payment {
	w.t.Helper()
	p := w.begin(w.request(payment.Card, amount))
	p, err := w.s.Return(context.Background(), p.ID.Text(id.Payment), w.pays(p.Checkout, card(0), "pay"))
	w.must(err)
	if p.State != Paid {
		w.t.Fatalf("payment: got %+v", p)
	}
	return p
}

func (w *world) payment(of id.ID) (p Payment) {
	w.t.Helper()
	w.view(func(tx *db.Tx) (err error) { p, _, err = w.s.Find(tx, "demo", of); return err })
	return p
}

func (w *world) cancellations(of id.ID) (all []Cancellation) {
	w.t.Helper()
	w.view(func(tx *db.Tx) (err error) { _, all, err = w.s.Find(tx, "demo", of); return err })
	return all
}

func (w *world) account() (a credit.Account) {
	w.t.Helper()
	w.view(func(tx *db.Tx) (err error) { a, err = w.ledger.Account(tx, "demo"); return err })
	return a
}

// holds checks the available credit.
func (w *world) holds(want money.Amount) {
	w.t.Helper()
	if got := w.account().Available; got != want {
		w.t.Errorf("available: got %s, want %s", got, want)
	}
}

// takings are what was really taken of payers for a payment, as "taken-back".
func (w *world) takings(p Payment) (out []string) {
	for _, t := range w.sim.Takings() {
		if t.OrderID == p.ID.Text(id.Payment) {
			back := int64(0)
			for _, c := range t.Givings {
				back += c.Amount
			}
			out = append(out, fmt.Sprintf("%d-%d", t.Amount, back))
		}
	}
	return out
}

// proven proves the ledger.
func (w *world) proven() {
	w.t.Helper()
	proof, err := w.ledger.Prove(context.Background(), w.d, []string{"demo"}, func(*db.Tx, string, []id.ID) (map[id.ID]credit.Outcome, error) {
		return map[id.ID]credit.Outcome{}, nil
	})
	w.must(err)
	if len(proof.Broken) > 0 {
		w.t.Errorf("ledger: %+v", proof.Broken)
	}
}

// events lists the types of a site's events that begin with one of the topics.
func (w *world) events(topics ...string) (types []string) {
	w.view(func(tx *db.Tx) error {
		all, err := event.List(tx, "demo", id.ID{}, 1000)
		for _, e := range all {
			for _, topic := range topics {
				if strings.HasPrefix(e.Type, topic) {
					types = append(types, e.Type)
				}
			}
		}
		return err
	})
	return types
}

// spend lowers the available credit, as an operator's correction.
func (w *world) spend(amount money.Amount) {
	w.t.Helper()
	w.do(func(tx *db.Tx) error {
		_, err := w.ledger.Add(tx, credit.TopUp{Site: "demo", Kind: credit.Adjustment, Amount: -amount})
		return err
	})
}

func (w *world) give(amount money.Amount) {
	w.t.Helper()
	w.do(func(tx *db.Tx) error {
		_, err := w.ledger.Add(tx, credit.TopUp{Site: "demo", Kind: credit.Adjustment, Amount: amount})
		return err
	})
}

// refused fails unless err has the code and the place.
func refused(t testing.TB, what string, err error, code, place string) {
	t.Helper()
	f := fault.Of(err)
	if err == nil || f.Code != code || place != "" && (len(f.Fields) == 0 || f.Fields[0].Pointer != place) {
		t.Errorf("%s: got %v (%+v), want %s at %q", what, err, f, code, place)
	}
}

// notice sends a notice as the gateway does, and gives what it is answered.
func (w *world) notice(body string) error {
	return w.s.Notice(context.Background(), "toss", netip.MustParseAddr("127.0.0.1"), http.Header{"Content-Type": {"application/json"}}, bytes.TrimSpace([]byte(body)))
}

// dbTx keeps closures in tests short.
type dbTx = db.Tx

// deposit pays a payment's virtual account in.
func (w *world) deposit(p Payment) {
	w.t.Helper()
	reply, err := http.PostForm(w.vendor.URL+"/_sim/deposit", url.Values{"orderId": {p.ID.Text(id.Payment)}})
	w.must(err)
	reply.Body.Close()
	if reply.StatusCode >= 400 {
		w.t.Fatalf("deposit: %d", reply.StatusCode)
	}
}

// ask has a payment asked for, as a notice does.
func (w *world) ask(p Payment) {
	w.t.Helper()
	w.do(func(tx *db.Tx) error {
		return w.queue.Put(tx, queue.Job{Lane: queue.Default, Kind: kindPayment, Key: p.ID.Text(id.Payment), Site: p.Site})
	})
	w.drain()
}

// giveBackAtGateway gives money back as somebody does at the gateway's own console.
func (w *world) giveBackAtGateway(p Payment, amount int64) {
	w.t.Helper()
	var ref string
	w.view(func(tx *db.Tx) error {
		found, err := w.s.find(tx, p.Site, p.ID, false)
		if err == nil {
			ref = found.ref
		}
		return err
	})
	ask, err := http.NewRequest(http.MethodPost, w.vendor.URL+"/v1/payments/"+ref+"/cancel",
		strings.NewReader(fmt.Sprintf(`{"cancelReason":"console","cancelAmount":%d}`, amount)))
	w.must(err)
	ask.SetBasicAuth(simulator.DefaultSecretKey, "")
	ask.Header.Set("Content-Type", "application/json")
	reply, err := http.DefaultClient.Do(ask)
	w.must(err)
	defer reply.Body.Close()
	if text, _ := io.ReadAll(reply.Body); reply.StatusCode != http.StatusOK {
		w.t.Fatalf("give back at the gateway: %d %s", reply.StatusCode, text)
	}
}

// counted reads a counter: the sum of its series with a label of this value.
func (w *world) counted(name, label string) (sum float64) {
	families, err := w.reg.Gather()
	w.must(err)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if f.GetName() == name && l.GetValue() == label {
					sum += m.GetCounter().GetValue()
				}
			}
		}
	}
	return sum
}
