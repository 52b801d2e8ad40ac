package api

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"creditmsg/internal/access"
	"creditmsg/internal/alert"
	"creditmsg/internal/attachment"
	"creditmsg/internal/billing"
	"creditmsg/internal/blob"
	"creditmsg/internal/book"
	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/delivery"
	"creditmsg/internal/fault"
	"creditmsg/internal/invoice"
	"creditmsg/internal/kakao"
	"creditmsg/internal/message"
	"creditmsg/internal/money"
	"creditmsg/internal/optout"
	"creditmsg/internal/paper"
	"creditmsg/internal/privacy"
	"creditmsg/internal/provider"
	"creditmsg/internal/provider/simulator"
	"creditmsg/internal/provider/solapi"
	"creditmsg/internal/queue"
	"creditmsg/internal/registration"
	"creditmsg/internal/rerun"
	"creditmsg/internal/series"
	"creditmsg/internal/site"
	parts "creditmsg/internal/upload"
	"creditmsg/internal/vendor"
	"creditmsg/internal/webhook"
	"creditmsg/internal/whatif"
)

// world is the API over one real database, with the simulated vendor behind its
// socket. Nothing happens by itself: a test says when jobs run (drain).
type world struct {
	t        testing.TB
	d        *db.DB
	keys     *site.Keys
	ledger   *credit.Ledger
	queue    *queue.Queue
	messages *message.Service
	delivery *delivery.Service
	billing  *billing.Service
	alerts   *alert.Service
	book     *book.Book
	series   *series.Service
	people   *access.People
	sim      *simulator.Simulator
	till     *httptest.Server // the simulated payment gateway
	deps     Deps
	handler  http.Handler
	log      *lockedBuffer

	undescribed bool // the test has routes that are not in the document

	rich, poor, operator string // secrets of tokens; rich has 150,000 won
}

const hookSecret = "hook-secret"

// lockedBuffer is a log that a test may read while requests write it.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// onSQLite gives a world for what has nothing to do with the engine.
func onSQLite(t testing.TB) *world { return newWorld(t, dbtest.Open(t, "sqlite")) }

// each runs a test in a world on every engine.
func each(t *testing.T, test func(t *testing.T, w *world)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) { test(t, newWorld(t, d)) })
}

func newWorld(t testing.TB, d *db.DB) *world {
	t.Helper()
	w := &world{t: t, d: d, log: &lockedBuffer{}}
	w.sim = simulator.New(simulator.Options{})
	box := httptest.NewServer(w.sim.Handler())
	t.Cleanup(box.Close)

	w.keys = site.NewKeys(d, nil)
	w.must(w.keys.Prepare(t.Context()))
	w.queue = queue.New(d, queue.Options{})
	w.ledger = credit.NewLedger(w.keys, w.queue)
	account := provider.Account{Name: "solapi", Kind: "solapi", URL: box.URL, APIKey: simulator.DefaultKey,
		APISecret: simulator.DefaultSecret, Webhook: provider.Webhook{Secret: hookSecret}}
	adapter, err := solapi.New(account)
	w.must(err)
	log := slog.New(slog.NewTextHandler(w.log, nil))
	w.billing, w.till = newBilling(t, w)
	w.book = book.New(d, w.keys, w.queue)
	w.messages, err = message.NewService(d, w.keys, w.ledger, w.queue, message.Options{
		Offered:  func(siteID string, c provider.Channel) bool { return w.delivery.Offered(siteID, c) },
		Accounts: func(siteID string, c provider.Channel) []string { return w.delivery.Accounts(siteID, c) },
		Pictures: func(siteID string) int { return w.delivery.MostPictures(siteID) },
		Log:      log, Billing: w.billing, Book: w.book,
	})
	w.must(err)
	store, err := blob.Open(blob.Options{URL: "file:" + t.TempDir()})
	w.must(err)
	pictures := attachment.New(d, w.keys, store, log)
	w.delivery, err = delivery.New(d, w.keys, w.messages, w.queue, []delivery.Carrier{{Account: account, Adapter: adapter}}, delivery.Options{Log: log, Attachments: pictures})
	w.must(err)
	w.series = series.New(d, w.keys, w.queue, w.messages)
	t.Cleanup(func() { _ = w.delivery.Drain(context.Background()) })

	w.alerts, err = alert.New(d, w.keys, w.queue, w.messages, w.billing, alert.Options{
		SMTP: alert.SMTP{Host: "127.0.0.1", From: "alerts@credit.example"}, Texts: alert.Texts{Site: "rich"}})
	w.must(err)

	hooks, err := webhook.New(d, w.keys, w.queue, webhook.Options{})
	w.must(err)

	registry := prometheus.NewRegistry()
	w.people = access.New(d, w.keys)
	w.people.Mail(w.queue, true)
	w.deps = Deps{DB: d, People: w.people, Keys: w.keys, Ledger: w.ledger, Messages: w.messages, Delivery: w.delivery, Billing: w.billing, Alerts: w.alerts, Book: w.book, Series: w.series, Attachments: pictures, Uploads: parts.New(d, w.keys, store, log), OptOuts: optout.New(w.keys), Papers: paper.New(w.keys, w.ledger, w.billing), WhatIf: whatif.New(d, w.keys, w.messages), Log: log,
		Invoices:     invoice.New(d, w.keys, w.messages, w.ledger, map[string]string{"solapi": "solapi"}),
		Vendors:      vendor.New(d, w.queue, []vendor.Account{{Name: account.Name, Kind: account.Kind, Adapter: adapter, LowBalance: 10_000 * money.Won}}, vendor.Options{Log: log}),
		Registration: registration.New(w.keys, w.queue), Webhooks: hooks,
		Privacy:    privacy.New(privacy.Deps{DB: d, Keys: w.keys, Queue: w.queue, Ledger: w.ledger, Messages: w.messages, Book: w.book, Series: w.series, Render: RenderReceipt, Log: log}),
		Reruns:     rerun.New(d, w.delivery, w.messages, w.ledger, w.queue, rerun.Options{ByInvoices: invoice.Refunded}),
		Kakao:      kakao.New(d, w.keys, w.queue, []kakao.Account{{Name: account.Name, Adapter: adapter}}, kakao.Options{Log: log}),
		Registerer: registry, Gatherer: registry, Version: "test"}
	w.deps.Sandbox = newSandbox(w)
	w.deps.Queue, w.deps.System = w.queue, w.system()
	w.queue.Know(w.works()...)
	w.handler, err = New(w.deps)
	w.must(err)
	w.furnish()
	return w
}

