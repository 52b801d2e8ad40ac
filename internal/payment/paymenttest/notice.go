package paymenttest

import (
	"bytes"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/payment"
)

// The sentences about what a gateway calls about.

func (w *world) read(c hookCall) payment.Notice {
	w.Helper()
	n, err := w.Notice(c.header, c.body, time.Now())
	if err != nil {
		w.Fatalf("notice: %v in %s", err, c.body)
	}
	return n
}

// about are the calls about an order.
func (w *world) about(o payment.Order, ref string) (found []hookCall) {
	w.Helper()
	for _, c := range w.hook.all() {
		if n := w.read(c); n.OrderID == o.ID || n.Ref != "" && n.Ref == ref {
			found = append(found, c)
		}
	}
	return found
}

// told is a payment that was taken, and a call about it.
func (w *world) told() (*attempt, hookCall) {
	w.Helper()
	a, r := w.bought(goodCard)
	w.until("a notice", func() bool { return len(w.about(a.order, r.Ref)) > 0 })
	return a, w.about(a.order, r.Ref)[0]
}

func testNotices(t *testing.T, h Harness) {
	w := newWorld(t, h)
	a, c := w.told()
	body := bytes.Clone(c.body)
	w.line.mark(everyRequest, passes)
	now := time.Now()
	one, err := w.Notice(c.header, c.body, now)
	other, errOther := w.adapter(w.account).Notice(c.header, body, now)
	if err != nil || errOther != nil || one != other || one.ID == "" || one.Kind == "" || !bytes.Equal(body, c.body) {
		t.Errorf("got %+v, %v, then %+v, %v, want the same with an id and a kind", one, err, other, errOther)
	}
	if n := w.line.count(); n > 0 {
		t.Errorf("reading a notice made %d requests, want none", n)
	}
	o := payment.Order{ID: a.order.ID, Ref: one.Ref}
	w.mustBe(w.Find(t.Context(), o), payment.Paid)
}

func testForgedNotices(t *testing.T, h Harness) {
	w := newWorld(t, h)
	paid, c := w.told()
	open := newOrder(payment.Card)
	w.saidYes(&open, goodCard)
	forged := bytes.ReplaceAll(c.body, []byte(paid.order.ID), []byte(open.ID))
	n, err := w.Notice(c.header, forged, time.Now())
	if h.Signed {
		if err == nil {
			t.Errorf("a changed body: got %+v, want an error", n)
		}
		w.forgedSignatures(c)
		w.refusedCall()
		return
	}
	if err != nil {
		return
	}
	o := open
	o.Ref = n.Ref
	if r := w.Find(t.Context(), o); r.State.Taken() {
		t.Errorf("the payment that a forged notice names: got %+v", r)
	}
	w.mustBe(w.Find(t.Context(), open), payment.Open)
}

// forgedSignatures are refused whatever of them is not right.
func (w *world) forgedSignatures(c hookCall) {
	w.Helper()
	stranger := w.account
	stranger.WebhookSecret += "x"
	for what, try := range map[string]func() (payment.Notice, error){
		"no headers":     func() (payment.Notice, error) { return w.Notice(http.Header{}, c.body, time.Now()) },
		"another secret": func() (payment.Notice, error) { return w.adapter(stranger).Notice(c.header, c.body, time.Now()) },
		"an old call":    func() (payment.Notice, error) { return w.Notice(c.header, c.body, time.Now().Add(time.Hour)) },
		"a later call":   func() (payment.Notice, error) { return w.Notice(c.header, c.body, time.Now().Add(-time.Hour)) },
	} {
		if n, err := try(); err == nil {
			w.Errorf("%s: got %+v, want an error", what, n)
		}
	}
}

// refusedCall waits for a notice of somebody else's that reaches the webhook, and for the true
// one behind it.
func (w *world) refusedCall() {
	w.Helper()
	a, r := w.bought(cardOf(30))
	refused, ours := false, false
	w.until("a forged notice and the true one", func() bool {
		refused, ours = false, false
		for _, c := range w.hook.all() {
			n, err := w.Notice(c.header, c.body, time.Now())
			refused = refused || err != nil
			ours = ours || err == nil && (n.OrderID == a.order.ID || n.Ref == r.Ref)
		}
		return refused && ours
	})
}

func testGarbage(t *testing.T, h Harness) {
	w := newWorld(t, h)
	_, c := w.told()
	for _, garbage := range []string{"", " \n", "garbage", "\x00\xff\xfe", "{}", "[]", "null", "<html><body>Bad Gateway</body></html>"} {
		if got, err := w.Notice(c.header, []byte(garbage), time.Now()); err == nil {
			t.Errorf("%q: got %+v, want an error", garbage, got)
		}
	}
	random := rand.New(rand.NewPCG(3, 4))
	for range 5000 {
		torn := bytes.Clone(c.body[:random.IntN(len(c.body)+1)])
		for range min(len(torn), random.IntN(4)) {
			torn[random.IntN(len(torn))] = byte(random.Uint32())
		}
		if n, err := w.Notice(c.header, torn, time.Now()); err != nil && n != (payment.Notice{}) {
			t.Fatalf("got %+v beside an error: %v in %q", n, err, torn)
		}
	}
}

func testCrookedNotices(t *testing.T, h Harness) {
	w := newWorld(t, h)
	for bb, least := range map[int]int{16: 4, 17: 2, 18: 2, 0: 2} {
		a, r := w.bought(cardOf(bb))
		if got := w.cancel(cancellation(a, r)); got.State != payment.CancelDone {
			t.Fatalf("cancel: got %+v", got)
		}
		w.until("all notices", func() bool { return len(w.about(a.order, r.Ref)) >= least })
		seen := map[string]int{}
		for _, c := range w.about(a.order, r.Ref) {
			n := w.read(c)
			if diff := cmp.Diff(n, w.read(c)); diff != "" {
				t.Errorf("read twice (-one +other):\n%s", diff)
			}
			seen[n.ID]++
		}
		if bb == 16 && len(seen) != 2 {
			t.Errorf("ids of notices that come twice: got %v, want two", seen)
		}
		w.mustBe(w.found(a), payment.Cancelled)
	}
}
