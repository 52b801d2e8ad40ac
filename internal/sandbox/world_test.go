package sandbox

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"creditmsg/internal/billing"
	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/delivery"
	"creditmsg/internal/kakao"
	"creditmsg/internal/message"
	"creditmsg/internal/money"
	"creditmsg/internal/payment"
	till "creditmsg/internal/payment/simulator"
	"creditmsg/internal/payment/toss"
	"creditmsg/internal/provider"
	"creditmsg/internal/provider/simulator"
	"creditmsg/internal/provider/solapi"
	"creditmsg/internal/queue"
	"creditmsg/internal/series"
	"creditmsg/internal/site"
	"creditmsg/internal/webhook"
)

// world is test mode over one database, with a live vendor and a simulator of test mode. Time
// stands still, and jobs run when a test says so; what became of messages is learnt by
// look-ups, which are jobs too.
type world struct {
	t          testing.TB
	d          *db.DB
	now        *atomic.Int64
	keys       *site.Keys
	ledger     *credit.Ledger
	queue      *queue.Queue
	messages   *message.Service
	delivery   *delivery.Service
	billing    *billing.Service
	series     *series.Service
	kakao      *kakao.Service
	hooks      *webhook.Service
	sandbox    *Service
	live, test *simulator.Simulator
	broken     error         // what the last shift gives
	heard      chan struct{} // the simulators know of an end more
}

const (
	channelID  = "KA01PF260101000000000AbCdEfGhIjK"
	templateID = "KA01TP260101000000000LmNoPqRsTuV"
)

func each(t *testing.T, test func(t *testing.T, w *world)) {
	for _, engine := range dbtest.Engines() {
		t.Run(engine, func(t *testing.T) { test(t, newWorld(t, engine)) })
	}
}

func newWorld(t testing.TB, engine string) *world {
	t.Helper()
	w := &world{t: t, now: &atomic.Int64{}, heard: make(chan struct{}, 1)}
	hook := httptest.NewServer(http.HandlerFunc(w.hear))
	t.Cleanup(hook.Close)
	w.now.Store(time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC).UnixMicro()) // Monday, 14:00 in Korea
	w.d = dbtest.Connect(t, dbtest.Migrated(t, engine), db.Options{Now: func() time.Time { return time.UnixMicro(w.now.Load()).UTC() }})
	w.keys = site.NewKeys(w.d, nil)
	w.must(w.keys.Prepare(t.Context()))
	w.queue = queue.New(w.d, queue.Options{})
	w.ledger = credit.NewLedger(w.keys, w.queue)
	var carriers []delivery.Carrier
	for _, name := range []string{"vendor", "solapi.test"} {
		sim := simulator.New(simulator.Options{AcceptDelay: -1, ReportDelay: -1, ReportURL: hook.URL})
		if w.live == nil {
			w.live = sim
		} else {
			w.test = sim
		}
		w.background(sim.Run)
		box := httptest.NewServer(sim.Handler())
		t.Cleanup(box.Close)
		a := provider.Account{Name: name, Kind: "solapi", URL: box.URL, APIKey: simulator.DefaultKey, APISecret: simulator.DefaultSecret, Test: name != "vendor"}
		adapter, err := solapi.New(a)
		w.must(err)
		carriers = append(carriers, delivery.Carrier{Account: a, Adapter: adapter})
	}
	w.pay()
	var err error
	w.messages, err = message.NewService(w.d, w.keys, w.ledger, w.queue, message.Options{Billing: w.billing, Log: slog.New(slog.DiscardHandler),
		Offered: func(siteID string, c provider.Channel) bool { return w.delivery.Offered(siteID, c) }})
	w.must(err)
	w.delivery, err = delivery.New(w.d, w.keys, w.messages, w.queue, carriers, delivery.Options{Log: slog.New(slog.DiscardHandler)})
	w.must(err)
	t.Cleanup(func() { _ = w.delivery.Drain(context.Background()) })
	w.series = series.New(w.d, w.keys, w.queue, w.messages)
	w.kakao = kakao.New(w.d, w.keys, w.queue, nil, kakao.Options{})
	w.hooks, err = webhook.New(w.d, w.keys, w.queue, webhook.Options{})
	w.must(err)
	w.sandbox = New(w.d, w.keys, w.ledger, w.queue, w.kakao, Options{
		Shifts: append(Shifts(w.messages, w.delivery, w.billing, w.series, w.kakao, w.hooks),
			func(*db.Tx, string, time.Duration) error { return w.broken }),
		Busy:    w.delivery.Busy,
		Channel: func(string, string) map[string]string { return map[string]string{"solapi.test": channelID} },
		Template: func(string, string, map[string]string) map[string]message.ProviderTemplate {
			return map[string]message.ProviderTemplate{"solapi.test": {ChannelID: channelID, TemplateID: templateID}}
		},
	})
	return w
}

