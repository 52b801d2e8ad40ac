package rerun

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/delivery"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/message"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/provider/providertest"
	"creditmsg/internal/queue"
	"creditmsg/internal/site"
)

const won = money.Won

// world is sites that send through two carriers, in virtual time: accept, dispatch, reports and
// fallback are the real ones. Reports come when a test says so, and are read by parsers that a
// test breaks and mends.
type world struct {
	t        testing.TB
	d        *db.DB
	ledger   *credit.Ledger
	queue    *queue.Queue
	messages *message.Service
	delivery *delivery.Service
	service  *Service
	keys     *site.Keys
	now      atomic.Int64
	carriers map[string]*carrier
	invoiced map[id.ID]bool // legs that invoices gave back
	number   int
}

// meaning is what a parser takes a code for.
type meaning struct {
	final, delivered bool
	reason           provider.Reason
}

// The codes that the carriers send, as they are meant. A number of four digits ends a line.
var meant = map[string]meaning{
	"4000": {final: true, delivered: true},
	"4001": {final: true, delivered: true},
	"2000": {},
	"3001": {final: true, reason: provider.NumberAbsent},
	"3104": {final: true, reason: provider.NotKakaoUser},
	"1030": {final: true, reason: provider.ProviderBalance},
}

// carrier takes every call and reports nothing by itself; its parser is at a test's mercy.
type carrier struct {
	*providertest.Instant
	wrong  atomic.Pointer[map[string]meaning] // codes that the parser misreads
	broken atomic.Bool                        // it reads nothing at all
}

// Authentic takes everything: what is proven of doors is not proven here.
func (c *carrier) Authentic(http.Header, []byte) bool { return true }

// Parse reads lines of a code and a reference, or of an 080 number and who called it.
func (c *carrier) Parse(body []byte) ([]provider.Report, error) {
	if c.broken.Load() {
		return nil, errors.New("read reports: a form that is not known")
	}
	var out []provider.Report
	for line := range strings.Lines(string(body)) {
		code, ref, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok {
			return nil, errors.New("read reports: no lines")
		}
		if strings.HasPrefix(code, "080") {
			out = append(out, provider.Report{OptOut: korea.Number(code), To: korea.Number(ref)})
			continue
		}
		m := meant[code]
		if wrong := c.wrong.Load(); wrong != nil {
			if other, is := (*wrong)[code]; is {
				m = other
			}
		}
		out = append(out, provider.Report{Ref: ref, Code: code, Final: m.final, Delivered: m.delivered, Reason: m.reason})
	}
	return out, nil
}

// misread breaks the parsers; nil mends them.
func (w *world) misread(wrong map[string]meaning) {
	for _, c := range w.carriers {
		if wrong == nil {
			c.wrong.Store(nil)
		} else {
			c.wrong.Store(&wrong)
		}
	}
}

func newWorld(t testing.TB, engine string) *world {
	t.Helper()
	w := &world{t: t, carriers: map[string]*carrier{}, invoiced: map[id.ID]bool{}}
	w.now.Store(time.Now().UnixMicro()) // ids bear the real time
	w.d = dbtest.Connect(t, dbtest.Migrated(t, engine), db.Options{Now: w.read})
	w.keys = site.NewKeys(w.d, nil)
	w.must(w.keys.Prepare(t.Context()))
	w.queue = queue.New(w.d, queue.Options{})
	w.ledger = credit.NewLedger(w.keys, w.queue)
	log := slog.New(slog.DiscardHandler)
	var list []delivery.Carrier
	for i, name := range []string{"carrier-a", "carrier-b"} {
		c := &carrier{Instant: providertest.NewInstant(providertest.InstantOptions{Now: w.read})}
		w.carriers[name] = c
		list = append(list, delivery.Carrier{Account: provider.Account{Name: name, Weight: 1, Priority: i}, Adapter: c})
	}
	var err error
	w.messages, err = message.NewService(w.d, w.keys, w.ledger, w.queue, message.Options{Log: log,
		Offered:  func(siteID string, c provider.Channel) bool { return w.delivery.Offered(siteID, c) },
		Accounts: func(siteID string, c provider.Channel) []string { return w.delivery.Accounts(siteID, c) }})
	w.must(err)
	w.delivery, err = delivery.New(w.d, w.keys, w.messages, w.queue, list, delivery.Options{Log: log, Rest: time.Microsecond})
	w.must(err)
	t.Cleanup(func() { _ = w.delivery.Drain(context.Background()) })
	w.service = w.another()
	return w
}

