package webhook

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/event"
	"creditmsg/internal/id"
	"creditmsg/internal/queue"
	"creditmsg/internal/site"
)

var ctx = context.Background()

// world is the webhooks over one real database whose time stands still until a test moves it.
// Nothing happens by itself: a test says when events are given and when jobs run (drain).
type world struct {
	t     testing.TB
	url   string
	d     *db.DB
	keys  *site.Keys
	queue *queue.Queue
	hooks *Service
	now   *atomic.Int64
	o     Options
}

func each(t *testing.T, test func(w *world)) {
	for _, engine := range dbtest.Engines() {
		t.Run(engine, func(t *testing.T) { test(newWorld(t, engine, Options{})) })
	}
}

// newWorld begins in the future: ids are made by the real clock, before which nothing may be stored.
func newWorld(t testing.TB, engine string, o Options) *world {
	w := &world{t: t, url: dbtest.Migrated(t, engine), now: &atomic.Int64{}, o: o}
	w.now.Store(time.Date(2126, 11, 25, 3, 0, 0, 0, time.UTC).UnixMicro())
	w.o.Allow = prefixes("127.0.0.0/8", "::1/128")
	w.open()
	w.update(func(tx *db.Tx) error {
		for _, name := range []string{"shop", "other"} {
			if _, err := site.Create(tx, w.keys, name, name); err != nil {
				return err
			}
			if err := credit.NewLedger(w.keys, w.queue).Open(tx, name); err != nil {
				return err
			}
		}
		return nil
	})
	return w
}

// open makes the service over the database, as a process that begins has it.
func (w *world) open() {
	w.t.Helper()
	w.d = dbtest.Connect(w.t, w.url, db.Options{Now: func() time.Time { return time.UnixMicro(w.now.Load()).UTC() }})
	w.keys = site.NewKeys(w.d, nil)
	w.must(w.keys.Prepare(ctx))
	w.queue = queue.New(w.d, queue.Options{})
	var err error
	w.hooks, err = New(w.d, w.keys, w.queue, w.o)
	w.must(err)
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

func (w *world) pass(d time.Duration) { w.now.Add(d.Microseconds()) }

func (w *world) create(siteID, url string, topics ...string) (e Endpoint, s Secret) {
	w.t.Helper()
	w.update(func(tx *db.Tx) (err error) {
		e, s, err = w.hooks.Create(tx, siteID, Change{URL: &url, Topics: topics})
		return err
	})
	return e, s
}

// happen appends an event of each type.
func (w *world) happen(siteID string, types ...string) {
	w.t.Helper()
	w.update(func(tx *db.Tx) error {
		var list []event.Event
		for i, t := range types {
			list = append(list, event.Event{Site: siteID, Type: t, Ref: "msg_1", Data: fmt.Appendf(nil, `{"n":%d}`, i)})
		}
		return event.Append(tx, list...)
	})
}

// drain gives what waits to endpoints and has every job worked on that is due, once.
func (w *world) drain() {
	w.t.Helper()
	for {
		n, err := w.hooks.fan(ctx)
		w.must(err)
		if n == 0 {
			break
		}
	}
	w.turn()
}

// turn has every job worked on that is due, until none is.
func (w *world) turn() {
	w.t.Helper()
	for {
		worked := false
		for _, work := range w.hooks.Works() {
			jobs, err := w.queue.Claim(ctx, work.Lane, []string{work.Kind}, 100)
			w.must(err)
			for _, j := range jobs {
				worked = true
				w.must(work.Handle(ctx, []queue.Claimed{j}))
			}
		}
		if !worked {
			return
		}
	}
}

func (w *world) find(e Endpoint) (found Endpoint) {
	w.t.Helper()
	w.view(func(tx *db.Tx) (err error) {
		found, err = w.hooks.Find(tx, e.Site, e.ID)
		return err
	})
	return found
}

func (w *world) deliveries(e Endpoint, f Filter) (list []Delivery) {
	w.t.Helper()
	if f.Limit == 0 {
		f.Limit = 1000
	}
	w.view(func(tx *db.Tx) (err error) {
		list, _, _, err = w.hooks.Deliveries(tx, e.Site, e.ID, f)
		return err
	})
	return list
}

func (w *world) log(e Endpoint, seq int64) (d Delivery, made []Attempt) {
	w.t.Helper()
	w.view(func(tx *db.Tx) (err error) {
		d, made, err = w.hooks.FindDelivery(tx, e.Site, e.ID, seq)
		return err
	})
	return d, made
}

// got is one request that a receiver got.
type got struct {
	id, timestamp string
	seq           int64
	kind          string
	body          []byte
	header        http.Header
}

// receiver is an endpoint of a site, as its people wrote it.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	all    []got                                               // guarded by mu
	answer func(w http.ResponseWriter, r *http.Request, n int) // guarded by mu; n counts from 0
}

func receive(t testing.TB) *receiver {
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(r.serve))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) serve(w http.ResponseWriter, q *http.Request) {
	text, err := io.ReadAll(q.Body)
	var b struct {
		Type     string `json:"type"`
		Sequence int64  `json:"sequence"`
	}
	if err == nil {
		err = json.Unmarshal(text, &b)
	}
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	n := len(r.all)
	r.all = append(r.all, got{q.Header.Get("Webhook-Id"), q.Header.Get("Webhook-Timestamp"), b.Sequence, b.Type, text, q.Header})
	answer := r.answer
	r.mu.Unlock()
	if answer != nil {
		answer(w, q, n)
	}
}

// answers sets what it answers from now on.
func (r *receiver) answers(f func(w http.ResponseWriter, q *http.Request, n int)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = f
}

func (r *receiver) status(code int) {
	r.answers(func(w http.ResponseWriter, _ *http.Request, _ int) { w.WriteHeader(code) })
}

func (r *receiver) got() []got {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]got(nil), r.all...)
}

// seqs are the places of what it got, in the order of their coming.
func (r *receiver) seqs() (list []int64) {
	for _, g := range r.got() {
		list = append(list, g.seq)
	}
	return list
}

func eventID(d Delivery) string { return d.Event.Text(id.Event) }

func unix(text string) time.Time {
	n, _ := strconv.ParseInt(text, 10, 64)
	return time.Unix(n, 0)
}