// hear notes that a simulator reports, and tells nobody what.
func (w *world) hear(http.ResponseWriter, *http.Request) {
	select {
	case w.heard <- struct{}{}:
	default:
	}
}

// ripen waits until the simulators know what became of everybody who has an end.
func (w *world) ripen() {
	w.t.Helper()
	open := func(r simulator.Received) bool { return r.Outcome == "pending" && !strings.HasPrefix(r.To, "0100004") }
	for slices.ContainsFunc(slices.Concat(w.live.Received(), w.test.Received()), open) {
		select {
		case <-w.heard:
		case <-time.After(20 * time.Second):
			w.t.Fatal("the simulators do not come to an end")
		}
	}
}

// pay gives sites of either sort a gateway.
func (w *world) pay() {
	box := till.New(till.Options{})
	w.background(box.Run)
	server := httptest.NewServer(box.Handler())
	w.t.Cleanup(server.Close)
	var list []billing.Gateway
	for _, name := range []string{"toss", "toss.test"} {
		a := payment.Account{Name: name, Kind: "toss", URL: server.URL, CheckoutURL: server.URL + "/_sim/checkout",
			ClientKey: till.DefaultClientKey, SecretKey: till.DefaultSecretKey, Test: name != "toss"}
		adapter, err := toss.New(a)
		w.must(err)
		list = append(list, billing.Gateway{Account: a, Adapter: adapter})
	}
	var err error
	w.billing, err = billing.New(w.d, w.keys, w.ledger, w.queue, list, billing.Options{})
	w.must(err)
}

func (w *world) background(run func(context.Context) error) {
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _ = run(ctx) })
	w.t.Cleanup(func() { stop(); wg.Wait() })
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

// shop makes a live site that can send, and its test site.
func (w *world) shop(id string) {
	w.t.Helper()
	w.update(func(tx *db.Tx) error {
		if _, err := site.Create(tx, w.keys, id, id); err != nil {
			return err
		}
		if err := w.ledger.Open(tx, id); err != nil {
			return err
		}
		if _, err := w.ledger.Add(tx, credit.TopUp{Site: id, Kind: credit.Adjustment, Amount: 50_000 * money.Won, Note: "test"}); err != nil {
			return err
		}
		if _, err := site.AddSender(tx, id, "0261234567", site.Approved); err != nil {
			return err
		}
		if _, err := site.AddChannel(tx, site.Channel{Site: id, Name: "@demo", Providers: map[string]string{"vendor": channelID}}); err != nil {
			return err
		}
		_, err := message.AddTemplate(tx, message.Template{Site: id, Code: "RESERVE_01", Name: "예약", Channel: "@demo", Body: "#{이름}님, 예약이 확정되었습니다.",
			State: message.TemplateApproved, Providers: map[string]message.ProviderTemplate{"vendor": {ChannelID: channelID, TemplateID: templateID}}})
		if err != nil {
			return err
		}
		_, err = w.sandbox.Make(tx, id)
		return err
	})
}

func asked() message.Request {
	return message.Request{Strategy: message.AlimtalkFirst, TemplateCode: "RESERVE_01", Text: &message.TextRequest{Body: "#{이름}님, 예약이 확정되었습니다."}}
}

// send accepts a message to these numbers.
func (w *world) send(siteID string, r message.Request, to ...string) message.Key {
	w.t.Helper()
	draft, err := w.messages.Draft(w.t.Context(), siteID, r)
	w.must(err)
	for _, number := range to {
		w.must(draft.Add(w.t.Context(), number, map[string]string{"이름": "김하나"}))
	}
	receipt, err := draft.Accept(w.t.Context(), nil)
	w.must(err)
	return receipt.Message
}

