package alert

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"creditmsg/internal/billing"
	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/event"
	"creditmsg/internal/message"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/queue"
	"creditmsg/internal/site"
)

const won = money.Won

// noon is a Sunday noon in Korea.
var noon = time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)

// diary is a log that may be read while it is written.
type diary struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *diary) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *diary) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// world is alerts over a real database, with a mail server at a socket. Its time stands
// still until the test moves it, and jobs run when the test says so.
type world struct {
	t        testing.TB
	d        *db.DB
	keys     *site.Keys
	ledger   *credit.Ledger
	queue    *queue.Queue
	billing  *billing.Service
	messages *message.Service
	box      *postbox
	s        *Service
	now      *atomic.Int64
	log      *diary
	reg      *prometheus.Registry // of s
}

// each runs a test on every engine.
func each(t *testing.T, test func(t *testing.T, w *world)) {
	for _, engine := range dbtest.Engines() {
		t.Run(engine, func(t *testing.T) { test(t, newWorld(t, engine)) })
	}
}

// newWorld makes a world with the site demo, whose name is 우리 가게, and the operator's own
// site ops, which has 1,000 won.
func newWorld(t testing.TB, engine string, set ...func(*Options)) *world {
	w := &world{t: t, now: &atomic.Int64{}, log: &diary{}}
	w.now.Store(noon.UnixMicro())
	w.d = dbtest.Connect(t, dbtest.Migrated(t, engine), db.Options{Now: func() time.Time { return time.UnixMicro(w.now.Load()).UTC() }})
	w.keys = site.NewKeys(w.d, nil)
	w.queue = queue.New(w.d, queue.Options{BuryAfter: 1000})
	w.ledger = credit.NewLedger(w.keys, w.queue)
	var err error
	w.billing, err = billing.New(w.d, w.keys, w.ledger, w.queue, nil, billing.Options{})
	w.must(err)
	w.messages, err = message.NewService(w.d, w.keys, w.ledger, w.queue, message.Options{Log: slog.New(slog.DiscardHandler)})
	w.must(err)
	w.box, w.reg = newPostbox(t), prometheus.NewRegistry()
	w.s = w.service(append(set, func(o *Options) { o.Registerer = w.reg })...)
	w.do(func(tx *db.Tx) error {
		for id, name := range map[string]string{"demo": "우리 가게", "other": "Other", "ops": "Operator"} {
			if _, err := site.Create(tx, w.keys, id, name); err != nil {
				return err
			}
			if err := w.ledger.Open(tx, id); err != nil {
				return err
			}
		}
		_, err := site.AddSender(tx, "ops", "0261234567", site.Approved)
		return errors.Join(err, credit.SetPrices(tx, "ops", map[provider.Channel]money.Amount{provider.SMS: 18 * won, provider.LMS: 45 * won}, 0))
	})
	w.give("ops", 1000*won)
	return w
}

// service makes another process's service over the same database.
func (w *world) service(set ...func(*Options)) *Service {
	w.t.Helper()
	o := Options{SMTP: w.box.options(), Texts: Texts{Site: "ops"}, Operator: []string{"operator@credit.example"}, Link: "https://credit.example",
		Log: slog.New(slog.NewTextHandler(w.log, nil))}
	for _, f := range set {
		f(&o)
	}
	s, err := New(w.d, w.keys, w.queue, w.messages, w.billing, o)
	w.must(err)
	return s
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

func (w *world) give(site string, amount money.Amount) {
	w.t.Helper()
	w.do(func(tx *db.Tx) error {
		_, err := w.ledger.Add(tx, credit.TopUp{Site: site, Kind: credit.Adjustment, Amount: amount})
		return err
	})
}

func (w *world) account(site string) (a credit.Account) {
	w.t.Helper()
	w.must(w.d.View(context.Background(), "test", func(tx *db.Tx) (err error) { a, err = w.ledger.Account(tx, site); return err }))
	return a
}

func (w *world) set(site string, ch Change) (c Contacts) {
	w.t.Helper()
	w.do(func(tx *db.Tx) (err error) { c, err = w.s.SetContacts(tx, site, ch); return err })
	return c
}

// happens appends an event as billing does.
func (w *world) happens(site, kind, ref string, data map[string]any) {
	w.t.Helper()
	text, err := json.Marshal(data)
	w.must(err)
	w.do(func(tx *db.Tx) error {
		return credit.Announce(tx, w.queue, event.Event{Site: site, Type: kind, Ref: ref, Data: text})
	})
}

// low is an event of credit that runs low.
func (w *world) low(site string) {
	w.t.Helper()
	w.happens(site, "credit.low", "", map[string]any{"level": 20_000 * won, "available": 19_500 * won, "recharging": false})
}

// drain runs every job that is due, and what they make due.
func (w *world) drain() {
	w.t.Helper()
	works := slices.Concat(w.s.Works(), w.billing.Works(), w.ledger.Works(w.d))
	for range 2000 {
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
func (w *world) pass(d, step time.Duration) {
	w.t.Helper()
	for ; d > 0; d -= step {
		w.forward(step)
		w.drain()
	}
}

// waiting counts the jobs of alerts that are not done.
func (w *world) waiting() (n int) {
	w.t.Helper()
	w.must(w.d.View(context.Background(), "test", func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT COUNT(*) FROM job WHERE kind IN ('tell', 'alert_mail', 'alert_text')`).Scan(&n)
	}))
	return n
}

// told are the mails that came, as "recipient: subject", sorted.
func (w *world) told() (out []string) {
	w.t.Helper()
	for _, m := range w.box.got() {
		out = append(out, m.to+": "+subject(w.t, m))
	}
	slices.Sort(out)
	return out
}

func (w *world) tells(want ...string) {
	w.t.Helper()
	slices.Sort(want)
	if got := w.told(); !slices.Equal(got, want) {
		w.t.Errorf("told:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// counted reads the metric of alerts.
func (w *world) counted(kind string, o outcome) (n float64) {
	w.t.Helper()
	all, err := w.reg.Gather()
	w.must(err)
	for _, family := range all {
		for _, m := range family.Metric {
			if labels := m.GetLabel(); family.GetName() == "creditmsg_alerts_total" && labels[0].GetValue() == kind && labels[1].GetValue() == string(o) {
				n += m.GetCounter().GetValue()
			}
		}
	}
	return n
}

// saying makes the server answer one verb in its own way.
func saying(verb, reply string) func(string) string {
	return func(v string) string {
		if v == verb {
			return reply
		}
		return ""
	}
}

func emails(of ...string) Change { return Change{Emails: of} }

func ptr[T any](v T) *T { return &v }
