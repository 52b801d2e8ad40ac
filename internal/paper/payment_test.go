package paper

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"creditmsg/internal/billing"
	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
)

// record books a payment of the site demo without a gateway.
func (w *world) record(amount money.Amount) (p billing.Payment) {
	w.t.Helper()
	w.do(func(tx *db.Tx) (err error) {
		p, _, err = w.billing.Record(tx, billing.Recording{Site: "demo", Amount: amount, Note: "현금"})
		return err
	})
	return p
}

func (w *world) cancel(p billing.Payment, amount money.Amount) billing.Cancellation {
	w.t.Helper()
	c, err := w.billing.Cancel(w.t.Context(), billing.CancelRequest{Site: "demo", Payment: p.ID, Amount: amount, Reason: "고객 요청"})
	w.must(err)
	return c
}

func TestPaymentsInAStatementHaveTheVATThatWasCharged(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.add(credit.TopUp{Kind: credit.Payment, Amount: 10_005_000, Ref: "pay_3"}) // no payment stands behind it
		p := w.record(1000 * won)
		var cancels []string
		for range 3 { // half a won of VAT each: all of them together have one and a half, rounded once
			cancels = append(cancels, w.cancel(p, 5*won).ID.Text(id.Cancel))
		}
		s, text := w.statement(w.month(0))
		type row struct {
			Cancel    string
			FromEntry bool
			Total
		}
		var got []row
		for _, p := range s.Payments {
			got = append(got, row{p.Cancel, p.FromEntry, p.Total})
		}
		want := []row{
			{"", true, Total{10_005_000, 1_000_000, 11_005_000}}, {"", false, taxedBy(1000, 100)},
			{cancels[0], false, taxedBy(-5, -1)}, {cancels[1], false, taxedBy(-5, 0)}, {cancels[2], false, taxedBy(-5, -1)},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		for _, r := range []Range{{Format: NDJSON}, {Format: CSV}} {
			if c := verified(t, text, w.export(w.month(0), r), w.publicKey()); !c.OK {
				t.Errorf("with entries as %s: %+v", r.Format, c)
			}
		}
		csv, err := s.In(CSV)
		w.must(err)
		if !strings.Contains(string(csv), ",부가세는 원장 금액으로 계산\r\n") || !strings.Contains(string(csv), ","+cancels[1]+"\r\n") {
			t.Errorf("it says nothing of where VAT comes from:\n%s", csv)
		}
	})
}

// TestPaymentsOfRandomMonthsAddUp holds statements to the payments that they are made of.
func TestPaymentsOfRandomMonthsAddUp(t *testing.T) {
	w := onSQLite(t)
	var want Total
	rapid.Check(t, func(rt *rapid.T) {
		amount := money.Amount(rapid.Int64Range(1, 100_000).Draw(rt, "amount"))
		p := w.record(amount * won)
		for left := amount; left > 0 && rapid.Bool().Draw(rt, "cancel"); {
			part := money.Amount(rapid.Int64Range(1, int64(left)).Draw(rt, "part"))
			w.cancel(p, part*won)
			left -= part
		}
		w.must(w.d.View(t.Context(), "test", func(tx *db.Tx) (err error) { p, _, err = w.billing.Find(tx, "demo", p.ID); return err }))
		supply := p.Amount - p.Cancelled
		want.add(Total{signed(supply), signed(p.Total - p.Returned - supply), signed(p.Total - p.Returned)})
		s, _ := w.statement(w.month(0))
		if s.PaymentTotal != want {
			rt.Fatalf("the statement says %+v, the payments %+v", s.PaymentTotal, want)
		}
	})
}

func TestAPaymentWithoutAnEntryIsVATAloneAndStandsAtTheEnd(t *testing.T) {
	w := onSQLite(t)
	alone := func(s *Statement) {
		p := Payment{At: s.Payments[0].At, Kind: "payment_cancel", Ref: "pay_2", Cancel: "pcn_1", Total: Total{0, signed(-won), signed(-won)}}
		s.Payments = append(s.Payments, p)
		s.PaymentTotal.add(p.Total)
	}
	entries := w.export(w.month(3), Range{})
	if c := verified(t, resigned(t, w, alone), entries); !c.OK {
		t.Errorf("got %+v", c)
	}
	for want, change := range map[string]func(*Statement){
		"of VAT is not":               func(s *Statement) { s.Payments[3].VAT, s.Payments[3].Total.Total = signed(won), signed(won) },
		"stands in the wrong place":   func(s *Statement) { s.Payments[2], s.Payments[3] = s.Payments[3], s.Payments[2] },
		"payment of entry 1: 100000.": func(s *Statement) { s.Payments[0].VAT++ },
	} {
		if c := verified(t, resigned(t, w, func(s *Statement) { alone(s); change(s) }), nil); c.OK || !strings.Contains(c.Wrong, want) {
			t.Errorf("got %+v, want %q", c, want)
		}
	}
}
