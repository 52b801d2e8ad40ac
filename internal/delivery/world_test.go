package delivery

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"creditmsg/internal/attachment"
	"creditmsg/internal/blob"
	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/message"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/provider/sens"
	"creditmsg/internal/provider/simulator"
	"creditmsg/internal/provider/solapi"
	"creditmsg/internal/queue"
	"creditmsg/internal/site"
)

// world is a whole main job over one real database: services above, the
// simulated vendor behind its socket, and reports coming back over HTTP.
type world struct {
	t        testing.TB
	d        *db.DB
	keys     *site.Keys
	ledger   *credit.Ledger
	queue    *queue.Queue
	messages *message.Service
	delivery *Service
	pictures *attachment.Service
	folder   string // of the pictures' bytes
	sim      *simulator.Simulator
	secret   string
	clock    *clock
	trouble  *atomic.Pointer[trouble] // shared with the worlds of other tests of the engine
}

// trouble is what goes wrong at the vendor's socket with the next request that
// it is for.
type trouble struct {
	path   string // end of the request's path
	method string
	match  func(*http.Request) bool // nil = every such request
	before func()                   // what happens first
	pass   bool                     // the vendor answers as usual
	after  bool                     // the vendor takes the request first
	status int                      // the answer; 0 = the connection is cut
	header map[string]string
	body   string
	always bool // stays
}

// vendor is the simulated vendor behind the trouble of the moment.
func (w *world) vendor(rw http.ResponseWriter, r *http.Request) {
	x := w.trouble.Load()
	if x == nil || !strings.HasSuffix(r.URL.Path, x.path) || x.method != "" && x.method != r.Method || x.match != nil && !x.match(r) {
		w.sim.Handler().ServeHTTP(rw, r)
		return
	}
	if !x.always {
		w.trouble.Store(nil)
	}
	if x.before != nil {
		x.before()
	}
	if x.pass {
		w.sim.Handler().ServeHTTP(rw, r)
		return
	}
	if x.after {
		w.sim.Handler().ServeHTTP(httptest.NewRecorder(), r)
	}
	if x.status == 0 {
		if conn, _, err := rw.(http.Hijacker).Hijack(); err == nil {
			_ = conn.Close()
		}
		return
	}
	rw.Header().Set("Content-Type", "application/json")
	for name, value := range x.header {
		rw.Header().Set(name, value)
	}
	rw.WriteHeader(x.status)
	_, _ = io.WriteString(rw, x.body)
}

// clock is the time of a world: it stands still until a test moves it.
type clock struct{ now atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.now.Store(time.Date(2026, 11, 22, 5, 0, 0, 0, time.UTC).UnixMicro())
	return c
}

func (c *clock) read() time.Time         { return time.UnixMicro(c.now.Load()).UTC() }
func (c *clock) forward(d time.Duration) { c.now.Add(d.Microseconds()) }

// still makes a world in virtual time, in which nothing happens by itself: the
// test says when jobs run (drain) and when time passes.
func still(t testing.TB, engine string, o worldOptions) *world {
	c := newClock()
	w := newWorld(t, dbtest.Connect(t, dbtest.Migrated(t, engine), db.Options{Now: c.read}), o)
	w.clock = c
	return w
}

