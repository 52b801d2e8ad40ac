package billing

import (
	"context"
	"fmt"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/payment"
	"creditmsg/internal/queue"
)

// cancelAt asks the gateway to give back what a cancellation took out of reach. The same key
// never gives back twice, so it is asked again until it says what it did.
func (s *Service) cancelAt(ctx context.Context, g *Gateway, p *row, j queue.Claimed) error {
	var c *cancelRow
	var whole bool
	err := s.d.View(ctx, "billing_cancellation", func(tx *db.Tx) error {
		all, err := s.cancels(tx, p)
		if c = openOf(all); c != nil {
			whole = c.Total == p.Total-p.Returned+ours(all).byHand
		}
		return err
	})
	if err != nil || c == nil {
		return err // it ended meanwhile: the job's lease was lost
	}
	said := g.Adapter.Cancel(ctx, payment.Cancellation{
		OrderID: p.text(), Ref: p.ref, Key: fmt.Sprintf("%s-%d", c.ID.Text(id.Cancel), c.round), Amount: c.Total, Whole: whole, Reason: c.Why, To: c.To,
	})
	return s.d.Update(context.WithoutCancel(ctx), "billing_cancelled", func(tx *db.Tx) error { return s.cancelled(tx, p, c.ID, said, j) })
}

// cancelled writes down what the gateway said of a cancellation.
func (s *Service) cancelled(tx *db.Tx, of *row, cancel id.ID, said payment.CancelResult, j queue.Claimed) error {
	p, err := s.find(tx, of.Site, of.ID, true)
	if err != nil {
		return err
	}
	all, err := s.cancels(tx, p)
	c := openOf(all)
	if err != nil || c == nil || c.ID != cancel {
		return err
	}
	c.Reason, c.Code, c.Text = said.Reason, said.Code, said.Text
	switch said.State {
	case payment.CancelDone:
		return s.givenBack(tx, p, c, j)
	case payment.CancelNever:
		return s.never(tx, p, c, j)
	case payment.CancelLater:
		c.round++
	}
	wait := max(pauseAfter(c.asks), said.RetryAfter)
	c.asks++
	if err := s.queue.Again(tx, tx.Now.Add(wait), "cancel", j); err != nil {
		return err
	}
	return s.saveCancel(tx, c)
}

func (s *Service) givenBack(tx *db.Tx, p *row, c *cancelRow, j queue.Claimed) error {
	c.State, c.DoneAt, c.Reason, c.Code, c.Text = CancelDone, tx.Now, "", "", ""
	p.returnedNow(c.Amount, c.Total)
	if err := s.later(tx, p, 0, &j); err != nil {
		return err
	}
	if err := s.ended(tx, c); err != nil {
		return err
	}
	return s.changed(tx, p)
}

// never: the gateway does not give it back. Of a withdrawal with an account the operator
// transfers it then, and the credit stays out of reach; otherwise it is restored.
func (s *Service) never(tx *db.Tx, p *row, c *cancelRow, j queue.Claimed) error {
	if c.Withdrawal.IsZero() {
		return s.restored(tx, p, c, j)
	}
	w, err := s.withdrawal(tx, c.Site, c.Withdrawal, false)
	if err != nil {
		return err
	}
	if w.To == nil {
		return s.restored(tx, p, c, j)
	}
	c.State, c.ByHand, c.To = CancelTransfer, true, w.To
	p.returnedNow(c.Amount, c.Total)
	if err := s.later(tx, p, 0, &j); err != nil {
		return err
	}
	if err := s.saveCancel(tx, c); err != nil {
		return err
	}
	if err := noteCancel(tx, c); err != nil {
		return err
	}
	return s.changed(tx, p)
}

// restored gives the credit back, since its money stays at the gateway.
func (s *Service) restored(tx *db.Tx, p *row, c *cancelRow, j queue.Claimed) error {
	c.State, c.DoneAt = CancelRefused, tx.Now
	if err := s.queue.Done(tx, j); err != nil {
		return err
	}
	w, err := s.withdrawalOf(tx, c)
	if err != nil {
		return err
	}
	back := credit.PaymentBack{Site: p.Site, Lot: p.lot, Bonus: p.bonusLot, Amount: c.Amount, Ref: p.text()}
	if c.undone, err = s.ledger.Restore(tx, back, c.taken); err != nil {
		return err
	}
	if err := s.saveCancel(tx, c); err != nil {
		return err
	}
	if err := noteCancel(tx, c); err != nil {
		return err
	}
	if err := s.tally(tx, w); err != nil {
		return err
	}
	return s.announce(tx, p.Site, "payment.cancel_refused", p.text(), map[string]any{
		"payment_id": p.text(), "cancel_id": c.ID.Text(id.Cancel), "amount": c.Amount, "total": c.Total,
		"reason": map[string]any{"code": string(c.Reason), "text_ko": c.Reason.Korean(), "text_en": c.Reason.English(), "gateway_code": c.Code},
	})
}

// GivenBack says that the operator has transferred what he was to give back by hand.
// Repeating it changes nothing.
func (s *Service) GivenBack(ctx context.Context, site string, of, cancel id.ID) (out Cancellation, err error) {
	err = s.d.Update(ctx, "billing_given_back", func(tx *db.Tx) error {
		p, err := s.find(tx, site, of, true)
		if err != nil {
			return err
		}
		all, err := s.cancels(tx, p)
		if err != nil {
			return err
		}
		for _, c := range all {
			if c.ID != cancel || !c.ByHand {
				continue
			}
			if c.State == CancelTransfer {
				c.State, c.DoneAt = CancelDone, tx.Now
				err = s.ended(tx, c)
			}
			out = c.Cancellation
			return err
		}
		return fault.Missing("cancellation that is given back by hand", cancel.Text(id.Cancel))
	})
	return out, err
}
