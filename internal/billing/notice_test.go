package billing

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"testing"
	"time"

	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/payment"
)

// TestNoticesMoveNothingByThemselves sends what somebody might who wants credit.
func TestNoticesMoveNothingByThemselves(t *testing.T) {
	each(t, func(w *world) {
		open := w.begin(w.request(payment.Card, 10_000*won))
		account := w.begin(w.request(payment.VirtualAccount, 20_000*won))
		paid := w.paid(5_000 * won)
		name := func(p Payment) string { return p.ID.Text(id.Payment) }
		changed := func(p Payment, more string) string {
			return `{"eventType":"PAYMENT_STATUS_CHANGED","createdAt":"2026-11-22T12:00:00.000000","data":{"orderId":"` + name(p) + `"` + more + `}}`
		}
		for what, n := range map[string]struct{ body, outcome string }{
			"paid, it says":            {changed(open, `,"status":"DONE","totalAmount":11000`), noticeAsked},
			"paid more, it says":       {changed(open, `,"status":"DONE","totalAmount":11000000`), noticeAsked},
			"another amount":           {changed(paid, `,"status":"DONE","totalAmount":1`), noticeAsked},
			"aborted, out of order":    {changed(paid, `,"status":"ABORTED"`), noticeAsked},
			"cancelled, it says":       {changed(paid, `,"status":"CANCELED","totalAmount":5500`), noticeAsked},
			"a forged deposit":         {`{"createdAt":"2026-11-22T12:00:00.000000","secret":"ps_made_up","orderId":"` + name(account) + `","status":"DONE"}`, noticeForged},
			"of nobody":                {`{"eventType":"PAYMENT_STATUS_CHANGED","createdAt":"2026-11-22T12:00:00.000000","data":{"orderId":"` + id.New().Text(id.Payment) + `","status":"DONE"}}`, noticeUnknown},
			"of another house":         {`{"eventType":"PAYMENT_STATUS_CHANGED","createdAt":"2026-11-22T12:00:00.000000","data":{"orderId":"shop-17","status":"DONE"}}`, noticeUnknown},
			"a card that nobody knows": {`{"eventType":"BILLING_DELETED","createdAt":"2026-11-22T12:00:00.000000","data":{"billingKey":"made-up"}}`, noticeUnknown},
			"no notice":                {`{"hello":1}`, noticeForged},
			"not JSON":                 {`DONE`, noticeForged},
		} {
			count := func() float64 { return w.counted("creditmsg_payment_notices_total", n.outcome) }
			before := count()
			for range 3 { // replayed
				err := w.notice(n.body)
				if forged := n.outcome == noticeForged; forged != fault.Is(err, fault.Unauthenticated) || !forged && err != nil {
					w.t.Errorf("%s: got %v", what, err)
				}
			}
			if got := count() - before; got != 3 {
				w.t.Errorf("%s: %v counted as %s", what, got, n.outcome)
			}
			w.drain()
			w.pass(time.Minute)
			w.holds(5_000 * won)
			if got := w.payment(paid.ID); got.State != Paid || got.Returned != 0 {
				w.t.Errorf("%s: got %+v", what, got)
			}
		}
		err := w.s.Notice(context.Background(), "other", netip.Addr{}, http.Header{}, nil)
		refused(w.t, "no such gateway", err, "not_found", "")
		w.proven()
	})
}

func TestANoticeBringsTheTruthEarlier(t *testing.T) {
	w := newWorld(t, "sqlite", Options{})
	p := w.begin(w.request(payment.VirtualAccount, 20_000*won))
	w.deposit(p)
	for range 2 {
		w.must(w.notice(`{"eventType":"PAYMENT_STATUS_CHANGED","createdAt":"2026-11-22T12:00:00.000000","data":{"orderId":"` + p.ID.Text(id.Payment) + `","status":"CANCELED"}}`))
		w.drain()
	}
	w.holds(20_000 * won)
	if got := w.events("payment."); !slices.Equal(got, []string{"payment.waiting_for_deposit", "payment.paid"}) {
		t.Errorf("events: got %v", got)
	}
}

func TestNoticesFromElsewhereAreRefused(t *testing.T) {
	w := newWorld(t, "sqlite", Options{})
	w.s.gateways[0].Allow = []netip.Prefix{netip.MustParsePrefix("13.124.18.147/32")}
	for from, want := range map[string]string{"13.124.18.147": "", "13.124.18.148": "forbidden"} {
		err := w.s.Notice(context.Background(), "toss", netip.MustParseAddr(from), http.Header{},
			[]byte(`{"eventType":"PAYMENT_STATUS_CHANGED","createdAt":"2026-11-22T12:00:00.000000","data":{"orderId":"shop-17"}}`))
		if want == "" && err != nil {
			t.Errorf("from %s: got %v", from, err)
		} else if want != "" {
			refused(t, from, err, want, "")
		}
	}
	if got := w.counted("creditmsg_payment_notices_total", noticeAlien); got != 1 {
		t.Errorf("counted: got %v", got)
	}
}

func TestACardThatWasRemovedAtItsGatewayIsDisabled(t *testing.T) {
	w := newWorld(t, "sqlite", Options{})
	c := w.stored(card(0))
	w.must(w.notice(`{"eventType":"BILLING_DELETED","createdAt":"2026-11-22T12:00:00.000000","data":{"billingKey":"` + c.Token.Secret + `"}}`))
	w.view(func(tx *dbTx) error {
		got, err := w.s.FindCard(tx, "demo", c.ID)
		if got.State != CardDisabled {
			t.Errorf("got %+v", got)
		}
		return err
	})
}
