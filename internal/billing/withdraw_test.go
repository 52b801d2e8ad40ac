package billing

import (
	"context"
	"slices"
	"testing"
	"time"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
	"creditmsg/internal/payment"
	"creditmsg/internal/queue"
)

var (
	asker    = Person{Token: id.New()}
	approver = Person{Token: id.New()}
	account  = &payment.BankAccount{Bank: "20", Number: "1002123456789", Holder: "홍길동"}
)

func (w *world) wants(amount money.Amount, to *payment.BankAccount) (out Withdrawal, err error) {
	w.t.Helper()
	err = w.d.Update(context.Background(), "test", func(tx *db.Tx) (err error) {
		out, err = w.s.Withdraw(tx, WithdrawalRequest{Site: "demo", Amount: amount, Reason: "계약 종료", To: to, By: asker})
		return err
	})
	return out, err
}

func (w *world) approve(of id.ID, by Person) (out Withdrawal, err error) {
	err = w.d.Update(context.Background(), "test", func(tx *db.Tx) (err error) {
		out, err = w.s.ApproveWithdrawal(tx, "demo", of, by)
		return err
	})
	return out, err
}

func (w *world) withdrawn(of id.ID) (out Withdrawal, all []Cancellation) {
	w.t.Helper()
	w.view(func(tx *db.Tx) (err error) { out, all, err = w.s.Withdrawal(tx, "demo", of); return err })
	return out, all
}

// withTerms runs a test on every engine, where a fee of 5 % is kept.
func withTerms(t *testing.T, test func(w *world)) {
	for _, engine := range dbtest.Engines() {
		t.Run(engine, func(t *testing.T) {
			test(newWorld(t, engine, Options{Withdrawal: WithdrawalTerms{FeePercent: 5}, Bonus: []Tier{{From: 40_000 * won, Percent: 10}}}))
		})
	}
}

// recorded is a payment that the operator booked himself.
func (w *world) recorded(amount money.Amount) (p Payment) {
	w.t.Helper()
	w.do(func(tx *db.Tx) (err error) {
		p, _, err = w.s.Record(tx, Recording{Site: "demo", Amount: amount})
		return err
	})
	return p
}

func TestAnApprovedWithdrawalGivesTheNewestPaymentsBackAndKeepsItsFee(t *testing.T) {
	withTerms(t, func(w *world) {
		old := w.recorded(30_000 * won)
		first, second := w.paid(50_000*won), w.paid(20_000*won)
		w.give(7_000 * won) // which nobody paid for here
		w.holds(112_000 * won)
		_, err := w.wants(60_000*won+won/2, account)
		refused(t, "a fraction", err, fault.CodeValidation, "/amount")
		_, err = w.wants(100_001*won, account)
		refused(t, "more than was paid", err, fault.CodeCancelExceeds, "")
		if got := fault.Of(err).Extra["cancellable"]; got != 100_000*won {
			t.Errorf("can be withdrawn: got %v", got)
		}
		_, err = w.wants(0, nil)
		refused(t, "all of it, and nowhere to", err, fault.CodeValidation, "/to")
		asked, err := w.wants(80_000*won, account)
		w.must(err)
		if asked.Fee != 4_000*won || asked.Total != (76_000+7_600)*won || asked.State != WithdrawalRequested {
			t.Errorf("asked: got %+v", asked)
		}
		w.holds(112_000 * won)
		_, err = w.wants(1_000*won, nil)
		refused(t, "a second one", err, fault.CodeStateConflict, "")
		_, err = w.approve(asked.ID, asker)
		refused(t, "by who asked", err, fault.CodeForbidden, "")
		done, err := w.approve(asked.ID, approver)
		w.must(err)
		// The oldest gives the fee and 6,000, the two cards go back whole with all of the bonus.
		w.holds((112_000 - 80_000 - 5_000) * won)
		if done.State != WithdrawalApproved || done.Total != asked.Total {
			t.Errorf("approved: got %+v", done)
		}
		w.drain()
		now, all := w.withdrawn(asked.ID)
		if now.State != WithdrawalApproved || now.Returned != 77_000*won || len(all) != 3 || all[2].State != CancelTransfer || *all[2].To != *account {
			t.Errorf("by hand: got %+v and %+v", now, all)
		}
		if got := [][]string{w.takings(first), w.takings(second)}; !slices.Equal(got[0], []string{"55000-55000"}) || !slices.Equal(got[1], []string{"22000-22000"}) {
			t.Errorf("given back: got %v", got)
		}
		_, err = w.s.GivenBack(context.Background(), "demo", old.ID, all[2].ID)
		w.must(err)
		again, err := w.approve(asked.ID, approver)
		w.must(err)
		if again.State != WithdrawalDone || again.Returned != again.Total || again.DoneAt == 0 || again.Decider != approver || again.Asker != asker {
			t.Errorf("done: got %+v", again)
		}
		if got := w.events("withdrawal."); !slices.Equal(got, []string{"withdrawal.requested", "withdrawal.approved", "withdrawal.done"}) {
			t.Errorf("events: got %v", got)
		}
		w.proven()
		next, err := w.wants(0, account) // all that is left of what was paid
		w.must(err)
		if next.Amount != 20_000*won {
			t.Errorf("the rest: got %s", next.Amount)
		}
	})
}

