package paper

import (
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
)

var update = flag.Bool("update", false, "write the golden files anew")

// receipt makes the receipt of a payment of the site demo.
func (w *world) receipt(of id.ID) (r *Receipt, err error) {
	rerr := w.d.Snapshot(w.t.Context(), "test", func(tx *db.Tx) error {
		r, err = w.papers.Receipt(tx, "demo", of)
		return nil
	})
	w.must(rerr)
	return r, err
}

func TestAReceiptSaysWhatWasChargedAndWhatWentBack(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.profiles()
		p := w.record(1000 * won)
		first, second := w.cancel(p, 5*won), w.cancel(p, 5*won)
		r, err := w.receipt(p.ID)
		w.must(err)
		day := korea.Day(p.PaidAt.Time())
		want := &Receipt{Payment: p.ID.Text(id.Payment), Site: "demo", Status: "partially_cancelled", PaidOn: day, Item: receiptItem, Method: "transfer",
			Supplier: &Party{BusinessNumber: "1248100998", Name: "메시지 주식회사"}, Customer: &Party{Name: "=cmd|x"}, Charged: taxedBy(1000, 100),
			Cancellations: []GivenBack{{first.ID.Text(id.Cancel), korea.Day(first.CreatedAt.Time()), taxedBy(-5, -1)}, {second.ID.Text(id.Cancel), korea.Day(second.CreatedAt.Time()), taxedBy(-5, 0)}},
			Cancelled:     taxedBy(-10, -1), Remaining: taxedBy(990, 99)}
		if diff := cmp.Diff(want, r); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		w.cancel(p, 990*won)
		if r, err := w.receipt(p.ID); err != nil || r.Status != "cancelled" || r.Remaining != (Total{}) {
			t.Errorf("all is given back: %+v, %v", r, err)
		}
		if _, err := w.receipt(id.New()); !fault.Is(err, fault.NotFound) {
			t.Errorf("no payment: %v", err)
		}
	})
}

func TestAReceiptAsAPageIsPrintedAsItAlwaysWas(t *testing.T) {
	r := &Receipt{Payment: "pay_1", Site: "demo", Status: "partially_cancelled", PaidOn: "2026-12-01", Item: receiptItem, Method: "virtual_account",
		Means: "국민은행", SlipURL: "https://receipt.example/1?a=b&c", CashReceipt: &CashReceipt{"issued", 880 * won, "CR-1", "javascript:alert(1)"},
		Supplier: &Party{"1248100998", "메시지 주식회사", "김대표", "서울시"}, Customer: &Party{Name: "<script>꽃집</script>"},
		Charged: taxedBy(1000, 100), Cancellations: []GivenBack{{"pcn_1", "2026-12-03", taxedBy(-200, -20)}}, Cancelled: taxedBy(-200, -20), Remaining: taxedBy(800, 80)}
	got, err := r.In(HTML)
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("testdata/receipt.html", got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/receipt.html")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, bad := range []string{"<script", "href=\"javascript", "src=", "@import", "url("} {
		if strings.Contains(string(got), bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	text, err := r.In(JSON)
	if err != nil || !json.Valid(text) {
		t.Errorf("%s, %v", text, err)
	}
	if _, err := r.In("pdf"); !fault.Is(err, fault.Invalid) {
		t.Errorf("as pdf: %v", err)
	}
}