// furnish makes two sites that can send, and tokens.
func (w *world) furnish() {
	w.t.Helper()
	w.update(func(tx *db.Tx) error {
		for name, won := range map[string]money.Amount{"rich": 150_000, "poor": 10} {
			if _, err := site.Create(tx, w.keys, name, name); err != nil {
				return err
			}
			if err := w.ledger.Open(tx, name); err != nil {
				return err
			}
			if _, err := w.ledger.Add(tx, credit.TopUp{Site: name, Kind: credit.Adjustment, Amount: won * money.Won, Note: "start"}); err != nil {
				return err
			}
			if _, err := site.AddSender(tx, name, "0261234567", site.Approved); err != nil {
				return err
			}
			if _, err := site.AddChannel(tx, site.Channel{Site: name, Name: "@demo", SenderKey: "KEY"}); err != nil {
				return err
			}
			_, err := message.AddTemplate(tx, message.Template{Site: name, Code: "RESERVE_01", Name: "예약", Channel: "@demo",
				Body: "#{이름}님, 예약이 확정되었습니다.", State: message.TemplateApproved,
				Providers: map[string]message.ProviderTemplate{"solapi": {ChannelID: "KA01PF260101000000000AbCdEfGhIjK", TemplateID: "KA01TP260101000000000LmNoPqRsTuV"}}})
			if err != nil {
				return err
			}
		}
		return nil
	})
	w.rich, w.poor = w.token("rich", "*"), w.token("poor", "*")
	w.operator = w.token("", "operator")
}

// token makes a token and gives its secret.
func (w *world) token(siteID string, abilities ...string) (secret string) {
	w.t.Helper()
	w.update(func(tx *db.Tx) (err error) {
		_, secret, err = site.NewToken(tx, siteID, "test", abilities, 0)
		return err
	})
	return secret
}

