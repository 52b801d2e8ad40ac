package billing

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/payment"
)

func TestSalesAreWhatBecameCreditAndWhatWentBackOfIt(t *testing.T) {
	each(t, func(w *world) {
		card := w.paid(10_000 * won)
		w.forward(time.Hour)
		bank := w.begin(w.request(payment.Transfer, 20_000*won))
		bank, err := w.s.Arrived(context.Background(), "demo", bank.ID)
		w.must(err)
		w.forward(time.Hour)
		back, err := w.s.Cancel(context.Background(), CancelRequest{Site: "demo", Payment: bank.ID, Amount: 5 * won, Reason: "x"})
		w.must(err)
		w.forward(time.Hour)
		_, err = w.s.GivenBack(context.Background(), "demo", bank.ID, back.ID) // which moves nothing any more
		w.must(err)
		r := w.request(payment.Transfer, 3_000*won)
		r.Receipt = &CashReceipt{Identity: "01012345678"}
		wanting := w.begin(r)
		w.begin(r) // which never comes
		wanting, err = w.s.Arrived(context.Background(), "demo", wanting.ID)
		w.must(err)
		want := []Sale{
			{Payment: card.ID, Time: 1, At: card.PaidAt, Supply: 10_000 * won, VAT: 1_000 * won, Slip: true},
			{Payment: bank.ID, Time: 1, At: bank.PaidAt, Supply: 20_000 * won, VAT: 2_000 * won,
				Backs: []Back{{back.ID, back.CreatedAt, 5 * won, 1 * won}}},
			{Payment: wanting.ID, Time: 1, At: wanting.PaidAt, Supply: 3_000 * won, VAT: 300 * won, Receipt: true},
		}
		for until, n := range map[db.Time]int{wanting.PaidAt + 1: 3, wanting.PaidAt: 2, back.CreatedAt + 1: 2, bank.PaidAt: 1, card.PaidAt: 0} {
			w.view(func(tx *dbTx) error {
				got, err := w.s.Sales(tx, "demo", until)
				if diff := cmp.Diff(want[:n], append([]Sale{}, got...)); diff != "" {
					w.t.Errorf("before %d (-want +got):\n%s", until, diff)
				}
				return err
			})
		}
		w.view(func(tx *dbTx) error {
			got, err := w.s.Sales(tx, "demo", back.CreatedAt)
			if len(got) != 2 || got[1].Backs != nil {
				w.t.Errorf("before it went back: %+v", got)
			}
			return err
		})
	})
}

func TestATransferThatItsBankTookBackIsSoldAgainWhenItComesAgain(t *testing.T) {
	w := newWorld(t, "sqlite", Options{})
	p := w.begin(w.request(payment.VirtualAccount, 30_000*won))
	var at []db.Time
	for _, said := range []payment.State{payment.Paid, payment.Waiting, payment.Paid} {
		w.forward(24 * time.Hour)
		row := w.row(p)
		now, err := w.s.conclude(context.Background(), row, payment.Result{State: said, Amount: p.Total}, nil)
		w.must(err)
		at = append(at, db.At(time.UnixMicro(w.now.Load())))
		if now.State.Credited() != (said == payment.Paid) {
			t.Fatalf("%s: %+v", said, now)
		}
	}
	w.forward(time.Hour)
	again, err := w.s.Cancel(context.Background(), CancelRequest{Site: "demo", Payment: p.ID, Amount: 10 * won, Reason: "x", ByHand: true})
	w.must(err)
	back := w.cancellations(p.ID)[0]
	want := []Sale{
		{Payment: p.ID, Time: 1, At: at[0], Supply: 30_000 * won, VAT: 3_000 * won, Backs: []Back{{back.ID, at[1], 30_000 * won, 3_000 * won}}},
		{Payment: p.ID, Time: 2, At: at[2], Supply: 30_000 * won, VAT: 3_000 * won, Backs: []Back{{again.ID, again.CreatedAt, 10 * won, won}}},
	}
	w.view(func(tx *dbTx) error {
		got, err := w.s.Sales(tx, "demo", again.CreatedAt+1)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		return err
	})
	w.view(func(tx *dbTx) error { // as it stood while its bank had it back
		got, err := w.s.Sales(tx, "demo", at[2])
		if diff := cmp.Diff(want[:1], got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		return err
	})
}

func TestTheSalesOfASiteWhoseDataWasErasedAreStillThere(t *testing.T) {
	w := newWorld(t, "sqlite", Options{})
	p := &row{times: 1, sealed: []byte{1, 2, 3}, Payment: Payment{Site: "ghost", ID: id.New(), Gateway: Recorded, Method: payment.Transfer, State: Paid,
		Amount: 10 * won, VAT: won, Total: 11 * won, PaidAt: 1, CreatedAt: 1}}
	w.do(p.insert)
	w.view(func(tx *dbTx) error {
		got, err := w.s.Sales(tx, "ghost", 2)
		if diff := cmp.Diff([]Sale{{Payment: p.ID, Time: 1, At: 1, Supply: 10 * won, VAT: won}}, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		return err
	})
}

// row is a payment as it is stored.
func (w *world) row(p Payment) (out *row) {
	w.t.Helper()
	w.view(func(tx *dbTx) (err error) { out, err = w.s.find(tx, p.Site, p.ID, false); return err })
	return out
}
