package privacy

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
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
	"creditmsg/internal/message"
	"creditmsg/internal/money"
	"creditmsg/internal/queue"
	"creditmsg/internal/series"
	"creditmsg/internal/site"
)

const (
	shop  = "shop"
	other = "other"
	him   = korea.Number("01011112222")
	her   = korea.Number("01033334444")
)

// world is the service over one real database whose time a test moves. Nothing happens by
// itself: a test says when jobs run.
type world struct {
	*testing.T
	*Service
	clock atomic.Int64
	url   string // of the database
}

func each(t *testing.T, test func(w *world)) {
	for _, engine := range dbtest.Engines() {
		t.Run(engine, func(t *testing.T) { test(newWorld(t, engine)) })
	}
}

func newWorld(t *testing.T, engine string) *world {
	t.Helper()
	w := &world{T: t, url: dbtest.Migrated(t, engine)}
	w.clock.Store(time.Now().UnixMicro())
	d := dbtest.Connect(t, w.url, db.Options{Now: func() time.Time { return time.UnixMicro(w.clock.Load()) }})
	keys := site.NewKeys(d, nil)
	w.must(keys.Prepare(t.Context()))
	q := queue.New(d, queue.Options{})
	ledger := credit.NewLedger(keys, q)
	b := book.New(d, keys, q)
	messages, err := message.NewService(d, keys, ledger, q, message.Options{Book: b, Log: slog.New(slog.DiscardHandler)})
	w.must(err)
	w.Service = New(Deps{DB: d, Keys: keys, Queue: q, Ledger: ledger, Messages: messages, Book: b, Series: series.New(d, keys, q, messages),
		Render: func(r message.Receipt) []byte { return fmt.Append(nil, r) }})
	w.update(func(tx *db.Tx) error {
		for _, name := range []string{shop, other} {
			_, err := ledger.OpenSite(tx, credit.Opening{ID: name, Name: name})
			_, err2 := ledger.Add(tx, credit.TopUp{Site: name, Kind: credit.Bonus, Amount: 1000 * money.Won, Note: "비밀 메모"})
			_, err3 := site.AddSender(tx, name, "0261234567", site.Approved)
			if err := errors.Join(err, err2, err3); err != nil {
				return err
			}
		}
		return nil
	})
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) update(f func(tx *db.Tx) error) {
	w.Helper()
	w.must(w.d.Update(w.Context(), "test", f))
}

func (w *world) view(f func(tx *db.Tx) error) {
	w.Helper()
	w.must(w.d.View(w.Context(), "test", f))
}

// send accepts a text to some numbers, which waits for a call that never comes.
func (w *world) send(siteID string, to ...korea.Number) message.Key {
	w.Helper()
	d, err := w.messages.Draft(w.Context(), siteID, message.Request{Strategy: message.SMSOnly, Text: &message.TextRequest{Body: "안녕"}})
	w.must(err)
	for _, n := range to {
		w.must(d.Add(w.Context(), string(n), nil))
	}
	r, err := d.Accept(w.Context(), nil)
	w.must(err)
	return r.Message
}

// end cancels a message, so that it is over.
func (w *world) end(m message.Key) {
	w.Helper()
	_, err := w.messages.Cancel(w.Context(), m)
	w.must(err)
	w.run(w.messages.Works())
}

// run works on jobs until none is due.
func (w *world) run(works []queue.Work) {
	w.Helper()
	for range 100 {
		ran := 0
		for _, k := range works {
			jobs, err := w.queue.Claim(w.Context(), k.Lane, []string{k.Kind}, k.Max)
			w.must(err)
			if ran += len(jobs); len(jobs) > 0 {
				w.must(k.Handle(context.Background(), jobs))
			}
		}
		if ran == 0 {
			return
		}
	}
	w.Fatal("jobs make each other due without end")
}

func (w *world) ask(siteID string, number korea.Number) (e Erasure) {
	w.Helper()
	w.update(func(tx *db.Tx) (err error) { e, err = w.Ask(tx, siteID, number); return err })
	return e
}

func (w *world) erasure(e Erasure) (out Erasure) {
	w.Helper()
	w.view(func(tx *db.Tx) (err error) { out, err = w.Find(tx, e.Site, e.ID); return err })
	return out
}