// drain runs every job that is due, and what they make due.
func (w *world) drain() {
	w.t.Helper()
	works := slices.Concat(w.messages.Works(), w.delivery.Works(), w.billing.Works(), w.series.Works(), w.ledger.Works(w.d))
	defer w.ripen()
	for range 200 {
		ran := 0
		for _, k := range works {
			jobs, err := w.queue.Claim(context.Background(), k.Lane, []string{k.Kind}, max(k.Max, 1))
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

// advance sets the clock of a test site forward, and has what became due done.
func (w *world) advance(siteID string, by time.Duration) {
	w.t.Helper()
	w.update(func(tx *db.Tx) error { _, err := w.sandbox.Advance(tx, siteID, by); return err })
	w.drain()
}

func (w *world) find(key message.Key) (m *message.Message) {
	w.t.Helper()
	w.must(w.d.View(w.t.Context(), "test", func(tx *db.Tx) (err error) { m, err = message.Find(tx, key); return err }))
	return m
}

func (w *world) account(siteID string) (a credit.Account) {
	w.t.Helper()
	w.must(w.d.View(w.t.Context(), "test", func(tx *db.Tx) (err error) { a, err = w.ledger.Account(tx, siteID); return err }))
	return a
}

// prove holds the ledger against the rows.
func (w *world) prove() {
	w.t.Helper()
	proof, err := w.ledger.Prove(w.t.Context(), w.d, nil, w.messages.Outcomes)
	w.must(err)
	for _, b := range proof.Broken {
		w.t.Errorf("ledger broken: %+v", b)
	}
}

// owned are the tables that have rows of sites, which a shift could touch.
var owned = []string{"site", "site_key", "site_rev", "site_token", "site_sender", "site_channel", "event", "idem", "job", "account", "lot", "reservation",
	"entry", "credit_usage", "credit_refund", "credit_head", "credit_cap", "credit_cap_use", "price", "stat_delta", "stat_day", "template", "message", "batch", "reject",
	"recipient", "recent", "off_kakao", "review", "billing_payment", "billing_cancel", "billing_card", "billing_rule", "series", "series_firing", "kakao_template",
	"webhook_endpoint", "webhook_delivery", "webhook_attempt"}

// kept are those of them that no shift changes at all.
var kept = []string{"site_key", "site_token", "site_sender", "site_channel", "event", "idem", "account", "lot", "reservation",
	"entry", "credit_usage", "credit_refund", "credit_head", "credit_cap", "credit_cap_use", "price", "stat_delta", "stat_day", "template", "batch", "reject",
	"billing_cancel", "billing_card", "series_firing", "webhook_attempt"}

// digest sums up the rows of tables of some sites, by table.
func (w *world) digest(tables []string, like string, of bool) map[string]string {
	w.t.Helper()
	out := map[string]string{}
	w.must(w.d.View(w.t.Context(), "test", func(tx *db.Tx) error {
		for _, table := range tables {
			column, not := "site_id", "NOT "
			if table == "site" {
				column = "id"
			}
			if table == "price" {
				column = "owner"
			}
			if of {
				not = ""
			}
			rows, err := tx.Query("SELECT * FROM " + table + " WHERE " + column + " " + not + "LIKE '" + like + "'")
			if err != nil {
				return fmt.Errorf("%s: %w", table, err)
			}
			sum, err := sumOf(rows)
			if err != nil {
				return fmt.Errorf("%s: %w", table, err)
			}
			out[table] = sum
		}
		return nil
	}))
	return out
}

type scannable interface {
	Next() bool
	Columns() ([]string, error)
	Scan(...any) error
	Err() error
	Close() error
}

func sumOf(rows scannable) (string, error) {
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return "", err
	}
	var lines []string
	for rows.Next() {
		values, into := make([]any, len(names)), make([]any, len(names))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return "", err
		}
		lines = append(lines, fmt.Sprint(values...))
	}
	slices.Sort(lines)
	return fmt.Sprintf("%d rows %x", len(lines), sha256.Sum256(fmt.Append(nil, lines))), rows.Err()
}
