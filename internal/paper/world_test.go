package paper

import (
	"bytes"
	"encoding/base64"
	"testing"
	"time"

	"creditmsg/internal/billing"
	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/queue"
	"creditmsg/internal/site"
)

const won = money.Won

// world is a ledger whose entries are of the time that the test says. The months are told
// back from the present one, since heads are signed by the real clock; the one before this is
// left alone, as it is not signed to its end in the first minutes of a month.
type world struct {
	t       testing.TB
	d       *db.DB
	keys    *site.Keys
	ledger  *credit.Ledger
	queue   *queue.Queue
	billing *billing.Service
	papers  *Papers
	start   time.Time // of the present month, in Seoul
	now     db.Time
}

func newWorld(t testing.TB, d *db.DB) *world {
	t.Helper()
	w := &world{t: t, d: d, keys: site.NewKeys(d, nil)}
	w.must(w.keys.Prepare(t.Context()))
	w.queue = queue.New(d, queue.Options{})
	w.ledger = credit.NewLedger(w.keys, w.queue)
	var err error
	w.billing, err = billing.New(d, w.keys, w.ledger, w.queue, nil, billing.Options{})
	w.must(err)
	w.papers = New(w.keys, w.ledger, w.billing)
	now := time.Now().In(korea.Seoul)
	w.start = time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, korea.Seoul)
	return w
}

// each runs a test with a busy site, demo, on every engine.
func each(t *testing.T, test func(t *testing.T, w *world)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.busy()
		test(t, w)
	})
}

// onSQLite is each for what has nothing to do with the engine.
func onSQLite(t testing.TB) *world {
	w := newWorld(t, dbtest.Open(t, "sqlite"))
	w.busy()
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) do(fn func(tx *db.Tx) error) {
	w.t.Helper()
	w.must(w.d.Update(w.t.Context(), "test", func(tx *db.Tx) error {
		if w.now != 0 {
			tx.Now = w.now
		}
		return fn(tx)
	}))
}

// month names the month that lies so many before the present one.
func (w *world) month(back int) string { return korea.Month(w.start.AddDate(0, -back, 0)) }

// on sets the clock to noon of a day of an earlier month.
func (w *world) on(back, day int) {
	w.now = db.At(w.start.AddDate(0, -back, day-1).Add(12 * time.Hour))
}

func (w *world) site(name string) {
	w.do(func(tx *db.Tx) error {
		if _, err := site.Create(tx, w.keys, name, name); err != nil {
			return err
		}
		return w.ledger.Open(tx, name)
	})
}

func (w *world) add(t credit.TopUp) {
	w.t.Helper()
	t.Site = "demo"
	w.do(func(tx *db.Tx) error { _, err := w.ledger.Add(tx, t); return err })
}

func (w *world) hold(amount money.Amount) id.ID {
	w.t.Helper()
	m := id.New()
	w.do(func(tx *db.Tx) error {
		refused, err := w.ledger.Reserve(tx, []credit.Hold{{Site: "demo", Message: m, Amount: amount, Classes: []byte("x")}})
		if err == nil && refused[0] != nil {
			w.t.Fatalf("a hold of %s was refused", amount)
		}
		return err
	})
	return m
}

func (w *world) settle(m id.ID, alimtalk, sms int64, released money.Amount) {
	w.t.Helper()
	w.do(func(tx *db.Tx) error {
		return w.ledger.Settle(tx, []credit.Settlement{{Site: "demo", Message: m, Released: released, Delivered: []credit.Delivered{
			{Channel: provider.Alimtalk, Count: alimtalk, Price: 84_125}, {Channel: provider.SMS, Count: sms, Price: 18 * won}}}})
	})
}

// busy makes the site demo with months that are over and signed, and a present one.
func (w *world) busy() {
	w.t.Helper()
	w.work()
	w.sign()
}

func (w *world) sign() {
	w.t.Helper()
	_, err := w.ledger.SignHeads(w.t.Context(), w.d, "")
	w.must(err)
}

// work is what the site demo does: payments and one taken back, a bonus, a message that
// several months settle, and a refund.
func (w *world) work() {
	w.t.Helper()
	w.site("demo")
	w.on(3, 3)
	w.add(credit.TopUp{Kind: credit.Payment, Amount: 100_000 * won, Ref: "pay_1", Note: "카드 결제", Key: "=1+1"})
	w.add(credit.TopUp{Kind: credit.Bonus, Amount: 1000 * won})
	w.on(3, 9)
	m := w.hold(3600 * won)
	w.settle(m, 10, 20, 100*won)
	w.add(credit.TopUp{Kind: credit.Payment, Amount: 12_345 * won, Ref: "pay_2"})
	w.do(func(tx *db.Tx) error {
		_, err := w.ledger.TakeBack(tx, credit.PaymentBack{Site: "demo", Lot: 6, Amount: 5005 * won, Ref: "pay_2"})
		return err
	})
	w.on(2, 2)
	w.settle(m, 3, 4, 50*won)
	w.do(func(tx *db.Tx) error {
		us, err := w.ledger.Usages(tx, "demo", m, id.ID{}, 10)
		if err != nil {
			return err
		}
		_, _, err = w.ledger.Refund(tx, credit.RefundRequest{Site: "demo", Usage: us[0].ID, Amount: 84_125, Reason: "늦음",
			Strategy: func(*db.Tx, string, id.ID) (string, error) { return "sms_only", nil }})
		return err
	})
	w.now = db.At(time.Now())
	w.settle(m, 1, 1, 0)
}

// statement makes the statement of a month, and gives it as it is given out.
func (w *world) statement(month string) (s *Statement, text []byte) {
	w.t.Helper()
	err := w.d.Snapshot(w.t.Context(), "test", func(tx *db.Tx) (err error) { s, err = w.papers.Statement(tx, "demo", month); return err })
	w.must(err)
	text, err = s.JSON()
	w.must(err)
	return s, text
}

// export gives the entries of a month.
func (w *world) export(month string, r Range) []byte {
	w.t.Helper()
	start, err := korea.ParseMonth(month)
	w.must(err)
	r.Site, r.From, r.Until = "demo", month+"-01", korea.Day(start.AddDate(0, 1, -1))
	return w.exported(r)
}

func (w *world) exported(r Range) []byte {
	w.t.Helper()
	var e *Export
	w.must(w.d.View(w.t.Context(), "test", func(tx *db.Tx) (err error) { e, err = w.papers.Entries(tx, r); return err }))
	var out bytes.Buffer
	w.must(e.WriteTo(w.t.Context(), w.d, &out))
	return out.Bytes()
}

// publicKey is that of the installation, as it is shown.
func (w *world) publicKey() (text string) {
	w.t.Helper()
	w.must(w.d.View(w.t.Context(), "test", func(tx *db.Tx) error {
		signers, err := w.keys.Signers(tx)
		text = base64.StdEncoding.EncodeToString(signers[0].Public)
		return err
	}))
	return text
}

// verified gives what Verify says of a statement with entries, nil without.
func verified(t testing.TB, statement, entries []byte, keys ...string) Checked {
	t.Helper()
	var c Checked
	var err error
	if entries == nil {
		c, err = Verify(bytes.NewReader(statement), nil, keys)
	} else {
		c, err = Verify(bytes.NewReader(statement), bytes.NewReader(entries), keys)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}