// drain runs every job that is due, and what they make due, as the workers would.
func (w *world) drain() {
	w.t.Helper()
	works := append(w.messages.Works(), w.delivery.Works()...)
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

type worldOptions struct {
	reports  bool                       // the simulator calls back by itself
	also     []string                   // names of further accounts at the same vendor
	costs    provider.Costs             // what the vendor charges
	carriers func(url string) []Carrier // in place of the accounts above
	asked    bool                       // the one account is of a vendor that has to be asked, which knows no reference
	delivery Options
	message  message.Options
	sim      simulator.Options
}

const upstream = "solapi"

func newWorld(t testing.TB, d *db.DB, o worldOptions) *world {
	t.Helper()
	w := &world{t: t, d: d, secret: "hook-secret", trouble: &atomic.Pointer[trouble]{}}
	hook := httptest.NewServer(http.HandlerFunc(w.hook))
	t.Cleanup(hook.Close)
	if o.reports {
		o.sim.ReportURL, o.sim.ReportSecret = hook.URL, w.secret
	}
	if o.sim.AcceptDelay == 0 {
		o.sim.AcceptDelay, o.sim.ReportDelay = time.Millisecond, 2*time.Millisecond
	}
	w.sim = simulator.New(o.sim)
	vendor := httptest.NewServer(http.HandlerFunc(w.vendor))
	t.Cleanup(vendor.Close)
	w.background(w.sim.Run)

	w.keys = site.NewKeys(d, nil)
	w.must(w.keys.Prepare(t.Context()))
	w.queue = queue.New(d, queue.Options{Idle: 20 * time.Millisecond})
	w.ledger = credit.NewLedger(w.keys, w.queue)
	var carriers []Carrier
	var err error
	for _, name := range append([]string{upstream}, o.also...) {
		account := provider.Account{Name: name, Kind: "solapi", URL: vendor.URL, APIKey: simulator.DefaultKey,
			APISecret: simulator.DefaultSecret, Webhook: provider.Webhook{Secret: w.secret}, Costs: o.costs}
		adapter, err := solapi.New(account)
		w.must(err)
		carriers = append(carriers, Carrier{Account: account, Adapter: adapter})
	}
	if o.asked {
		account := provider.Account{Name: "sens", Kind: "sens", URL: vendor.URL, APIKey: simulator.DefaultKey, APISecret: simulator.DefaultSecret,
			Settings: map[string]string{"sms_service": "ncp:sms:kr:123456789012:sim"}}
		adapter, err := sens.New(account)
		w.must(err)
		carriers = []Carrier{{Account: account, Adapter: adapter}}
	}
	if o.carriers != nil {
		carriers = o.carriers(vendor.URL)
	}
	w.folder = t.TempDir()
	store, err := blob.Open(blob.Options{URL: "file:" + w.folder})
	w.must(err)
	w.pictures = attachment.New(d, w.keys, store, nil)
	o.delivery.Attachments = w.pictures
	o.message.Pictures = func(siteID string) int { return w.delivery.MostPictures(siteID) }
	o.message.Offered = func(siteID string, c provider.Channel) bool { return w.delivery.Offered(siteID, c) }
	o.message.Accounts = func(siteID string, c provider.Channel) []string { return w.delivery.Accounts(siteID, c) }
	o.message.Cost = func(account string, c provider.Channel) (money.Amount, bool) { return w.delivery.Cost(account, c) }
	if o.message.Log == nil {
		o.message.Log = slog.New(slog.DiscardHandler)
	}
	w.messages, err = message.NewService(d, w.keys, w.ledger, w.queue, o.message)
	w.must(err)
	if o.delivery.Log == nil {
		o.delivery.Log = slog.New(slog.NewTextHandler(testLog{t}, &slog.HandlerOptions{Level: slog.LevelWarn}))
	}
	w.delivery, err = New(d, w.keys, w.messages, w.queue, carriers, o.delivery)
	w.must(err)
	t.Cleanup(func() { _ = w.delivery.Drain(context.Background()) })
	return w
}

type testLog struct{ t testing.TB }

func (l testLog) Write(p []byte) (int, error) {
	l.t.Log(string(bytes.TrimSpace(p)))
	return len(p), nil
}

// Recover looks once for what was left behind and mends what is due, as Run does again and again.
func (s *Service) Recover(ctx context.Context) error {
	return errors.Join(s.recoverAttempts(ctx), s.recoverInbox(ctx), s.pollCalls(ctx))
}

// background runs a runner until the test ends.
func (w *world) background(run func(context.Context) error) {
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := run(ctx); err != nil && ctx.Err() == nil {
			w.t.Errorf("runner: %v", err)
		}
	})
	w.t.Cleanup(func() { stop(); wg.Wait() })
}

// work runs the workers as the program does.
func (w *world) work() {
	works := append(w.messages.Works(), w.delivery.Works()...)
	w.background(func(ctx context.Context) error { return w.queue.Run(ctx, works...) })
}

func (w *world) hook(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = w.delivery.Receive(r.Context(), upstream, r.Header, body, netip.MustParseAddr("127.0.0.1"))
	}
	if err != nil {
		w.t.Logf("webhook: %v", err)
		rw.WriteHeader(http.StatusServiceUnavailable)
	}
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) update(fn func(tx *db.Tx) error) {
	w.t.Helper()
	w.must(w.d.Update(context.Background(), "test", fn))
}

// site makes a site that can send everything, with prices 9, 18, 45, 120.
func (w *world) site(name string, won int64) {
	w.t.Helper()
	w.update(func(tx *db.Tx) error {
		if _, err := site.Create(tx, w.keys, name, name); err != nil {
			return err
		}
		if err := w.ledger.Open(tx, name); err != nil {
			return err
		}
		if won > 0 {
			if _, err := w.ledger.Add(tx, credit.TopUp{Site: name, Kind: credit.Adjustment, Amount: money.Amount(won) * money.Won, Note: "test"}); err != nil {
				return err
			}
		}
		if _, err := site.AddSender(tx, name, "0261234567", site.Approved); err != nil {
			return err
		}
		_, err := message.AddTemplate(tx, message.Template{Site: name, Code: "RESERVE_01", Name: "예약", Channel: "@demo",
			Body: "#{이름}님, 예약이 확정되었습니다.", State: message.TemplateApproved,
			Providers: map[string]message.ProviderTemplate{upstream: {ChannelID: "KA01PF260101000000000AbCdEfGhIjK", TemplateID: "KA01TP260101000000000LmNoPqRsTuV"}}})
		return err
	})
}