// another is the service as another process has it.
func (w *world) another() *Service {
	return New(w.d, w.delivery, w.messages, w.ledger, w.queue, Options{ByInvoices: func(_ *db.Tx, legs []id.ID) (map[id.ID]bool, error) {
		gone := map[id.ID]bool{}
		for _, l := range legs {
			gone[l] = w.invoiced[l]
		}
		return gone, nil
	}})
}

func (w *world) read() time.Time      { return time.UnixMicro(w.now.Load()).UTC() }
func (w *world) pass(d time.Duration) { w.now.Add(d.Microseconds()) }

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) update(do func(tx *db.Tx) error) {
	w.t.Helper()
	w.must(w.d.Update(context.Background(), "test", do))
}

func (w *world) view(do func(tx *db.Tx) error) {
	w.t.Helper()
	w.must(w.d.View(context.Background(), "test", do))
}

// site makes a site that can send everything, with prices 9, 18, 45, 120.
func (w *world) site(name string) {
	w.t.Helper()
	w.update(func(tx *db.Tx) error {
		if _, err := site.Create(tx, w.keys, name, name); err != nil {
			return err
		}
		if err := w.ledger.Open(tx, name); err != nil {
			return err
		}
		for _, kind := range []credit.Kind{credit.Bonus, credit.Payment} {
			if _, err := w.ledger.Add(tx, credit.TopUp{Site: name, Kind: kind, Amount: 500_000 * won, Note: "test"}); err != nil {
				return err
			}
		}
		if _, err := site.AddSender(tx, name, "0261234567", site.Approved); err != nil {
			return err
		}
		at := message.ProviderTemplate{ChannelID: "C", TemplateID: "T"}
		_, err := message.AddTemplate(tx, message.Template{Site: name, Code: "RESERVE_01", Name: "예약", Channel: "@demo", Body: "예약이 확정되었습니다.",
			State: message.TemplateApproved, Providers: map[string]message.ProviderTemplate{"carrier-a": at, "carrier-b": at}})
		return err
	})
}

// send accepts a message to so many people, of whom no carrier tells anything by itself, and
// hands it over.
func (w *world) send(siteID string, strategy message.Strategy, people int) message.Key {
	w.t.Helper()
	ctx := context.Background()
	r := message.Request{Strategy: strategy, Text: &message.TextRequest{Body: "예약 확정"}}
	if strategy != message.SMSOnly {
		r.TemplateCode = "RESERVE_01"
	}
	draft, err := w.messages.Draft(ctx, siteID, r)
	w.must(err)
	for range people {
		w.number++
		w.must(draft.Add(ctx, fmt.Sprintf("0100004%04d", w.number), nil))
	}
	receipt, err := draft.Accept(ctx, nil)
	w.must(err)
	w.drain()
	return receipt.Message
}