func TestCreditThatWasSpentMeanwhileLetsAllOfAWithdrawalBe(t *testing.T) {
	each(t, func(w *world) {
		first, second := w.paid(50_000*won), w.paid(20_000*won)
		asked, err := w.wants(0, nil)
		w.must(err)
		w.spend(1_000 * won)
		_, err = w.approve(asked.ID, approver)
		refused(w.t, "spent", err, fault.CodeCancelExceeds, "")
		if got := fault.Of(err).Extra["cancellable"]; got != 69_000*won {
			w.t.Errorf("can be withdrawn: got %v", got)
		}
		w.drain()
		w.holds(69_000 * won)
		if got := append(w.takings(first), w.takings(second)...); !slices.Equal(got, []string{"55000-0", "22000-0"}) {
			w.t.Errorf("given back: got %v", got)
		}
		w.proven()
	})
}

func TestAWithdrawalIsRejectedOrTakenBackWhileNobodyHasApproved(t *testing.T) {
	each(t, func(w *world) {
		w.paid(50_000 * won)
		for i, end := range []func(tx *db.Tx, of id.ID) (Withdrawal, error){
			func(tx *db.Tx, of id.ID) (Withdrawal, error) {
				return w.s.RejectWithdrawal(tx, "demo", of, approver, "계약 기간 중")
			},
			func(tx *db.Tx, of id.ID) (Withdrawal, error) { return w.s.TakeBackWithdrawal(tx, "demo", of, asker) },
		} {
			asked, err := w.wants(0, nil)
			w.must(err)
			for range 2 { // repeating it changes nothing
				w.do(func(tx *db.Tx) error { _, err := end(tx, asked.ID); return err })
			}
			want := []WithdrawalState{WithdrawalRejected, WithdrawalCancelled}[i]
			if got, _ := w.withdrawn(asked.ID); got.State != want || got.DoneAt == 0 {
				w.t.Errorf("got %+v, want %s", got, want)
			}
			_, err = w.approve(asked.ID, approver)
			refused(w.t, "approved after that", err, fault.CodeStateConflict, "")
		}
		asked, err := w.wants(0, nil)
		w.must(err)
		_, err = w.approve(asked.ID, approver)
		w.must(err)
		err = w.d.Update(context.Background(), "test", func(tx *db.Tx) error {
			_, err := w.s.TakeBackWithdrawal(tx, "demo", asked.ID, asker)
			return err
		})
		refused(w.t, "taken back after it was approved", err, fault.CodeStateConflict, "")
		_, err = w.approve(id.New(), approver)
		refused(w.t, "nobody's", err, fault.CodeNotFound, "")
		if got := w.events("withdrawal."); len(got) != 6 {
			w.t.Errorf("events: got %v", got)
		}
	})
}

