package message

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"creditmsg/internal/book"
	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/queue"
	"creditmsg/internal/site"
)

// The tests of one engine share a database whose time stands still until a test
// moves it: a fresh one costs a server a second, a site nothing. A test has a
// site of its own.

// lasting is the testing.TB of what outlives one test. What goes wrong with it
// is nobody's failure alone, so it panics.
type lasting struct {
	testing.TB // nil: what is not here is not used
	cleanups   []func()
	dirs       []string
}

func (l *lasting) Helper()                         {}
func (l *lasting) Context() context.Context        { return context.Background() }
func (l *lasting) Cleanup(f func())                { l.cleanups = append(l.cleanups, f) }
func (l *lasting) Fatalf(form string, args ...any) { panic(fmt.Sprintf(form, args...)) }
func (l *lasting) Errorf(form string, args ...any) { panic(fmt.Sprintf(form, args...)) }
func (l *lasting) remove(dir string)               { _ = os.RemoveAll(dir) } // the system empties its temporary folder too
func (l *lasting) TempDir() string {
	dir, err := os.MkdirTemp("", "creditmsg-message-")
	if err != nil {
		panic(err)
	}
	l.dirs = append(l.dirs, dir)
	return dir
}

func (l *lasting) end() {
	for _, f := range slices.Backward(l.cleanups) {
		f()
	}
	for _, dir := range l.dirs {
		l.remove(dir)
	}
}

var (
	forAll = &lasting{}
	houses = map[string]*house{} // by engine
	shops  atomic.Int64
)

func TestMain(m *testing.M) {
	m.Run() // its code is the program's when TestMain returns
	forAll.end()
}

// house is the services over one database.
type house struct {
	d       *db.DB
	keys    *site.Keys
	ledger  *credit.Ledger
	queue   *queue.Queue
	service *Service
	book    *book.Book
	now     atomic.Int64
}

// shop is a site in a house, as one test sees it.
type shop struct {
	*house
	t    testing.TB
	name string
}

const won = money.Won

func newHouse(t testing.TB, engine string, o Options) *house {
	h := &house{}
	// Ids are made by the real clock; the log finds what was sent until a time by them.
	h.now.Store(time.Now().Add(24 * time.Hour).UnixMicro())
	h.d = dbtest.Connect(t, dbtest.Migrated(t, engine), db.Options{Now: h.time})
	return h.furnish(t, o)
}

// processOn is the services over a connection of their own to a database, as a process
// of the program has them.
func processOn(t testing.TB, url string) *house {
	h := &house{d: dbtest.Connect(t, url, db.Options{})}
	return h.furnish(t, Options{})
}

// furnish makes the services over the database of a house.
func (h *house) furnish(t testing.TB, o Options) *house {
	h.keys = site.NewKeys(h.d, nil)
	if err := h.keys.Prepare(context.Background()); err != nil {
		t.Fatalf("prepare keys: %v", err)
	}
	h.queue = queue.New(h.d, queue.Options{})
	h.ledger = credit.NewLedger(h.keys, h.queue)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	h.book = book.New(h.d, h.keys, h.queue)
	o.Book = h.book
	var err error
	if h.service, err = NewService(h.d, h.keys, h.ledger, h.queue, o); err != nil {
		t.Fatalf("make the service: %v", err)
	}
	return h
}

func (h *house) time() time.Time         { return time.UnixMicro(h.now.Load()).UTC() }
func (h *house) forward(d time.Duration) { h.now.Add(d.Microseconds()) }

// onEach runs a test on every engine, in a shop with 1,000 won.
func onEach(t *testing.T, test func(s *shop)) {
	for _, engine := range dbtest.Engines() {
		t.Run(engine, func(t *testing.T) { test(open(t, engine)) })
	}
}

// one runs a test on the first engine alone: what it is about is not in the SQL.
func one(t testing.TB) *shop { return open(t, dbtest.Engines()[0]) }

func open(t testing.TB, engine string) *shop {
	h, ok := houses[engine]
	if !ok {
		h = newHouse(forAll, engine, Options{})
		houses[engine] = h
	}
	return h.open(t, 1000)
}

