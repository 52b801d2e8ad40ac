package billing

import (
	"context"
	"fmt"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
	"creditmsg/internal/queue"
)

// What becomes of a withdrawal that was approved.

// Notes of the entries about fees, which people of the site read.
const (
	feeNote     = "크레딧 환불 수수료"
	feeBackNote = "크레딧 환불 수수료 반환: 환불되지 않은 금액의 몫"
)

// begin keeps the fee and takes the credit of each share out of reach, with a cancellation
// that says so. The fee goes first: a payment of which nothing is left then takes the last of
// its bonus along.
func (s *Service) begin(tx *db.Tx, w *withdrawalRow, shares []share) error {
	if err := s.keepFee(tx, w, shares); err != nil {
		return err
	}
	w.Total = 0
	for _, one := range shares {
		if one.back() == 0 {
			continue
		}
		c := &cancelRow{Cancellation: Cancellation{Site: w.Site, Payment: one.p.ID, ID: id.New(), Withdrawal: w.ID, ByHand: one.byHand(),
			CreatedAt: tx.Now, CancelPapers: CancelPapers{Why: w.Why}}}
		if one.account() {
			c.To = w.To
		}
		if err := s.takeOut(tx, one.p, c, one.back()); err != nil {
			return err
		}
		w.Total += c.Total
		w.Parts = append(w.Parts, WithdrawalPart{one.p.text(), c.ID.Text(id.Cancel)})
	}
	return nil
}

func (s *Service) keepFee(tx *db.Tx, w *withdrawalRow, shares []share) error {
	if w.Fee == 0 {
		return nil
	}
	var parts []credit.Part
	for _, one := range shares {
		if one.fee > 0 {
			parts = append(parts, credit.Part{Lot: one.p.lot, Amount: one.fee})
		}
	}
	text := w.ID.Text(id.Withdrawal)
	_, err := s.ledger.Add(tx, credit.TopUp{Site: w.Site, Kind: credit.Adjustment, Amount: -w.Fee, Ref: text, Key: text + " fee", Note: feeNote, From: parts})
	return err
}

// sending handles the job of a withdrawal that was approved: each payment's own job asks its
// gateway. It is apart from the approval, which knows the payments only once it holds the
// account, and jobs are locked before that.
func (s *Service) sending(ctx context.Context, j queue.Claimed) error {
	of, err := id.Parse(id.Withdrawal, j.Key)
	if err != nil {
		return fmt.Errorf("read job %q: %w", j.Key, err)
	}
	return s.d.Update(ctx, "billing_sending", func(tx *db.Tx) error {
		w, err := s.withdrawal(tx, j.Site, of, false)
		if err != nil {
			return err
		}
		all, err := s.cancelsOf(tx, w)
		if err != nil {
			return err
		}
		var jobs []queue.Job
		for _, c := range all {
			if c.State == CancelRequested {
				jobs = append(jobs, jobOf(&row{Payment: Payment{Site: c.Site, ID: c.Payment}}, tx.Now))
			}
		}
		if err := s.queue.Put(tx, jobs...); err != nil {
			return err
		}
		return s.queue.Done(tx, j)
	})
}

// cancelsOf reads the cancellations that a withdrawal became.
func (s *Service) cancelsOf(tx *db.Tx, w *withdrawalRow) ([]*cancelRow, error) {
	if len(w.Parts) == 0 {
		return nil, nil
	}
	payments, cancels := make([]id.ID, len(w.Parts)), make([]id.ID, len(w.Parts))
	place := map[id.ID]int{}
	for i, part := range w.Parts {
		var err error
		if payments[i], err = id.Parse(id.Payment, part.Payment); err != nil {
			return nil, err
		}
		if cancels[i], err = id.Parse(id.Cancel, part.Cancel); err != nil {
			return nil, err
		}
		place[cancels[i]] = i
	}
	rows, err := tx.Lookup("billing_cancel", cancelColumns, db.Same("site_id", w.Site, len(payments)), db.Col("payment_id", payments), db.Col("id", cancels))
	found, err := db.Collect(rows, err, scanCancel)
	if err != nil {
		return nil, fmt.Errorf("read cancellations of withdrawal %s: %w", w.ID.Text(id.Withdrawal), err)
	}
	out := make([]*cancelRow, len(found))
	for _, c := range found {
		out[place[c.ID]] = c
		if err := s.unseal(tx, c.Site, "cancel", c.ID, c.sealed, &c.CancelPapers); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// withdrawalOf locks the withdrawal that a cancellation is a part of; nil = it is of none.
// What its other cancellations say stands still until this one has been counted.
func (s *Service) withdrawalOf(tx *db.Tx, c *cancelRow) (*withdrawalRow, error) {
	if c.Withdrawal.IsZero() {
		return nil, nil
	}
	return s.withdrawal(tx, c.Site, c.Withdrawal, true)
}

// ended saves a cancellation that is done, with the withdrawal that it is a part of.
func (s *Service) ended(tx *db.Tx, c *cancelRow) error {
	w, err := s.withdrawalOf(tx, c)
	if err != nil {
		return err
	}
	if err := s.saveCancel(tx, c); err != nil {
		return err
	}
	if err := noteCancel(tx, c); err != nil {
		return err
	}
	return s.tally(tx, w)
}

// tally counts what became of a locked withdrawal (nil = there is none), one of whose
// cancellations has just ended, and ends it with the last one.
func (s *Service) tally(tx *db.Tx, w *withdrawalRow) error {
	if w == nil {
		return nil
	}
	all, err := s.cancelsOf(tx, w)
	if err != nil {
		return err
	}
	var refused money.Amount
	ended := true
	w.Returned = 0
	for _, c := range all {
		switch c.State {
		case CancelDone:
			w.Returned += c.Total
		case CancelRefused:
			refused += c.Amount
		default:
			ended = false
		}
	}
	if !ended {
		return s.saveWithdrawal(tx, w)
	}
	w.State, w.DoneAt = WithdrawalDone, tx.Now
	switch {
	case refused == w.Amount-w.Fee:
		w.State = WithdrawalFailed
	case refused > 0:
		w.State = WithdrawalPartiallyDone
	}
	if err := s.giveFeeBack(tx, w, refused); err != nil {
		return err
	}
	return s.moved(tx, w)
}

// giveFeeBack gives the part of the fee back that was kept of what was refused. It is no
// payment's any more: it can be spent, and not withdrawn.
func (s *Service) giveFeeBack(tx *db.Tx, w *withdrawalRow, refused money.Amount) error {
	if w.FeeBack = feeBack(w.Fee, refused, w.Amount-w.Fee); w.FeeBack == 0 {
		return nil
	}
	text := w.ID.Text(id.Withdrawal)
	_, err := s.ledger.Add(tx, credit.TopUp{Site: w.Site, Kind: credit.Adjustment, Amount: w.FeeBack, Ref: text, Key: text + " fee back", Note: feeBackNote})
	return err
}