func TestWhatAGatewayRefusesIsRestoredWithItsPartOfTheFeeOrGoesByHand(t *testing.T) {
	withTerms(t, func(w *world) {
		never, fine := w.charge(w.stored(card(20)), 30_000*won), w.paid(10_000*won)
		asked, err := w.wants(0, nil)
		w.must(err)
		_, err = w.approve(asked.ID, approver)
		w.must(err)
		w.holds(0)
		w.drain()
		got, _ := w.withdrawn(asked.ID)
		// 28,000 of the 38,000 are refused, with 1,473.68… of the fee of 2,000.
		if got.State != WithdrawalPartiallyDone || got.Returned != 11_000*won || got.FeeBack != 1_473*won {
			t.Errorf("partly: got %+v", got)
		}
		w.holds(29_473 * won)
		if got := append(w.takings(never), w.takings(fine)...); !slices.Equal(got, []string{"33000-0", "11000-11000"}) {
			t.Errorf("given back: got %v", got)
		}
		// The account that is named now is where the operator transfers it to.
		asked, err = w.wants(0, account)
		w.must(err)
		_, err = w.approve(asked.ID, approver)
		w.must(err)
		w.drain()
		_, all := w.withdrawn(asked.ID)
		if len(all) != 1 || all[0].State != CancelTransfer || !all[0].ByHand || all[0].To == nil || all[0].Reason != payment.NotCancellable {
			t.Errorf("by hand: got %+v", all)
		}
		_, err = w.s.GivenBack(context.Background(), "demo", never.ID, all[0].ID)
		w.must(err)
		w.ask(never) // the gateway knows nothing of it
		if got, _ := w.withdrawn(asked.ID); got.State != WithdrawalDone || got.Returned != got.Total || got.Amount != 28_000*won {
			t.Errorf("done: got %+v", got)
		}
		w.holds(1_473 * won)
		w.proven()
		_, err = w.wants(0, account)
		refused(t, "nobody paid for what is left", err, fault.CodeCancelExceeds, "")
	})
}

func TestAWithdrawalAllOfWhichIsRefusedHasFailed(t *testing.T) {
	w := newWorld(t, "sqlite", Options{Withdrawal: WithdrawalTerms{FeePercent: 3}})
	w.charge(w.stored(card(20)), 30_000*won)
	asked, err := w.wants(10_033*won, nil)
	w.must(err)
	_, err = w.approve(asked.ID, approver)
	w.must(err)
	w.drain()
	if got, _ := w.withdrawn(asked.ID); got.State != WithdrawalFailed || got.Fee != 300*won || got.FeeBack != 300*won || got.Returned != 0 {
		t.Errorf("got %+v", got)
	}
	w.holds(30_000 * won)
	w.proven()
}

func TestAWorkerThatDiesLeavesAWithdrawalThatAnotherOneEnds(t *testing.T) {
	each(t, func(w *world) {
		first, second := w.paid(50_000*won), w.paid(20_000*won)
		asked, err := w.wants(0, nil)
		w.must(err)
		_, err = w.approve(asked.ID, approver)
		w.must(err)
		// One takes the withdrawal's job and dies before it does anything, and one has money
		// given back and dies before it reads the answer.
		for _, kind := range []string{kindWithdrawal, kindPayment} {
			jobs, err := w.queue.Claim(context.Background(), queue.Default, []string{kind}, 1)
			w.must(err)
			if kind == kindPayment {
				ctx, die := context.WithCancel(context.Background())
				w.dies.Store(&die)
				w.deaf.Store(true)
				_ = w.s.work(ctx, jobs[0])
				w.deaf.Store(false)
				w.dies.Store(nil)
			} else {
				w.forward(time.Hour) // its lease ends
				jobs, err = w.queue.Claim(context.Background(), queue.Default, []string{kind}, 1)
				w.must(err)
				w.must(w.s.sending(context.Background(), jobs[0]))
			}
		}
		w.pass(time.Hour)
		if got, _ := w.withdrawn(asked.ID); got.State != WithdrawalDone || got.Returned != 77_000*won {
			w.t.Errorf("got %+v", got)
		}
		if got := append(w.takings(first), w.takings(second)...); !slices.Equal(got, []string{"55000-55000", "22000-22000"}) {
			w.t.Errorf("given back: got %v", got)
		}
		w.proven()
	})
}