// finds counts the recipients of a site with a number.
func (w *world) finds(siteID string, number korea.Number) (n int) {
	w.Helper()
	w.view(func(tx *db.Tx) error {
		list, err := message.List(tx, siteID, "", id.ID{}, 100)
		for _, m := range list {
			found, _, _, err := w.messages.Recipients(tx, m, message.Filter{To: number, Limit: 100})
			if err != nil {
				return err
			}
			n += len(found)
		}
		return err
	})
	return n
}

// proven proves the ledgers of both sites.
func (w *world) proven() {
	w.Helper()
	proof, err := w.ledger.Prove(w.Context(), w.d, []string{shop, other}, w.messages.Outcomes)
	w.must(err)
	for _, b := range proof.Broken {
		w.Errorf("ledger broken: %+v", b)
	}
}

func TestANumberIsForgottenEverywhereOfItsSite(t *testing.T) {
	each(t, func(w *world) {
		w.end(w.send(shop, him, her))
		w.end(w.send(other, him))
		running := w.send(shop, him)
		w.update(func(tx *db.Tx) error {
			_, err := w.book.Add(tx, shop, book.Entry{To: string(him), Name: "그"}, nil)
			return err
		})
		e := w.ask(shop, him)
		w.run(w.Works())
		got := w.erasure(e)
		if got.State != Waiting || got.People != 1 || got.Contacts != 1 || got.Open != 1 || got.To != him {
			w.Errorf("got %+v, want one forgotten and one message waited for", got)
		}
		if w.finds(shop, him) != 1 || w.finds(shop, her) != 1 || w.finds(other, him) != 1 {
			w.Errorf("of %d, %d and %d is known", w.finds(shop, him), w.finds(shop, her), w.finds(other, him))
		}
		w.end(running)
		w.run(w.Works())
		if w.erasure(e).State != Waiting {
			w.Error("it came back before its time")
		}
		w.clock.Add(askAgain.Microseconds())
		w.run(w.Works())
		if got = w.erasure(e); got.State != Done || got.People != 2 || got.Open != 0 || got.To != "" || got.DoneAt == 0 || w.finds(shop, him) != 0 {
			w.Errorf("got %+v, want it done, and the number gone", got)
		}
		w.view(func(tx *db.Tx) error {
			_, found, err := w.book.ByNumber(tx, shop, him)
			if found {
				w.Error("he is still in the book")
			}
			_, missing := w.Find(tx, other, e.ID)
			if !fault.Is(missing, fault.NotFound) {
				w.Errorf("another site finds it: %v", missing)
			}
			return err
		})
		w.proven()
	})
}

func TestOldMessagesForgetTheirPeopleEachDay(t *testing.T) {
	each(t, func(w *world) {
		w.end(w.send(shop, him))
		w.end(w.send(other, him))
		w.update(func(tx *db.Tx) error { return SetKept(tx, shop, LeastDays) })
		w.swept()
		if w.finds(shop, him) != 1 {
			w.Error("it was forgotten at once")
		}
		w.clock.Add((LeastDays*24*time.Hour + time.Hour).Microseconds())
		w.end(w.send(shop, her))
		w.swept()
		if w.finds(shop, him) != 0 || w.finds(shop, her) != 1 || w.finds(other, him) != 1 {
			w.Errorf("of %d, %d and %d is known; want the old one of the shop gone", w.finds(shop, him), w.finds(shop, her), w.finds(other, him))
		}
		w.proven()
	})
}

// swept has old messages looked through, to the end.
func (w *world) swept() {
	w.Helper()
	w.must(w.Sweep(w.Context()))
	w.run(w.Works())
}