// open makes a site that can send everything, at the default prices.
func (h *house) open(t testing.TB, wons int64) *shop {
	t.Helper()
	s := &shop{house: h, t: t, name: fmt.Sprintf("shop-%d", shops.Add(1))}
	s.update(func(tx *db.Tx) error { return h.admit(tx, s.name, wons) })
	s.template("RESERVE_01", "#{이름}님, 예약이 확정되었습니다.", TemplateApproved)
	return s
}

// admit makes a site that can send texts.
func (h *house) admit(tx *db.Tx, name string, wons int64) error {
	if _, err := site.Create(tx, h.keys, name, name); err != nil {
		return err
	}
	if err := h.ledger.Open(tx, name); err != nil {
		return err
	}
	if wons > 0 {
		if _, err := h.ledger.Add(tx, credit.TopUp{Site: name, Kind: credit.Adjustment, Amount: money.Amount(wons) * won, Note: "test"}); err != nil {
			return err
		}
	}
	_, err := site.AddSender(tx, name, "0261234567", site.Approved)
	return err
}

func (s *shop) template(code, body string, state TemplateState) {
	s.t.Helper()
	s.update(func(tx *db.Tx) error {
		_, err := AddTemplate(tx, Template{Site: s.name, Code: code, Name: "예약", Channel: "@demo", Body: body, State: state,
			Providers: map[string]ProviderTemplate{"solapi": {ChannelID: "c", TemplateID: "t"}}})
		return err
	})
}

func (s *shop) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *shop) update(fn func(tx *db.Tx) error) {
	s.t.Helper()
	s.must(s.d.Update(context.Background(), "test", fn))
}

func (s *shop) view(fn func(tx *db.Tx) error) {
	s.t.Helper()
	s.must(s.d.View(context.Background(), "test", fn))
}

// textOnly and kakaoFirst are usual requests.
func textOnly(text string) Request {
	return Request{Strategy: SMSOnly, Text: &TextRequest{Body: text}}
}

func kakaoFirst() Request {
	return Request{Strategy: AlimtalkFirst, TemplateCode: "RESERVE_01", Text: &TextRequest{Body: "#{이름}님, 예약이 확정되었습니다."}}
}

var ctx = context.Background()

func phone(n int) string { return string(korea.MobileNumber(uint32(10_000_000 + n))) }

// draft begins a message; its request is good.
func (s *shop) draft(r Request) *Draft {
	s.t.Helper()
	d, err := s.service.Draft(ctx, s.name, r)
	s.must(err)
	return d
}

// add gives a draft n recipients, each with a name.
func (s *shop) add(d *Draft, n int) *Draft {
	s.t.Helper()
	for i := range n {
		s.must(d.Add(ctx, phone(i), map[string]string{"이름": "김하나"}))
	}
	return d
}

// accept sends to n phones.
func (s *shop) accept(r Request, n int) Receipt {
	s.t.Helper()
	receipt, err := s.add(s.draft(r), n).Accept(ctx, nil)
	s.must(err)
	return receipt
}

func (s *shop) find(key Key) (m *Message) {
	s.t.Helper()
	s.view(func(tx *db.Tx) (err error) { m, err = Find(tx, key); return err })
	return m
}

// list reads recipients of a message.
func (s *shop) list(key Key, f Filter) (list []Shown, next Seq, more bool) {
	s.t.Helper()
	if f.Limit == 0 {
		f.Limit = 1_000_000
	}
	s.view(func(tx *db.Tx) error {
		m, err := Find(tx, key)
		if err == nil {
			list, next, more, err = s.service.Recipients(tx, m, f)
		}
		return err
	})
	return list, next, more
}

