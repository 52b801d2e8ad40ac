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

// used makes a message that cost so much, and gives its usage.
func (w *world) used(quantity int64, price money.Amount) (usage id.ID) {
	w.t.Helper()
	message := id.New()
	w.do(func(tx *db.Tx) error {
		no, err := w.ledger.Reserve(tx, []credit.Hold{{Site: "demo", Message: message, Amount: price * money.Amount(quantity)}})
		if err == nil && no[0] != nil {
			w.t.Fatalf("the credit does not do: %+v", no[0])
		}
		return err
	})
	w.do(func(tx *db.Tx) error {
		return w.ledger.Settle(tx, []credit.Settlement{{Site: "demo", Message: message, Delivered: []credit.Delivered{{Channel: provider.SMS, Count: quantity, Price: price}}}})
	})
	w.view(func(tx *db.Tx) error {
		list, err := w.ledger.Usages(tx, "demo", message, id.ID{}, 10)
		if err == nil {
			usage = list[0].ID
		}
		return err
	})
	return usage
}

func (w *world) wantsBack(usage id.ID, amount money.Amount) (out RefundRequest, err error) {
	err = w.d.Update(context.Background(), "test", func(tx *db.Tx) (err error) {
		out, err = w.s.AskRefund(tx, RefundOrder{Site: "demo", Usage: usage, Amount: amount, Reason: "늦은 도착", By: asker})
		return err
	})
	return out, err
}

func anyStrategy(*db.Tx, string, id.ID) (string, error) { return "sms_only", nil }

func (w *world) grants(of id.ID, by Decider) (out RefundRequest, err error) {
	err = w.d.Update(context.Background(), "test", func(tx *db.Tx) (err error) {
		out, err = w.s.ApproveRefund(tx, "demo", of, by, anyStrategy)
		return err
	})
	return out, err
}

// try gives the fault of an act.
func (w *world) try(fn func(tx *db.Tx) error) error {
	return w.d.Update(context.Background(), "test", fn)
}

// boss is somebody of the site, with an account.
var boss = Decider{Person: Person{User: id.New()}}

func TestARefundIsMadeOnceSomebodyElseApproves(t *testing.T) {
	each(t, func(w *world) {
		w.give(100 * won)
		usage := w.used(3, 10*won)
		asked, err := w.wantsBack(usage, 20*won)
		w.must(err)
		w.holds(70 * won)
		w.view(func(tx *db.Tx) error {
			found, err := w.s.Trouble(tx, Since{})
			if len(found.Refunds) != 1 || found.Refunds[0].ID != asked.ID {
				w.t.Errorf("what waits for a decision: got %+v", found.Refunds)
			}
			return err
		})
		_, err = w.wantsBack(usage, 5*won)
		refused(w.t, "another one that waits", err, fault.CodeStateConflict, "")
		_, err = w.grants(asked.ID, Decider{Person: asker, Operator: true})
		refused(w.t, "by who asked", err, fault.CodeForbidden, "")
		_, err = w.grants(asked.ID, Decider{Person: approver})
		refused(w.t, "by a program of the site", err, fault.CodeForbidden, "")
		done, err := w.grants(asked.ID, boss)
		w.must(err)
		if done.State != RefundApproved || done.Refund.IsZero() || done.Decider != boss.Person || done.DecidedAt == 0 {
			w.t.Errorf("got %+v", done)
		}
		w.holds(90 * won)
		again, err := w.grants(asked.ID, Decider{Person: approver, Operator: true})
		if w.must(err); again.Refund != done.Refund || again.Decider != boss.Person {
			w.t.Errorf("repeated: got %+v", again)
		}
		w.holds(90 * won)
		if err := w.try(func(tx *db.Tx) error { _, err := w.s.RejectRefund(tx, "demo", asked.ID, boss, "no"); return err }); fault.Of(err).Code != fault.CodeStateConflict {
			w.t.Errorf("rejected after that: %v", err)
		}
		if _, err = w.wantsBack(usage, 10*won); err != nil { // what is left
			w.t.Errorf("the rest: %v", err)
		}
		w.view(func(tx *db.Tx) error {
			got, err := w.s.RefundRequest(tx, "demo", asked.ID)
			if got.Why != "늦은 도착" || got.Asker != asker || got.Usage != usage {
				w.t.Errorf("read: got %+v", got)
			}
			if _, err := w.s.RefundRequest(tx, "other", asked.ID); !fault.Is(err, fault.NotFound) {
				w.t.Errorf("another site's: got %v", err)
			}
			return err
		})
		if got := w.events("credit.refund"); !slices.Equal(got, []string{"credit.refund_requested", "credit.refunded", "credit.refund_approved", "credit.refund_requested"}) {
			w.t.Errorf("told: got %v", got)
		}
	})
}

