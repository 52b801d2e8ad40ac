package paymenttest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/money"
	"creditmsg/internal/payment"
)

// The sentences about lists and receipts.

// listed are all movements of a period.
func (w *world) listed(from, until time.Time) (all []payment.Transaction, pages int) {
	w.Helper()
	for after := ""; ; pages++ {
		page, err := w.Transactions(w.Context(), from, until, after)
		if err != nil || pages > 100 {
			w.Fatalf("transactions, page %d: %v", pages, err)
		}
		if all = append(all, page.Transactions...); page.Next == "" {
			return all, pages
		}
		after = page.Next
	}
}

// movement is what must be said of one.
type movement struct {
	Cancel bool
	Amount money.Amount
}

func testTransactions(t *testing.T, h Harness) {
	w := newWorld(t, h)
	if !w.Capabilities().Lists {
		return
	}
	want := map[string][]movement{}
	for i := range 5 {
		a, r := w.bought(goodCard)
		want[a.order.ID] = []movement{{false, price}}
		if i == 0 {
			w.cancel(cancellation(a, r))
			want[a.order.ID] = append(want[a.order.ID], movement{true, price})
		}
	}
	ways := w.ways()
	declined := ways[len(ways)-1].prepare(w, cardOf(1)) // a page of the vendor's own may not let such a card go on
	w.try(declined)
	from, until := time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	all, pages := w.listed(from, until)
	got, ids := map[string][]movement{}, map[string]bool{}
	last := from
	for _, m := range all {
		got[m.OrderID] = append(got[m.OrderID], movement{m.Cancel, m.Amount})
		if ids[m.ID] || m.ID == "" || m.Ref == "" || m.At.Before(last) || m.At.Location() != time.UTC {
			t.Errorf("movement: got %+v, want one with an id of its own, oldest first", m)
		}
		ids[m.ID], last = true, m.At
	}
	if diff := cmp.Diff(want, got); diff != "" || pages < 2 {
		t.Errorf("%d pages (-want +got):\n%s", pages, diff)
	}
	if all, _ := w.listed(until, until.Add(time.Hour)); len(all) > 0 {
		t.Errorf("of a period to come: got %+v", all)
	}
	for _, how := range broken {
		w.line.mark(everyRequest, how)
		if page, err := w.Transactions(t.Context(), from, until, ""); err == nil {
			t.Errorf("%v: got %+v, want an error", how, page)
		}
	}
}

func testReceipts(t *testing.T, h Harness) {
	w := newWorld(t, h)
	if !w.Capabilities().CashReceipts {
		return
	}
	r := payment.CashReceipt{OrderID: newOrder(payment.Card).ID, OrderName: "크레딧 충전", Key: newKey(), Amount: price, Identity: "01012345678"}
	issued, again := w.Receipt(t.Context(), r), w.Receipt(t.Context(), r)
	if issued.State != payment.Paid || issued.Ref == "" || issued != again {
		t.Fatalf("issued: got %+v, then %+v, want the same", issued, again)
	}
	back := payment.CashReceipt{OrderID: r.OrderID, Ref: issued.Ref, Amount: 1000 * money.Won, Key: newKey()}
	if got := w.TakeBack(t.Context(), back); got.State != payment.Cancelled || got.Ref == "" {
		t.Errorf("take a part back: got %+v", got)
	}
	back.Key, back.Amount = newKey(), 0
	if got := w.TakeBack(t.Context(), back); got.State != payment.Cancelled {
		t.Errorf("take the rest back: got %+v", got)
	}
	back.Key = newKey()
	if got := w.TakeBack(t.Context(), back); got.State != payment.Failed || got.Reason == "" {
		t.Errorf("take nothing back: got %+v", got)
	}
	r.Key, r.Business, r.Identity = newKey(), true, "1208147521"
	if got := w.Receipt(t.Context(), r); got.State != payment.Paid {
		t.Errorf("of a business: got %+v", got)
	}
	r.Key = newKey()
	w.line.mark(everyRequest, cutAfter)
	if got := w.Receipt(t.Context(), r); got.State != payment.Unknown {
		t.Errorf("cut: got %+v, want it unknown", got)
	}
}
