package billing

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
)

// TestAWithdrawalApprovedWhileSendsHoldCreditIsWholeOrNothing lets 32 sends hold credit while
// it is approved: together they are more than the site has.
func TestAWithdrawalApprovedWhileSendsHoldCreditIsWholeOrNothing(t *testing.T) {
	each(t, func(w *world) {
		paid := []Payment{w.paid(30_000 * won), w.paid(30_000 * won)}
		w.do(func(tx *db.Tx) error {
			return credit.SetPrices(tx, "demo", map[provider.Channel]money.Amount{provider.SMS: 1_000 * won}, 0)
		})
		asked, err := w.wants(40_000*won, nil)
		w.must(err)
		const sends = 32
		start, errs := make(chan struct{}), make(chan error, sends+1)
		var held [sends]bool
		var crowd sync.WaitGroup
		for i := range sends {
			crowd.Go(func() {
				<-start
				errs <- w.d.Update(context.Background(), "test_hold", func(tx *db.Tx) error {
					no, err := w.ledger.Reserve(tx, []credit.Hold{{Site: "demo", Message: id.New(), Amount: 1_000 * won}})
					held[i] = err == nil && no[0] == nil
					return err
				})
			})
		}
		crowd.Go(func() {
			<-start
			_, approved := w.approve(asked.ID, approver)
			if approved != nil && fault.Of(approved).Code != fault.CodeCancelExceeds {
				errs <- approved
			}
			errs <- nil
		})
		close(start)
		crowd.Wait()
		close(errs)
		for err := range errs {
			w.must(err)
		}
		holds := money.Amount(0)
		for _, yes := range held {
			if yes {
				holds += 1_000 * won
			}
		}
		got, all := w.withdrawn(asked.ID)
		a := w.account()
		switch {
		case got.State == WithdrawalApproved && len(all) == 2 && a.Available == 20_000*won-holds:
		case got.State == WithdrawalRequested && len(all) == 0 && a.Available == 60_000*won-holds:
		default:
			w.t.Errorf("got %+v with %d cancellations, account %+v", got, len(all), a)
		}
		if a.Available < 0 || a.Held != holds {
			w.t.Errorf("account: got %+v, want %s held", a, holds)
		}
		w.drain()
		back := money.Amount(0)
		for _, p := range paid {
			back += w.payment(p.ID).Returned
		}
		if want := got.Total; got.State == WithdrawalApproved && back != want || got.State == WithdrawalRequested && back != 0 {
			w.t.Errorf("given back %s, want all of %s or nothing", back, want)
		}
	})
}

func TestAWithdrawalThatManyApproveAtOnceIsMadeOnce(t *testing.T) {
	each(t, func(w *world) {
		p, q := w.paid(50_000*won), w.paid(20_000*won)
		asked, err := w.wants(60_000*won, nil)
		w.must(err)
		var crowd sync.WaitGroup
		errs := make([]error, 8)
		for i := range errs {
			crowd.Go(func() {
				_, errs[i] = w.approve(asked.ID, Person{Token: id.New()})
			})
		}
		crowd.Wait()
		w.must(errors.Join(errs...))
		w.holds(10_000 * won)
		w.drain()
		if got, all := w.withdrawn(asked.ID); got.State != WithdrawalDone || len(all) != 2 {
			w.t.Errorf("got %+v and %+v", got, all)
		}
		if got := append(w.takings(p), w.takings(q)...); !slices.Equal(got, []string{"55000-44000", "22000-22000"}) {
			w.t.Errorf("given back: got %v", got)
		}
		w.proven()
	})
}

func TestOfManyRequestsAtOnceASiteHasOne(t *testing.T) {
	each(t, func(w *world) {
		w.paid(50_000 * won)
		var crowd sync.WaitGroup
		errs := make([]error, 8)
		for i := range errs {
			crowd.Go(func() { _, errs[i] = w.wants(1_000*won, nil) })
		}
		crowd.Wait()
		made := 0
		for _, err := range errs {
			if err == nil {
				made++
			} else {
				refused(w.t, "another one", err, fault.CodeStateConflict, "")
			}
		}
		if made != 1 {
			w.t.Errorf("%d were made: %v", made, errs)
		}
	})
}