func TestMoreThanCanBeRefundedIsRefusedAndLeavesTheRequest(t *testing.T) {
	each(t, func(w *world) {
		w.give(100 * won)
		usage := w.used(3, 10*won)
		for amount, place := range map[money.Amount]string{0: "/amount", -won: "/amount"} {
			_, err := w.wantsBack(usage, amount)
			refused(w.t, "an amount", err, fault.CodeValidation, place)
		}
		_, err := w.wantsBack(usage, 30*won+1)
		if refused(w.t, "more than it cost", err, fault.CodeRefundExceeds, ""); fault.Of(err).Extra["refundable"] != 30*won {
			w.t.Errorf("can be refunded: got %v", fault.Of(err).Extra)
		}
		_, err = w.wantsBack(id.New(), won)
		if !fault.Is(err, fault.NotFound) {
			w.t.Errorf("no usage: got %v", err)
		}
		asked, err := w.wantsBack(usage, 30*won)
		w.must(err)
		w.do(func(tx *db.Tx) error { // somebody who may gives a part of it back by himself
			_, _, err := w.ledger.Refund(tx, credit.RefundRequest{Site: "demo", Usage: usage, Amount: won, Reason: "x", Strategy: anyStrategy})
			return err
		})
		_, err = w.grants(asked.ID, boss)
		if refused(w.t, "more than is left", err, fault.CodeRefundExceeds, ""); fault.Of(err).Extra["refundable"] != 29*won {
			w.t.Errorf("can be refunded: got %v", fault.Of(err).Extra)
		}
		w.view(func(tx *db.Tx) error {
			list, err := w.s.RefundRequests(tx, "demo", RefundRequested, id.ID{}, 10)
			if len(list) != 1 || list[0].ID != asked.ID || list[0].DecidedAt != 0 {
				w.t.Errorf("got %+v", list)
			}
			return err
		})
		w.holds(71 * won)
	})
}

func TestARequestForARefundIsTakenBackOrRejectedWithAReason(t *testing.T) {
	each(t, func(w *world) {
		w.give(100 * won)
		usage := w.used(1, 10*won)
		first, err := w.wantsBack(usage, 10*won)
		w.must(err)
		for range 2 {
			w.do(func(tx *db.Tx) error { _, err := w.s.TakeBackRefund(tx, "demo", first.ID, asker); return err })
		}
		_, err = w.grants(first.ID, boss)
		refused(w.t, "after that", err, fault.CodeStateConflict, "")
		second, err := w.wantsBack(usage, 10*won)
		w.must(err)
		reject := func(by Decider, reason string) error {
			return w.try(func(tx *db.Tx) error { _, err := w.s.RejectRefund(tx, "demo", second.ID, by, reason); return err })
		}
		refused(w.t, "without a reason", reject(boss, " "), fault.CodeValidation, "/reason")
		refused(w.t, "by who asked", reject(Decider{Person: asker, Operator: true}, "no"), fault.CodeForbidden, "")
		w.must(reject(boss, "계약 밖"))
		w.must(reject(boss, "another reason"))
		w.view(func(tx *db.Tx) error {
			got, err := w.s.RefundRequests(tx, "demo", "", id.ID{}, 10)
			if len(got) != 2 || got[0].State != RefundRejected || got[0].Decision != "계약 밖" || got[1].State != RefundCancelled {
				w.t.Errorf("got %+v", got)
			}
			next, err2 := w.s.RefundRequests(tx, "", "", second.ID, 10)
			if len(next) != 1 || next[0].ID != first.ID {
				w.t.Errorf("the next page: got %+v", next)
			}
			return errors.Join(err, err2)
		})
		w.holds(90 * won)
	})
}

func TestOfManyWhoApproveAndAskAtOnceOneDoes(t *testing.T) {
	each(t, func(w *world) {
		w.give(100 * won)
		usage := w.used(4, 10*won)
		var crowd sync.WaitGroup
		asked := make([]RefundRequest, 8)
		errs := make([]error, 8)
		for i := range errs {
			crowd.Go(func() { asked[i], errs[i] = w.wantsBack(usage, 15*won) })
		}
		crowd.Wait()
		var made []RefundRequest
		for i, err := range errs {
			if err == nil {
				made = append(made, asked[i])
			} else {
				refused(w.t, "another one", err, fault.CodeStateConflict, "")
			}
		}
		if len(made) != 1 {
			w.t.Fatalf("%d were made: %v", len(made), errs)
		}
		for i := range errs {
			crowd.Go(func() { _, errs[i] = w.grants(made[0].ID, Decider{Person: Person{User: id.New()}}) })
		}
		crowd.Wait()
		w.must(errors.Join(errs...))
		w.holds(75 * won)
	})
}
