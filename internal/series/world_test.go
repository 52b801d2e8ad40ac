package series

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"creditmsg/internal/book"
	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/event"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/message"
	"creditmsg/internal/money"
	"creditmsg/internal/queue"
	"creditmsg/internal/site"
)

const shop = "shop"

var ctx = context.Background()

// world is the series over one real database whose time stands still until a test moves it.
// Nothing happens by itself: a test says when jobs run (drain).
type world struct {
	t        testing.TB
	url      string
	d        *db.DB
	keys     *site.Keys
	ledger   *credit.Ledger
	queue    *queue.Queue
	messages *message.Service
	book     *book.Book
	series   *Service
	now      *atomic.Int64
}

func each(t *testing.T, test func(w *world)) {
	for _, engine := range dbtest.Engines() {
		t.Run(engine, func(t *testing.T) { test(newWorld(t, engine)) })
	}
}

// newWorld begins on Sunday 2126-11-24 at noon in Korea: ids are made by the real clock, before which nothing
// may be stored.
func newWorld(t testing.TB, engine string) *world {
	w := &world{t: t, url: dbtest.Migrated(t, engine), now: &atomic.Int64{}}
	w.now.Store(int64(at("2126-11-24 12:00:00")))
	w.open()
	w.update(func(tx *db.Tx) error {
		if _, err := site.Create(tx, w.keys, shop, shop); err != nil {
			return err
		}
		if err := w.ledger.Open(tx, shop); err != nil {
			return err
		}
		if _, err := w.ledger.Add(tx, credit.TopUp{Site: shop, Kind: credit.Adjustment, Amount: 1000 * money.Won, Note: "test"}); err != nil {
			return err
		}
		_, err := site.AddSender(tx, shop, "0261234567", site.Approved)
		return err
	})
	return w
}

// open makes the services over the database, as a process that begins has them.
func (w *world) open() {
	w.t.Helper()
	w.d = dbtest.Connect(w.t, w.url, db.Options{Now: func() time.Time { return time.UnixMicro(w.now.Load()).UTC() }})
	w.keys = site.NewKeys(w.d, nil)
	w.must(w.keys.Prepare(ctx))
	w.queue = queue.New(w.d, queue.Options{})
	w.ledger = credit.NewLedger(w.keys, w.queue)
	w.book = book.New(w.d, w.keys, w.queue)
	var err error
	w.messages, err = message.NewService(w.d, w.keys, w.ledger, w.queue, message.Options{Book: w.book, Log: slog.New(slog.DiscardHandler)})
	w.must(err)
	w.series = New(w.d, w.keys, w.queue, w.messages)
}

// process is another process on the same database.
func (w *world) process() *world {
	other := &world{t: w.t, url: w.url, now: w.now}
	other.open()
	return other
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) update(fn func(tx *db.Tx) error) {
	w.t.Helper()
	w.must(w.d.Update(ctx, "test", fn))
}

func (w *world) view(fn func(tx *db.Tx) error) {
	w.t.Helper()
	w.must(w.d.View(ctx, "test", fn))
}

// to moves the time to a moment.
func (w *world) to(text string) { w.now.Store(int64(at(text))) }

// text is a message of 18 won to one person.
func text() Content {
	return Content{Name: "월요일 안내", Request: message.Request{Strategy: message.SMSOnly, Text: &message.TextRequest{Body: "#{이름}님, 안내입니다."}},
		Recipients: []Recipient{{To: "01012345678", Variables: map[string]string{"이름": "김하나"}}}}
}

func (w *world) create(p Plan, c Content) (one Series) {
	w.t.Helper()
	w.update(func(tx *db.Tx) (err error) { one, err = w.series.Create(tx, shop, p, c); return err })
	return one
}

func (w *world) find(of id.ID) (one Series) {
	w.t.Helper()
	w.view(func(tx *db.Tx) (err error) { one, err = w.series.Find(tx, shop, of); return err })
	return one
}

// claim takes the jobs of series that are due.
func (w *world) claim() []queue.Claimed {
	w.t.Helper()
	jobs, err := w.queue.Claim(ctx, queue.Send, []string{kindFire}, 10)
	w.must(err)
	return jobs
}

// drain fires what is due.
func (w *world) drain() {
	w.t.Helper()
	for range 20 {
		jobs := w.claim()
		if len(jobs) == 0 {
			return
		}
		w.must(w.series.Works()[0].Handle(ctx, jobs))
	}
	w.t.Fatal("jobs make each other due without end")
}

// sent counts the messages of the site.
func (w *world) sent() (n int) {
	w.t.Helper()
	w.view(func(tx *db.Tx) error {
		list, err := message.List(tx, shop, "", id.ID{}, 1000)
		n = len(list)
		return err
	})
	return n
}

// firings are what became of a series, oldest first: "2126-11-25 09:00:00 sent", with what was skipped until then.
func (w *world) firings(of id.ID) (out []string) {
	w.t.Helper()
	w.view(func(tx *db.Tx) error {
		list, err := w.series.Firings(tx, shop, of, 0, 1000)
		out = nil
		for i := len(list) - 1; i >= 0; i-- {
			f := list[i]
			line := shown([]db.Time{f.At})[0] + " " + string(f.Outcome)
			if f.Code != "" {
				line += " " + f.Code
			}
			if f.Skipped > 0 {
				line += " +" + string(rune('0'+f.Skipped))
			}
			if (f.Message == id.ID{}) == (f.Outcome == Sent) || (f.DoneAt == 0) != (f.Outcome == Begun) {
				line += " strange"
			}
			out = append(out, line)
		}
		return err
	})
	return out
}

// events are the types of a site's events that begin so.
func (w *world) events(of string) (out []string) {
	w.t.Helper()
	w.view(func(tx *db.Tx) error {
		list, err := event.List(tx, shop, id.ID{}, 1000)
		out = nil
		for _, e := range list {
			if len(e.Type) > len(of) && e.Type[:len(of)] == of {
				out = append(out, e.Type)
			}
		}
		return err
	})
	return out
}

// told counts the jobs that tell people of something.
func (w *world) told() (n int) {
	w.t.Helper()
	w.view(func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT COUNT(*) FROM job WHERE kind = ?`, credit.KindTell).Scan(&n)
	})
	return n
}

func (w *world) refused(err error, kind fault.Kind, pointer string) {
	w.t.Helper()
	f, _ := errors.AsType[*fault.Error](err)
	if f == nil || f.Kind != kind || pointer != "" && (len(f.Fields) == 0 || f.Fields[0].Pointer != pointer) {
		w.t.Errorf("got %v, want kind %d at %q", err, kind, pointer)
	}
}