// TestASiteWithManyOldMessagesDoesNotHoldUpTheOthers looks at one message at a time, of which one
// is not over.
func TestASiteWithManyOldMessagesDoesNotHoldUpTheOthers(t *testing.T) {
	each(t, func(w *world) {
		w.atOnce = 1
		w.end(w.send(shop, him))
		running := w.send(shop, him)
		for range 3 {
			w.end(w.send(shop, him))
		}
		w.end(w.send(other, him))
		w.update(func(tx *db.Tx) error { return errors.Join(SetKept(tx, shop, LeastDays), SetKept(tx, other, LeastDays)) })
		w.clock.Add((LeastDays*24*time.Hour + time.Hour).Microseconds())
		w.must(w.Sweep(w.Context()))
		w.must(w.Sweep(w.Context())) // as another process does
		if n := w.finds(shop, him); n != 5 {
			t.Errorf("%d are known, want 5: others do the work", n)
		}
		for range 3 {
			jobs, err := w.queue.Claim(w.Context(), queue.Default, []string{kindKeep}, 1)
			w.must(err)
			w.must(w.keep(w.Context(), jobs))
		}
		if w.finds(shop, him) == 1 || w.finds(other, him) != 0 {
			t.Errorf("of %d and %d is known; want the one that has little to be done", w.finds(shop, him), w.finds(other, him))
		}
		w.run(w.Works())
		if n := w.finds(shop, him); n != 1 {
			t.Errorf("%d are known, want him alone who still waits", n)
		}
		w.swept() // not again on the same day
		w.end(running)
		w.clock.Add((LeastDays*24*time.Hour + time.Hour).Microseconds())
		w.swept()
		if n := w.finds(shop, him); n != 0 {
			t.Errorf("%d are known a month later", n)
		}
		w.view(func(tx *db.Tx) error {
			var n int
			err := tx.QueryRow(`SELECT COUNT(*) FROM job WHERE kind = ?`, kindKeep).Scan(&n)
			if n != 0 {
				t.Errorf("%d jobs are left", n)
			}
			return err
		})
		w.proven()
	})
}

func TestHowLongPeopleAreKeptHasBounds(t *testing.T) {
	w := newWorld(t, "sqlite")
	for days, ok := range map[int]bool{0: true, LeastDays: true, MostDays: true, 1: false, LeastDays - 1: false, MostDays + 1: false, -1: false} {
		err := w.d.Update(t.Context(), "test", func(tx *db.Tx) error { return SetKept(tx, shop, days) })
		if ok != (err == nil) || err != nil && !fault.Is(err, fault.Invalid) {
			t.Errorf("%d days: got %v", days, err)
		}
	}
}

func TestAnErasedSiteCannotBeReadAndItsLedgerVerifies(t *testing.T) {
	each(t, func(w *world) {
		w.end(w.send(shop, him))
		running := w.send(shop, him)
		end := End{Site: shop, Reason: "계약이 끝났다"}
		refused := func(words string) {
			w.Helper()
			if err := w.EraseSite(w.Context(), end); !fault.Is(err, fault.Conflict) || !strings.Contains(fault.Of(err).Public, words) {
				w.Errorf("got %v, want a conflict that says %q", err, words)
			}
		}
		refused("suspend it first")
		w.update(func(tx *db.Tx) error { return site.SetState(tx, shop, site.Suspended) })
		refused("not over")
		w.end(running)
		refused("credit")
		end.Forfeit = true
		w.must(w.EraseSite(w.Context(), end))
		w.must(w.EraseSite(w.Context(), end)) // once more changes nothing
		w.proven()

		w.view(func(tx *db.Tx) error {
			if _, err := w.keys.Site(tx, shop); !fault.Is(err, fault.NotFound) {
				w.Errorf("its key: %v, want NotFound", err)
			}
			_, err := site.NewKeys(w.d, nil).Site(tx, shop)
			if !fault.Is(err, fault.NotFound) {
				w.Errorf("its key, as another process reads it: %v, want NotFound", err)
			}
			s, err := site.Find(tx, shop)
			if s.State != site.Erased || s.Name != "" {
				w.Errorf("got %+v", s)
			}
			senders, err2 := site.Senders(tx, shop)
			if len(senders) != 0 {
				w.Errorf("got %v", senders)
			}
			var jobs int
			err3 := tx.QueryRow(`SELECT COUNT(*) FROM job WHERE site_id = ?`, shop).Scan(&jobs)
			if jobs != 0 {
				w.Errorf("%d jobs are left", jobs)
			}
			return errors.Join(err, err2, err3)
		})
		if err := w.d.Update(w.Context(), "test", func(tx *db.Tx) error { return site.SetState(tx, shop, site.Active) }); !fault.Is(err, fault.Conflict) {
			w.Errorf("it is woken: %v", err)
		}
	})
}

func TestAnotherProcessForgetsTheKeyOfAnErasedSite(t *testing.T) {
	w := newWorld(t, "sqlite")
	theirs := site.NewKeys(w.d, nil)
	w.view(func(tx *db.Tx) error { _, err := theirs.Site(tx, shop); return err })
	w.update(func(tx *db.Tx) error { return site.SetState(tx, shop, site.Suspended) })
	w.must(w.EraseSite(t.Context(), End{Site: shop, Reason: "x", Forfeit: true}))
	w.must(theirs.Refresh(t.Context()))
	if theirs.Known(shop) != nil {
		t.Error("it remembers the key")
	}
}
