package stripe

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/money"
	"creditmsg/internal/payment"
)

// moved is a line of the list of what was moved.
func moved(id, kind string, at int64, source string) string {
	return fmt.Sprintf(`{"id":%q,"object":"balance_transaction","type":%q,"created":%d,"amount":750,"currency":"usd","source":%s}`, id, kind, at, source)
}

func TestMovementsAreListedByTheHourTheOldestFirst(t *testing.T) {
	const from = 1_700_000_000
	charge := `{"object":"charge","currency":"krw","amount":11000,"amount_captured":11000,"payment_intent":"pi_1","metadata":{"order_id":"order-1"}}`
	refund := `{"object":"refund","currency":"krw","amount":1000,"payment_intent":"pi_1","metadata":{}}`
	dollars := `{"object":"charge","currency":"usd","amount":100,"amount_captured":100,"payment_intent":"pi_2","metadata":{}}`
	first := `{"object":"list","has_more":true,"data":[` + moved("txn_5", "refund", from+60, refund) + `,` + moved("txn_4", "payout", from+50, `"po_1"`) + `]}`
	second := listOf(moved("txn_3", "charge", from+40, dollars) + "," + moved("txn_2", "charge", from+1, charge) + "," + moved("txn_1", "charge", from, charge))
	start := time.Unix(from, 500).UTC() // half a microsecond after the first of them
	a, v := answering(t, said{200, first}, said{200, second})
	page, err := a.Transactions(t.Context(), start, start.Add(90*time.Minute), "")
	want := payment.Page{Next: fmt.Sprint(from + 3600), Transactions: []payment.Transaction{
		{ID: "txn_2", OrderID: "order-1", Ref: "pi_1", Amount: 11000 * money.Won, At: time.Unix(from+1, 0).UTC()},
		{ID: "txn_5", Ref: "pi_1", Cancel: true, Amount: 1000 * money.Won, At: time.Unix(from+60, 0).UTC()},
	}}
	if diff := cmp.Diff(want, page); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if got := flat(v.asked[1].form); got != fmt.Sprintf("created[gte]=%d created[lt]=%d expand[0]=data.source limit=100 starting_after=txn_4", from, from+3600) {
		t.Errorf("second request: got %s", got)
	}
	a, v = answering(t, said{200, nothing})
	if page, err := a.Transactions(t.Context(), start, start.Add(90*time.Minute), page.Next); err != nil || page.Next != "" {
		t.Errorf("the last page: got %+v, %v", page, err)
	}
	if got := flat(v.asked[0].form); got != fmt.Sprintf("created[gte]=%d created[lt]=%d expand[0]=data.source limit=100", from+3600, from+5401) {
		t.Errorf("last request: got %s", got)
	}
}

func TestAListThatCannotBeUnderstoodIsAnError(t *testing.T) {
	from := time.Unix(1_700_000_000, 0)
	for _, body := range []string{
		"", "{}", listOf("null"), listOf(moved("", "charge", from.Unix(), "{}")), listOf(moved("txn_1", "charge", from.Unix(), `"ch_1"`)),
		listOf(moved("txn_1", "charge", from.Unix(), "null")), listOf(moved("txn_1", "refund", from.Unix(), `{"object":"charge"}`)),
		listOf(moved("txn_1", "refund", from.Unix(), `{"object":"refund","currency":"krw","amount":0}`)), listOf(moved("txn_1", "charge", 0, "{}")),
	} {
		a, _ := answering(t, said{200, body})
		if page, err := a.Transactions(t.Context(), from, from.Add(time.Minute), ""); err == nil {
			t.Errorf("%s: got %+v, want an error", body, page)
		}
	}
	for _, after := range []string{"x", "1"} {
		a, v := answering(t, said{200, nothing})
		if page, err := a.Transactions(t.Context(), from, from.Add(time.Minute), after); err == nil || len(v.asked) > 0 {
			t.Errorf("page %s: got %+v, want an error and no request", after, page)
		}
	}
}
