package billing

import (
	"context"
	"testing"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/payment"
	"creditmsg/internal/site"
)

// TestWhatIsSaidOfASiteThatAnotherProcessErasedMovesNothing has a process that remembers the key
// of a site which another one has erased.
func TestWhatIsSaidOfASiteThatAnotherProcessErasedMovesNothing(t *testing.T) {
	each(t, func(w *world) {
		failed, paid := w.begin(w.request(payment.Card, 10_000*won)), w.paid(20_000*won)
		says := func(state payment.State) error {
			_, err := w.s.conclude(context.Background(), &row{Payment: failed}, payment.Result{State: state, Amount: failed.Total}, nil)
			return err
		}
		w.must(says(payment.Failed))
		before := w.account()
		w.do(func(tx *db.Tx) error { return site.Erase(tx, site.NewKeys(w.d, nil), "demo") })
		if err := says(payment.Paid); !fault.Is(err, fault.Conflict) {
			w.t.Errorf("its payment is said to be paid: got %v, want a conflict", err)
		}
		if _, err := w.s.Cancel(context.Background(), CancelRequest{Site: "demo", Payment: paid.ID, Reason: "x"}); !fault.Is(err, fault.Conflict) {
			w.t.Errorf("its payment is cancelled: got %v, want a conflict", err)
		}
		if after := w.account(); after != before {
			w.t.Errorf("its account is %+v, was %+v", after, before)
		}
	})
}