// drain runs every job that is due, and what they make due.
func (w *world) drain() {
	w.t.Helper()
	for range 500 {
		ran := 0
		for _, k := range append(w.messages.Works(), w.delivery.Works()...) {
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

func line(code string, key message.Key, seq, step int) string {
	return fmt.Sprintf("%s %s", code, delivery.Reference{Place: message.Place{Key: key, Seq: message.Seq(seq)}, Step: step, Try: 1})
}

// comes brings a letter of a carrier with these lines, and waits until it was applied.
func (w *world) comes(account string, lines ...string) {
	w.t.Helper()
	w.pass(time.Second)
	w.must(w.delivery.Receive(context.Background(), account, http.Header{}, []byte(strings.Join(lines, "\n")+"\n"), netip.MustParseAddr("127.0.0.1")))
	deadline, tick := time.After(30*time.Second), time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		var waiting int
		w.view(func(tx *db.Tx) error {
			return tx.QueryRow(`SELECT COUNT(*) FROM inbox WHERE state = 'new'`).Scan(&waiting)
		})
		if waiting == 0 {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			w.t.Fatal("the letter was not applied within 30 s")
		}
	}
}

// begin makes a run over everything that came.
func (w *world) begin(r Request) (v Run) {
	w.t.Helper()
	if r.From.IsZero() {
		r.From = w.read().Add(-90 * 24 * time.Hour)
	}
	if r.Until.IsZero() {
		r.Until = w.read().Add(time.Hour)
	}
	w.update(func(tx *db.Tx) (err error) {
		v, err = w.service.Begin(tx, r)
		return err
	})
	return v
}

// compared makes a run and goes through it.
func (w *world) compared(r Request) Run {
	w.t.Helper()
	w.pass(time.Second)
	return w.through(w.begin(r).Name)
}

// through does what there is to do of a run, each piece by another process.
func (w *world) through(name string) (v Run) {
	w.t.Helper()
	for more := true; more; {
		var err error
		more, err = w.another().Step(context.Background(), name)
		w.must(err)
	}
	w.view(func(tx *db.Tx) (err error) {
		v, err = Find(tx, name)
		return err
	})
	return v
}

// applied has a run applied to its end.
func (w *world) applied(name string) Run {
	w.t.Helper()
	w.pass(time.Second)
	w.update(func(tx *db.Tx) error {
		_, err := w.service.Apply(tx, name)
		return err
	})
	v := w.through(name)
	w.drain()
	return v
}

// told lists the differences of a run, each in a line.
func (w *world) told(v Run) string {
	w.t.Helper()
	var out bytes.Buffer
	w.view(func(tx *db.Tx) error {
		out.Reset()
		list, _, _, err := Differences(tx, v.ID, Narrow{}, 0, 10_000)
		for _, d := range list {
			_, _ = fmt.Fprintf(&out, "%s %s", d.Kind, d.Channel)
			for _, a := range []struct {
				name   string
				amount money.Amount
			}{{"spend", d.Spend}, {"freed", d.Freed}, {"refund", d.Refund}, {"loss", d.Loss}, {"fallback", d.Fallback}} {
				if a.amount != 0 {
					_, _ = fmt.Fprintf(&out, " %s %d", a.name, a.amount/won)
				}
			}
			if d.Outcome != "" {
				_, _ = fmt.Fprintf(&out, ": %s", strings.TrimSpace(string(d.Outcome)+" "+d.Became))
			}
			_ = out.WriteByte('\n')
		}
		return err
	})
	return out.String()
}

// tells checks the differences of a run.
func (w *world) tells(v Run, want ...string) {
	w.t.Helper()
	if got := w.told(v); got != strings.Join(append(want, ""), "\n") {
		w.t.Errorf("the run tells\n%swant\n%s", got, strings.Join(want, "\n"))
	}
}

// has checks what a site has, in won.
func (w *world) has(siteID string, available, held, spent int64) {
	w.t.Helper()
	w.view(func(tx *db.Tx) error {
		a, err := w.ledger.Account(tx, siteID)
		if a.Available != money.Amount(available)*won || a.Held != money.Amount(held)*won {
			w.t.Errorf("%s has %s and holds %s, want %d and %d", siteID, a.Available, a.Held, available, held)
		}
		if got := 1_000_000*won - a.Available - a.Held; got != money.Amount(spent)*won {
			w.t.Errorf("%s spent %s, want %d", siteID, got, spent)
		}
		return err
	})
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

func eachEngine(t *testing.T, test func(t *testing.T, w *world)) {
	for _, engine := range dbtest.Engines() {
		t.Run(engine, func(t *testing.T) { test(t, newWorld(t, engine)) })
	}
}
