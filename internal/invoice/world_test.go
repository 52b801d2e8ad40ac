package invoice

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/delivery"
	"creditmsg/internal/korea"
	"creditmsg/internal/message"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/provider/providertest"
	"creditmsg/internal/queue"
	"creditmsg/internal/site"
)

// world is sites that sent through two carriers, in virtual time: accept, dispatch, reports,
// fallback and expiry are the real ones.
type world struct {
	t        testing.TB
	d        *db.DB
	keys     *site.Keys
	ledger   *credit.Ledger
	queue    *queue.Queue
	messages *message.Service
	delivery *delivery.Service
	service  *Service
	now      atomic.Int64
	carriers map[string]*carrier
	number   int // next number of a phone
}

// carrier keeps the books of what it took, apart from ours.
type carrier struct {
	*providertest.Instant
	now   func() time.Time
	mu    sync.Mutex // guards what follows: calls are made at once
	calls int
	book  []bill
}

// bill is one line of a carrier's own books.
type bill struct {
	ref, call, upstream string
	to                  korea.Number
	channel             provider.Channel
	sent                time.Time
	row                 int // of the table of numbers
}

// Submit notes what was taken.
func (c *carrier) Submit(ctx context.Context, call provider.Call, begun provider.Begun) provider.Result {
	r := c.Instant.Submit(ctx, call, begun)
	if r.Outcome != provider.Accepted {
		return r
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls++
	for i, l := range call.Legs {
		if !r.Members[i].Refused {
			row := int(l.To[5]-'0')*10 + int(l.To[6]-'0')
			c.book = append(c.book, bill{l.Ref, r.UpstreamID, fmt.Sprintf("M%d-%d", c.calls, i), l.To, l.Channel, c.now(), row})
		}
	}
	return r
}

// arrived says how a leg ended at the carrier.
func (b bill) arrived() bool {
	if b.channel == provider.Alimtalk {
		return b.row != 1 && b.row != 2 && b.row != 4
	}
	return b.row != 2 && b.row != 3 && b.row != 4
}

// late says that its end was told when it could not count any more.
func (b bill) late() bool { return b.row == 6 || b.row == 7 && b.channel == provider.Alimtalk }

func (b bill) code() string {
	switch {
	case b.row == 4:
		return "3000"
	case b.arrived():
		return "4000"
	case b.channel == provider.Alimtalk:
		return "3104"
	default:
		return "3032"
	}
}

const secret = "hook-secret"

func newWorld(t testing.TB, engine string) *world {
	t.Helper()
	w := &world{t: t, carriers: map[string]*carrier{}}
	w.now.Store(time.Now().UnixMicro()) // ids of calls bear the real time
	w.d = dbtest.Connect(t, dbtest.Migrated(t, engine), db.Options{Now: w.read})
	w.keys = site.NewKeys(w.d, nil)
	w.must(w.keys.Prepare(t.Context()))
	w.queue = queue.New(w.d, queue.Options{})
	w.ledger = credit.NewLedger(w.keys, w.queue)
	log := slog.New(slog.DiscardHandler)
	var list []delivery.Carrier
	kinds := map[string]string{}
	for _, name := range []string{"carrier-a", "carrier-b"} {
		c := &carrier{now: w.read, Instant: providertest.NewInstant(providertest.InstantOptions{Secret: secret, Late: 83 * time.Hour, Now: w.read,
			Receive: func(ctx context.Context, h http.Header, body []byte) error {
				return w.delivery.Receive(ctx, name, h, body, netip.MustParseAddr("127.0.0.1"))
			}})}
		w.carriers[name], kinds[name] = c, "solapi"
		list = append(list, delivery.Carrier{Account: provider.Account{Name: name, Weight: 1, Webhook: provider.Webhook{Secret: secret}}, Adapter: c})
	}
	var err error
	w.messages, err = message.NewService(w.d, w.keys, w.ledger, w.queue, message.Options{Log: log,
		Offered:  func(siteID string, c provider.Channel) bool { return w.delivery.Offered(siteID, c) },
		Accounts: func(siteID string, c provider.Channel) []string { return w.delivery.Accounts(siteID, c) }})
	w.must(err)
	w.delivery, err = delivery.New(w.d, w.keys, w.messages, w.queue, list, delivery.Options{Log: log, Rest: time.Microsecond})
	w.must(err)
	t.Cleanup(func() { _ = w.delivery.Drain(context.Background()) })
	w.service = New(w.d, w.keys, w.messages, w.ledger, kinds)
	return w
}

func (w *world) read() time.Time      { return time.UnixMicro(w.now.Load()).UTC() }
func (w *world) pass(d time.Duration) { w.now.Add(d.Microseconds()) }

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// site makes a site that can send everything.
func (w *world) site(name string) {
	w.t.Helper()
	w.must(w.d.Update(context.Background(), "test", func(tx *db.Tx) error {
		if _, err := site.Create(tx, w.keys, name, name); err != nil {
			return err
		}
		if err := w.ledger.Open(tx, name); err != nil {
			return err
		}
		for _, kind := range []credit.Kind{credit.Bonus, credit.Payment} {
			if _, err := w.ledger.Add(tx, credit.TopUp{Site: name, Kind: kind, Amount: 5_000_000 * money.Won, Note: "test"}); err != nil {
				return err
			}
		}
		if _, err := site.AddSender(tx, name, "0261234567", site.Approved); err != nil {
			return err
		}
		id := message.ProviderTemplate{ChannelID: "C", TemplateID: "T"}
		_, err := message.AddTemplate(tx, message.Template{Site: name, Code: "RESERVE_01", Name: "예약", Channel: "@demo", Body: "예약이 확정되었습니다.",
			State: message.TemplateApproved, Providers: map[string]message.ProviderTemplate{"carrier-a": id, "carrier-b": id}})
		return err
	}))
}

// phone gives a number that nobody else has, of a row of the carriers' table.
func (w *world) phone(row int) string {
	w.number++
	return fmt.Sprintf("01000%02d%04d", row, w.number)
}

const longText = "예약이 확정되었습니다. 예약이 확정되었습니다. 예약이 확정되었습니다. 예약이 확정되었습니다. 예약이 확정되었습니다."

// send accepts a message and hands it over.
func (w *world) send(siteID string, strategy message.Strategy, text string, to ...string) message.Key {
	w.t.Helper()
	ctx := context.Background()
	r := message.Request{Strategy: strategy, Text: &message.TextRequest{Body: text}}
	if strategy != message.SMSOnly {
		r.TemplateCode = "RESERVE_01"
	}
	draft, err := w.messages.Draft(ctx, siteID, r)
	w.must(err)
	for _, number := range to {
		w.must(draft.Add(ctx, number, nil))
	}
	receipt, err := draft.Accept(ctx, nil)
	w.must(err)
	w.drain()
	return receipt.Message
}

// drain runs every job that is due, and what they make due.
func (w *world) drain() {
	w.t.Helper()
	works := append(w.messages.Works(), w.delivery.Works()...)
	for range 500 {
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

// report lets the carriers tell what they have to tell, and waits until it is applied.
func (w *world) report() {
	w.t.Helper()
	for _, c := range w.carriers {
		_, err := c.Deliver(context.Background())
		w.must(err)
	}
	w.applied()
	w.drain()
}

// applied waits until every letter of the inbox had its effect.
func (w *world) applied() {
	w.t.Helper()
	deadline, tick := time.After(30*time.Second), time.NewTicker(2*time.Millisecond)
	defer tick.Stop()
	for {
		var waiting int
		w.must(w.d.View(context.Background(), "test", func(tx *db.Tx) error {
			return tx.QueryRow(`SELECT COUNT(*) FROM inbox WHERE state = 'new'`).Scan(&waiting)
		}))
		if waiting == 0 {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			w.t.Fatalf("%d letters are not applied after 30 s", waiting)
		}
	}
}

// live lets everything end that was sent so far: fallbacks, expiry, late reports.
func (w *world) live() {
	w.t.Helper()
	for range 4 {
		w.report()
		w.pass(10 * time.Second)
		w.drain()
	}
	w.pass(82 * time.Hour)
	w.drain()
	w.pass(2 * time.Hour)
	w.report()
}

// crowd sends random messages of random sites to people of every row, and lets them end.
func (w *world) crowd(random *rand.Rand, sites, messages, people int) {
	w.t.Helper()
	for i := range sites {
		w.site(fmt.Sprintf("site-%d", i))
	}
	rows := []int{0, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 11, 13}
	for range messages {
		var to []string
		for range 1 + random.IntN(people) {
			to = append(to, w.phone(rows[random.IntN(len(rows))]))
		}
		strategy := []message.Strategy{message.AlimtalkFirst, message.SMSOnly, message.CostOptimized}[random.IntN(3)]
		w.send(fmt.Sprintf("site-%d", random.IntN(sites)), strategy, []string{"예약 확정", longText}[random.IntN(2)], to...)
		w.pass(time.Second)
	}
	w.live()
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

// available sums up what the sites have.
func (w *world) available() (sum money.Amount) {
	w.t.Helper()
	w.must(w.d.View(context.Background(), "test", func(tx *db.Tx) error {
		sum = 0
		all, err := site.List(tx, "", 1000)
		for _, s := range all {
			a, err := w.ledger.Account(tx, s.ID)
			if err != nil {
				return err
			}
			sum += a.Available
		}
		return err
	}))
	return sum
}

// differences reads all of an invoice.
func (w *world) differences(v Invoice) (list []Difference) {
	w.t.Helper()
	w.must(w.d.View(context.Background(), "test", func(tx *db.Tx) (err error) {
		list, err = Differences(tx, v.ID, "", 0, 1_000_000)
		return err
	}))
	return list
}