func TestAWithdrawalDoesNotHaveTheCardChargedAgain(t *testing.T) {
	w := newWorld(t, "sqlite", Options{})
	c := w.stored(card(0))
	w.charge(c, 50_000*won)
	rule := Rule{Enabled: true, Threshold: 10_000 * won, Amount: 20_000 * won, Card: c.ID}
	w.do(func(tx *db.Tx) error { _, err := w.s.SetRule(tx, "demo", rule); return err })
	_, err := w.wants(0, nil)
	refused(t, "below the threshold", err, fault.CodeStateConflict, "")
	_, err = w.wants(40_000*won, nil)
	w.must(err)
}

func TestTheBonusThatGoesWithAWithdrawalDoesNotHaveTheCardChargedEither(t *testing.T) {
	withTerms(t, func(w *world) {
		w.stored(card(0))
		w.do(func(tx *db.Tx) error {
			_, err := w.s.SetRule(tx, "demo", Rule{Enabled: true, Threshold: 3_000 * won, Amount: 30_000 * won})
			return err
		})
		w.drain()
		w.paid(50_000 * won) // with 5,000 of bonus
		before := w.account().Available
		asked, err := w.wants(before-7_500*won, account)
		w.must(err)
		_, err = w.approve(asked.ID, approver)
		refused(t, "with its bonus", err, fault.CodeStateConflict, "")
		w.drain()
		w.holds(before)
		w.proven()
	})
}

func TestWhatIsBelowTheLeastIsNotWithdrawn(t *testing.T) {
	w := newWorld(t, "sqlite", Options{Withdrawal: WithdrawalTerms{Least: 5_000 * won}})
	w.paid(7_000 * won)
	_, err := w.wants(4_999*won, nil)
	refused(t, "less", err, fault.CodeValidation, "/amount")
	_, err = w.wants(0, &payment.BankAccount{Bank: "20", Number: "12a", Holder: "홍"})
	refused(t, "an account with a letter", err, fault.CodeValidation, "/to")
	w.spend(2_001 * won)
	_, err = w.wants(0, nil)
	refused(t, "less is left", err, fault.CodeCancelExceeds, "")
	if got := fault.Of(err).Extra["cancellable"]; got != 4_999*won {
		t.Errorf("can be withdrawn: got %v", got)
	}
	w.holds(4_999 * won)
}

func TestWhatIsUnderWayOrGoneAlreadyIsNotWithdrawn(t *testing.T) {
	each(t, func(w *world) {
		repays, gone := w.paid(30_000*won), w.paid(50_000*won)
		message := id.New()
		w.do(func(tx *db.Tx) error {
			_, err := w.ledger.Reserve(tx, []credit.Hold{{Site: "demo", Message: message, Amount: 80_000 * won}})
			return err
		})
		w.giveBackAtGateway(gone, 33_000) // of what is held: it is owed until it is released
		w.ask(gone)
		w.do(func(tx *db.Tx) error {
			return w.ledger.Settle(tx, []credit.Settlement{{Site: "demo", Message: message, Released: 80_000 * won}})
		})
		busy := w.paid(20_000 * won)
		w.holds(70_000 * won) // the oldest has repaid it, so this one's lot has more than its payment
		_, err := w.cancel(busy, 1_000*won)
		w.must(err)
		_, err = w.cancel(gone, 20_001*won)
		refused(w.t, "more than the payment has", err, fault.CodeCancelExceeds, "")
		if got := fault.Of(err).Extra["cancellable"]; got != 20_000*won {
			w.t.Errorf("can be cancelled: got %v", got)
		}
		asked, err := w.wants(0, nil)
		w.must(err)
		if asked.Amount != 20_000*won || asked.Total != 22_000*won {
			w.t.Errorf("asked: got %+v", asked)
		}
		_, err = w.approve(asked.ID, approver)
		w.must(err)
		w.drain()
		if got, _ := w.withdrawn(asked.ID); got.State != WithdrawalDone {
			w.t.Errorf("got %+v", got)
		}
		if got := slices.Concat(w.takings(repays), w.takings(gone), w.takings(busy)); !slices.Equal(got, []string{"33000-0", "55000-55000", "22000-1100"}) {
			w.t.Errorf("given back: got %v", got)
		}
	})
}
