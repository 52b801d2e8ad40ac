package credit

import (
	"errors"
	"testing"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/queue"
	"creditmsg/internal/site"
)

// world is a database with a ledger and a clock that the test turns: the
// transactions of a test have the time that the test says.
type world struct {
	t    testing.TB
	d    *db.DB
	keys *site.Keys
	l    *Ledger
	q    *queue.Queue
	now  db.Time // 0 = the real time
}

const won = money.Won

func newWorld(t testing.TB, d *db.DB) *world {
	keys := site.NewKeys(d, nil)
	if err := keys.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	q := queue.New(d, queue.Options{})
	return &world{t: t, d: d, keys: keys, l: NewLedger(keys, q), q: q}
}

// try runs fn in a write transaction at the world's time.
func (w *world) try(fn func(tx *db.Tx) error) error {
	w.t.Helper()
	return w.d.Update(w.t.Context(), "test", func(tx *db.Tx) error {
		if w.now != 0 {
			tx.Now = w.now
		}
		return fn(tx)
	})
}

func (w *world) do(fn func(tx *db.Tx) error) {
	w.t.Helper()
	if err := w.try(fn); err != nil {
		w.t.Fatalf("transaction: %v", err)
	}
}

// site makes a site with an account.
func (w *world) site(name string) string {
	w.t.Helper()
	w.do(func(tx *db.Tx) error {
		if _, err := site.Create(tx, w.keys, name, name); err != nil {
			return err
		}
		return w.l.Open(tx, name)
	})
	return name
}

func (w *world) add(t TopUp) (e Entry) {
	w.t.Helper()
	w.do(func(tx *db.Tx) (err error) {
		e, err = w.l.Add(tx, t)
		return err
	})
	return e
}

func (w *world) addErr(t TopUp) error {
	w.t.Helper()
	return w.try(func(tx *db.Tx) error {
		_, err := w.l.Add(tx, t)
		return err
	})
}

func (w *world) reserve(holds ...Hold) (refused []*Refusal) {
	w.t.Helper()
	w.do(func(tx *db.Tx) (err error) {
		refused, err = w.l.Reserve(tx, holds)
		return err
	})
	return refused
}

// hold reserves one amount for a new message, which must be possible.
func (w *world) hold(siteID string, amount money.Amount) id.ID {
	w.t.Helper()
	m := id.New()
	if r := w.reserve(Hold{Site: siteID, Message: m, Amount: amount, Classes: []byte("sms 18")}); r[0] != nil {
		w.t.Fatalf("hold of %s was refused: %s available", amount, r[0].Available)
	}
	return m
}

func (w *world) settle(all ...Settlement) {
	w.t.Helper()
	w.do(func(tx *db.Tx) error { return w.l.Settle(tx, all) })
}

func (w *world) settleErr(all ...Settlement) error {
	w.t.Helper()
	return w.try(func(tx *db.Tx) error { return w.l.Settle(tx, all) })
}

func (w *world) account(siteID string) (a Account) {
	w.t.Helper()
	w.view(func(tx *db.Tx) (err error) { a, err = w.l.Account(tx, siteID); return err })
	return a
}

func (w *world) entries(siteID string) (es []Entry) {
	w.t.Helper()
	w.view(func(tx *db.Tx) (err error) { es, err = w.l.Entries(tx, siteID, 0, 100_000); return err })
	return es
}

func (w *world) usages(siteID string, m id.ID) (us []Usage) {
	w.t.Helper()
	w.view(func(tx *db.Tx) (err error) { us, err = w.l.Usages(tx, siteID, m, id.ID{}, 1000); return err })
	return us
}

func (w *world) reservation(siteID string, m id.ID) Reservation {
	w.t.Helper()
	var rs []Reservation
	w.view(func(tx *db.Tx) (err error) { rs, err = w.l.Reservations(tx, siteID, m); return err })
	if len(rs) != 1 {
		w.t.Fatalf("message has %d reservations, want 1", len(rs))
	}
	return rs[0]
}

// lots gives all lots of a site, oldest first.
func (w *world) lots(siteID string) (ls []*lot) {
	w.t.Helper()
	w.view(func(tx *db.Tx) error {
		rows, err := tx.Query(`SELECT `+names(lotColumns)+` FROM lot WHERE site_id = ? ORDER BY site_id, seq`, siteID)
		ls, err = db.Collect(rows, err, scanLot)
		return err
	})
	return ls
}

func (w *world) view(fn func(tx *db.Tx) error) {
	w.t.Helper()
	if err := w.d.View(w.t.Context(), "test", fn); err != nil {
		w.t.Fatalf("read: %v", err)
	}
}

// proven fails the test unless all laws hold for all sites.
func (w *world) proven() {
	w.t.Helper()
	proof, err := w.l.Prove(w.t.Context(), w.d, nil, nil)
	if err != nil {
		w.t.Fatalf("prove: %v", err)
	}
	for _, b := range proof.Broken {
		w.t.Errorf("broken: site %s law %d, %s: %s", b.Site, b.Law, b.Row, b.Detail)
	}
}

var errUndo = errors.New("undo")

// signThrough signs the heads of all sites, as if the day were just over.
func (w *world) signThrough(day string) {
	w.t.Helper()
	var behind []standing
	w.view(func(tx *db.Tx) (err error) { behind, _, err = standings(tx, ""); return err })
	for _, s := range behind {
		if err := w.l.signSite(w.t.Context(), w.d, s, day); err != nil {
			w.t.Fatalf("sign heads of %s: %v", s.site, err)
		}
	}
}

// undone runs fn in a write transaction that is rolled back.
func (w *world) undone(fn func(tx *db.Tx) error) error {
	err := w.try(func(tx *db.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		return errUndo
	})
	if errors.Is(err, errUndo) {
		return nil
	}
	return err
}

// proveIn proves all sites inside a transaction, in chunks of so many reservations.
func (w *world) proveIn(tx *db.Tx, chunk int) (broken []Broken, err error) {
	sites, err := everySite(tx)
	if err != nil {
		return nil, err
	}
	for _, s := range sites {
		p := &prover{tx: tx, site: s, chunk: chunk}
		if err := p.run(w.keys); err != nil {
			return nil, err
		}
		broken = append(broken, p.broken...)
	}
	return broken, nil
}

func delivered(ch provider.Channel, n int64, price money.Amount) Delivered {
	return Delivered{Channel: ch, Count: n, Price: price}
}

var noon = db.At(time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC))