// hand takes the batches of a message and gives everyone in them this change, as
// a call that ended would.
func (s *shop) hand(key Key, change func(Recipient, db.Time) Change) {
	s.t.Helper()
	s.update(func(tx *db.Tx) error {
		w := Writing{}
		var err error
		if w.Messages, err = Lock(tx, []Key{key}); err != nil {
			return err
		}
		m := w.Messages[key]
		sealing, err := s.keys.Site(tx, s.name)
		if err != nil {
			return err
		}
		for no := range m.Batches {
			name := []BatchName{{key, no}}
			if _, _, err := LockBatches(tx, nil, name); err != nil {
				return err
			}
			if err := TakeBatches(tx, name); err != nil {
				return err
			}
			bodies, err := s.service.People(tx, w.Messages, name)
			if err != nil {
				return err
			}
			for i, p := range bodies[name[0]] {
				seq := Seq(no*BatchSize + i)
				r := s.service.Newborn(m, seq, p.Class, SealedMobile(sealing, key, seq, p.Mobile))
				r = Plan(r, id.New(), "solapi").To
				r.HandedAt = tx.Now
				w.Changes = append(w.Changes, change(r, tx.Now))
			}
		}
		return s.service.Record(tx, w)
	})
}

// move changes one recipient that has a row.
func (s *shop) move(key Key, seq int, change func(Recipient, db.Time) Change) {
	s.t.Helper()
	s.update(func(tx *db.Tx) error {
		messages, err := Lock(tx, []Key{key})
		if err != nil {
			return err
		}
		rows, err := s.service.LockRecipients(tx, messages, []Place{{key, Seq(seq)}})
		if err != nil {
			return err
		}
		return s.service.Record(tx, Writing{Messages: messages, Changes: []Change{change(rows[0], tx.Now)}})
	})
}

// failing makes a change of a certain failure that ends or falls back.
func failing(r Recipient, at db.Time) Change { return Fail(r, provider.NumberAbsent, "3032", at) }
func falling(r Recipient, at db.Time) Change { return NextStep(r, provider.NotKakaoUser, "3104", at) }

// drain runs the jobs of this package that are due.
func (s *shop) drain() {
	s.t.Helper()
	for range 100 {
		ran := 0
		for _, k := range s.service.Works() {
			jobs, err := s.queue.Claim(ctx, k.Lane, []string{k.Kind}, k.Max)
			s.must(err)
			if ran += len(jobs); len(jobs) > 0 {
				s.must(k.Handle(ctx, jobs))
			}
		}
		if ran == 0 {
			return
		}
	}
	s.t.Fatal("jobs make each other due without end")
}

// sending are the keys of a message's send jobs that are due.
func (s *shop) sending(key Key) (keys []string) {
	s.t.Helper()
	s.view(func(tx *db.Tx) error {
		rows, err := tx.Query(`SELECT job_key FROM job WHERE kind IN ('send', 'single') AND site_id = ? AND due <= ? ORDER BY job_key`, s.name, tx.Now)
		names, err := db.Collect(rows, err, func(r *sql.Rows) (name string, err error) { return name, r.Scan(&name) })
		for _, n := range names {
			if k, err := ReadBatchKey(s.name, n); err == nil && k.Message == key {
				keys = append(keys, n)
			}
		}
		return err
	})
	return keys
}

// wantMoney checks the purse, in won, and proves the site's books.
func (s *shop) wantMoney(available, held, spent int64) {
	s.t.Helper()
	var a credit.Account
	s.view(func(tx *db.Tx) (err error) { a, err = s.ledger.Account(tx, s.name); return err })
	if a.Available != money.Amount(available)*won || a.Held != money.Amount(held)*won || a.Spent != money.Amount(spent)*won {
		s.t.Errorf("available %s, held %s, spent %s; want %d, %d, %d", a.Available, a.Held, a.Spent, available, held, spent)
	}
	proof, err := s.ledger.Prove(ctx, s.d, []string{s.name}, s.service.Outcomes)
	s.must(err)
	for _, b := range proof.Broken {
		s.t.Errorf("ledger broken: %+v", b)
	}
}

// wantFault checks the kind, code and place of a refusal.
func wantFault(t testing.TB, err error, kind fault.Kind, code, pointer string) {
	t.Helper()
	f := fault.Of(err)
	if f == nil || f.Kind != kind || f.Code != code {
		t.Errorf("got %v, want kind %d, code %s", err, kind, code)
		return
	}
	if pointer != "" && (len(f.Fields) == 0 || f.Fields[0].Pointer != pointer) {
		t.Errorf("got places %+v, want %s", f.Fields, pointer)
	}
}