func request(s message.Strategy) message.Request {
	r := message.Request{Strategy: s, Text: &message.TextRequest{Body: "#{이름}님, 예약이 확정되었습니다."}}
	if s != message.SMSOnly {
		r.TemplateCode = "RESERVE_01"
	}
	return r
}

// send accepts a message to these numbers.
func (w *world) send(siteID string, r message.Request, to ...string) (message.Receipt, error) {
	ctx := context.Background()
	draft, err := w.messages.Draft(ctx, siteID, r)
	if err != nil {
		return message.Receipt{}, err
	}
	for i, number := range to {
		if err := draft.Add(ctx, number, map[string]string{"이름": fmt.Sprintf("김하나%d", i)}); err != nil {
			return message.Receipt{}, err
		}
	}
	return draft.Accept(ctx, nil)
}

func (w *world) sent(siteID string, r message.Request, to ...string) message.Key {
	w.t.Helper()
	receipt, err := w.send(siteID, r, to...)
	w.must(err)
	return receipt.Message
}

func (w *world) find(key message.Key) (m *message.Message) {
	w.t.Helper()
	w.must(w.d.View(context.Background(), "test", func(tx *db.Tx) (err error) { m, err = message.Find(tx, key); return err }))
	return m
}

// done waits until the message is final.
func (w *world) done(key message.Key) *message.Message {
	w.t.Helper()
	deadline := time.After(30 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if m := w.find(key); m.State.Final() {
			return m
		}
		select {
		case <-tick.C:
		case <-deadline:
			m := w.find(key)
			w.t.Fatalf("message %s is %s after 30 s: pending %d, %+v", key.ID, m.State, m.Pending(), m.Counts)
		}
	}
}

// people reads all recipients of a message.
func (w *world) people(key message.Key) []message.Shown {
	w.t.Helper()
	var list []message.Shown
	w.must(w.d.View(context.Background(), "test", func(tx *db.Tx) error {
		m, err := message.Find(tx, key)
		if err != nil {
			return err
		}
		list, _, _, err = w.messages.Recipients(tx, m, message.Filter{Limit: 100_000})
		return err
	}))
	return list
}

func (w *world) account(siteID string) (a credit.Account) {
	w.t.Helper()
	w.must(w.d.View(context.Background(), "test", func(tx *db.Tx) (err error) { a, err = w.ledger.Account(tx, siteID); return err }))
	return a
}

func (w *world) usages(siteID string, m id.ID) map[provider.Channel]credit.Usage {
	w.t.Helper()
	out := map[provider.Channel]credit.Usage{}
	w.must(w.d.View(context.Background(), "test", func(tx *db.Tx) error {
		list, err := w.ledger.Usages(tx, siteID, m, id.ID{}, 100)
		for _, u := range list {
			out[u.Channel] = u
		}
		return err
	}))
	return out
}

// prove holds the ledger against the rows.
func (w *world) prove() {
	w.t.Helper()
	proof, err := w.ledger.Prove(context.Background(), w.d, nil, w.messages.Outcomes)
	w.must(err)
	for _, b := range proof.Broken {
		w.t.Errorf("ledger broken: %+v", b)
	}
}

// report is what a test lets the vendor say.
func (w *world) report(ref, status string) error {
	body, err := json.Marshal([]map[string]any{{"messageId": "M4V20261122180000ABCDEFGHJKLMNPQ", "groupId": "G4V20261122180000ABCDEFGHJKLMNPQ",
		"type": "SMS", "to": "01000000000", "statusCode": status, "statusMessage": "test", "customFields": map[string]string{"ref": ref},
		"dateReported": "2026-11-22T09:00:03.000Z"}})
	if err != nil {
		return err
	}
	h := http.Header{}
	h.Set("X-Solapi-Event-Name", "SINGLE-REPORT")
	h.Set("X-Solapi-Secret", secretDigest(w.secret))
	err = w.delivery.Receive(context.Background(), upstream, h, body, netip.MustParseAddr("127.0.0.1"))
	w.delivery.apply.Wait()
	return err
}

func mobile(n int) string { return string(korea.MobileNumber(uint32(n))) }