func (w *world) update(fn func(tx *db.Tx) error) {
	w.t.Helper()
	w.must(w.d.Update(w.t.Context(), "test", fn))
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// works are the kinds of jobs that drain runs.
func (w *world) works() []queue.Work {
	return slices.Concat(w.messages.Works(), w.delivery.Works(), w.book.Works(), w.series.Works(), w.deps.Vendors.Works(), w.deps.Kakao.Works(), w.deps.Reruns.Works())
}

// drain runs every job that is due, and what they make due.
func (w *world) drain() {
	w.t.Helper()
	works := w.works()
	for range 200 {
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

// ask is one request of a test.
type ask struct {
	method, path string
	token        string
	key          string // Idempotency-Key
	body         string
	media        string // "" = application/json when there is a body
	header       http.Header
	from         io.Reader // instead of body
}

// got is the reply to it.
type got struct {
	t      testing.TB
	status int
	header http.Header
	body   []byte
}

func (w *world) do(a ask) got {
	w.t.Helper()
	var body io.Reader
	if a.body != "" {
		body = strings.NewReader(a.body)
	}
	if a.from != nil {
		body = a.from
	}
	r := httptest.NewRequest(a.method, a.path, body)
	if a.token != "" {
		r.Header.Set("Authorization", "Bearer "+a.token)
	}
	if a.key != "" {
		r.Header.Set("Idempotency-Key", a.key)
	}
	switch {
	case a.media != "":
		r.Header.Set("Content-Type", a.media)
	case body != nil:
		r.Header.Set("Content-Type", "application/json")
	}
	for name, values := range a.header {
		r.Header[name] = values
	}
	return w.serve(r)
}

func (w *world) get(path string) got {
	w.t.Helper()
	return w.do(ask{method: "GET", path: path, token: w.rich})
}

func (w *world) post(path, body string) got {
	w.t.Helper()
	return w.do(ask{method: "POST", path: path, token: w.rich, body: body})
}

// send sends a message that must be accepted, and gives the reply.
func (w *world) send(body string) map[string]any {
	w.t.Helper()
	return w.post("/v1/messages", body).is(202).json()
}

// is checks the status.
func (g got) is(status int) got {
	g.t.Helper()
	if g.status != status {
		g.t.Fatalf("got status %d, want %d: %.600s", g.status, status, g.body)
	}
	return g
}

// json is the body as an object.
func (g got) json() map[string]any {
	g.t.Helper()
	var out map[string]any
	if err := json.Unmarshal(g.body, &out); err != nil {
		g.t.Fatalf("read the reply %.300s: %v", g.body, err)
	}
	return out
}

// refused checks that the reply is a whole problem with this code, and gives the
// pointers of its errors.
func (g got) refused(status int, code string) (pointers []string) {
	g.t.Helper()
	g.is(status)
	if got := g.header.Get("Content-Type"); got != "application/problem+json" {
		g.t.Errorf("got Content-Type %q, want application/problem+json", got)
	}
	p := g.json()
	for _, member := range []string{"type", "title", "status", "detail", "code", "request_id"} {
		if p[member] == nil || p[member] == "" {
			g.t.Errorf("the problem has no %s: %s", member, g.body)
		}
	}
	if p["code"] != code || p["status"] != float64(status) || p["request_id"] != g.header.Get("X-Request-Id") {
		g.t.Errorf("got problem %s, want code %s, status %d and the request's id %s", g.body, code, status, g.header.Get("X-Request-Id"))
	}
	list, _ := p["errors"].([]any)
	for _, e := range list {
		field, _ := e.(map[string]any)
		text, _ := field["pointer"].(string)
		if field["detail"] == "" || field["code"] == "" {
			g.t.Errorf("an error has no detail or code: %v", field)
		}
		pointers = append(pointers, text)
	}
	return pointers
}

// rows is the data of a list.
func (g got) rows() []map[string]any {
	g.t.Helper()
	list, ok := g.is(200).json()["data"].([]any)
	if !ok {
		g.t.Fatalf("no data in %s", g.body)
	}
	out := make([]map[string]any, len(list))
	for i, row := range list {
		out[i], _ = row.(map[string]any)
	}
	return out
}

// cursor is the next page's, empty on the last one.
func (g got) cursor() string {
	text, _ := g.json()["next_cursor"].(string)
	return text
}

// text is a message by text alone to one number.
const text = `{"strategy":"sms_only","text":{"body":"안녕하세요"},"recipients":[{"to":"01012345678"}]}`

// topUp gives a site some won.
func (w *world) topUp(siteID string, won money.Amount) {
	w.t.Helper()
	w.update(func(tx *db.Tx) error {
		_, err := w.ledger.Add(tx, credit.TopUp{Site: siteID, Kind: credit.Adjustment, Amount: won * money.Won})
		return err
	})
}

// far is a time that no test reaches.
var far = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)

// refusedAs checks the code of a fault.
func refusedAs(t testing.TB, err error, code string) {
	t.Helper()
	if f := fault.Of(err); f == nil || f.Code != code {
		t.Errorf("got %v, want a fault with code %s", err, code)
	}
}

// sized hides how long a body is.
type sized struct{ io.Reader }

// doSized announces a length of the body.
func (w *world) doSized(a ask, length int64) got {
	w.t.Helper()
	r := httptest.NewRequest(a.method, a.path, a.from)
	r.ContentLength = length
	r.Header.Set("Authorization", "Bearer "+a.token)
	r.Header.Set("Content-Type", a.media)
	return w.serve(r)
}

// oldSite makes a site whose first entry is of the transaction's time.
func (w *world) oldSite(tx *db.Tx, name string) error {
	if _, err := site.Create(tx, w.keys, name, name); err != nil {
		return err
	}
	if err := w.ledger.Open(tx, name); err != nil {
		return err
	}
	_, err := w.ledger.Add(tx, credit.TopUp{Site: name, Kind: credit.Payment, Amount: money.Won})
	return err
}
