package billing

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/event"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
	"creditmsg/internal/payment"
	"creditmsg/internal/queue"
	"creditmsg/internal/site"
)

// conclude writes down what a gateway said of a payment, with all that follows from it, in
// one transaction. j is the claimed job that asked, nil when somebody else did.
func (s *Service) conclude(ctx context.Context, asked *row, r payment.Result, j *queue.Claimed) (Payment, error) {
	var p *row
	var v verdict
	err := s.d.Update(ctx, "billing_conclude", func(tx *db.Tx) (err error) {
		if err := site.LockNotErased(tx, asked.Site); err != nil {
			return err
		}
		if p, err = s.find(tx, asked.Site, asked.ID, true); err != nil {
			return err
		}
		v, err = s.apply(tx, p, r, j)
		return err
	})
	if err != nil {
		return asked.Payment, fmt.Errorf("conclude payment %s: %w", asked.text(), err)
	}
	if v.Strange != "" {
		s.meter.strange.WithLabelValues(p.Gateway).Inc()
		s.log.ErrorContext(ctx, "payment does not fit its gateway", "payment", p.text(), "site_id", p.Site, "gateway", p.Gateway, "what", v.Strange)
	}
	return p.Payment, nil
}

// apply makes a locked payment what the gateway's word makes of it.
func (s *Service) apply(tx *db.Tx, p *row, r payment.Result, j *queue.Claimed) (verdict, error) {
	cancels, err := s.cancels(tx, p)
	if err != nil {
		return verdict{}, err
	}
	was, v := p.State, p.judge(r, tx.Now, ours(cancels))
	p.keep(r, v, tx.Now)
	rule, err := s.ruleFor(tx, p, v)
	if err != nil {
		return v, err
	}
	if err := s.later(tx, p, v.Next, j); err != nil {
		return v, err
	}
	if err := s.puzzled(tx, p, v); err != nil {
		return v, err
	}
	for _, step := range []func(*db.Tx, *row, verdict) error{s.credited, s.reversed, s.gone} {
		if err := step(tx, p, v); err != nil {
			return v, err
		}
	}
	if p.State != was {
		if err := s.tell(tx, p); err != nil {
			return v, err
		}
	}
	if err := s.save(tx, p); err != nil {
		return v, err
	}
	return v, s.follow(tx, rule, p)
}

// puzzled tells the operator once of a word that does not fit what is known of a payment,
// however often the gateway repeats it.
func (s *Service) puzzled(tx *db.Tx, p *row, v verdict) error {
	if v.Strange == "" || v.Strange == p.Strange {
		return nil
	}
	p.Strange = v.Strange
	return s.announce(tx, p.Site, "payment.strange", p.text(), map[string]any{
		"payment_id": p.text(), "gateway": p.Gateway, "status": string(p.State), "total": p.Total, "what": v.Strange,
	})
}

// later says when the payment's job runs again.
func (s *Service) later(tx *db.Tx, p *row, next time.Duration, j *queue.Claimed) error {
	switch {
	case p.Receipt.open(p):
		next = time.Second
	case next == 0 && j != nil:
		return s.queue.Done(tx, *j)
	case next == 0:
		return nil
	}
	if j != nil {
		return s.queue.Again(tx, tx.Now.Add(next), string(p.State), *j)
	}
	return s.queue.Put(tx, jobOf(p, tx.Now.Add(next)))
}

// credited makes the payment credit.
func (s *Service) credited(tx *db.Tx, p *row, v verdict) error {
	if !v.Credit {
		return nil
	}
	key := fmt.Sprintf("%s %d", p.text(), p.times)
	e, err := s.ledger.Add(tx, credit.TopUp{Site: p.Site, Kind: credit.Payment, Amount: p.Amount, Ref: p.text(), Key: key, Note: p.Note,
		ExpiresAt: p.expires})
	if err != nil {
		return err
	}
	p.lot, p.bonusLot = e.Seq, 0
	if p.Bonus == 0 {
		return nil
	}
	t := credit.TopUp{Site: p.Site, Kind: credit.Bonus, Amount: p.Bonus, Ref: p.text(), Key: key + " bonus"}
	if p.bonusDays > 0 {
		t.ExpiresAt = tx.Now.Add(time.Duration(p.bonusDays) * 24 * time.Hour)
	}
	if e, err = s.ledger.Add(tx, t); err != nil {
		return err
	}
	p.bonusLot = e.Seq
	return nil
}

// reversed takes all credit of a transfer back that its bank took back. It may still come.
func (s *Service) reversed(tx *db.Tx, p *row, v verdict) error {
	if !v.Back {
		return nil
	}
	amount, total := p.Amount-p.Cancelled, p.Total-p.Returned
	all, err := s.cancels(tx, p)
	if c := openOf(all); err == nil && c != nil {
		// Its payer has this part with all the rest. It is out of reach already, and asking
		// the gateway for it would give it back a second time.
		amount, total = amount-c.Amount, total-c.Total
		c.State, c.DoneAt = CancelDone, tx.Now
		err = s.ended(tx, c)
	}
	if err == nil && total > 0 {
		err = s.takeBack(tx, p, amount, total)
	}
	p.lot, p.bonusLot, p.Cancelled, p.Returned, p.PaidAt = 0, 0, 0, 0, 0
	return err
}

// gone takes credit back whose money the gateway gave back without our asking.
func (s *Service) gone(tx *db.Tx, p *row, v verdict) error {
	if v.Gone == 0 {
		return nil
	}
	amount := p.creditOf(v.Gone)
	if err := s.takeBack(tx, p, amount, v.Gone); err != nil {
		return err
	}
	p.returnedNow(amount, v.Gone)
	return nil
}

// returnedNow counts what was given back, and says so in the state.
func (p *row) returnedNow(amount, total money.Amount) {
	p.Cancelled, p.Returned = p.Cancelled+amount, p.Returned+total
	p.State = PartiallyCancelled
	if p.Returned >= p.Total {
		p.State = Cancelled
	}
}

// takeBack takes credit of a payment whose money is gone already, and keeps a record of it.
func (s *Service) takeBack(tx *db.Tx, p *row, amount, total money.Amount) error {
	c := &cancelRow{Cancellation: Cancellation{
		Site: p.Site, Payment: p.ID, ID: id.New(), State: CancelDone, Outside: true,
		Amount: amount, VAT: total - amount, Total: total, CreatedAt: tx.Now, DoneAt: tx.Now,
	}}
	if amount > 0 {
		back := credit.PaymentBack{Site: p.Site, Lot: p.lot, Bonus: p.bonusLot, Amount: amount, Ref: p.text(), Gone: true}
		taken, err := s.ledger.TakeBack(tx, back)
		if err != nil {
			return err
		}
		c.taken = taken
	}
	return s.addCancel(tx, c)
}

// tell appends the event of a payment's new state.
func (s *Service) tell(tx *db.Tx, p *row) error {
	s.count(tx, p)
	if err := notePayment(tx, p); err != nil {
		return err
	}
	data := map[string]any{
		"payment_id": p.text(), "status": string(p.State), "gateway": p.Gateway, "method": string(p.Method), "auto": p.Auto,
		"amount": p.Amount, "vat": p.VAT, "total": p.Total, "cancelled": p.Cancelled,
	}
	if p.Reason != "" {
		data["reason"] = map[string]any{"code": string(p.Reason), "text_ko": p.Reason.Korean(), "text_en": p.Reason.English(), "gateway_code": p.Code}
	}
	return s.announce(tx, p.Site, "payment."+string(p.State), p.text(), data)
}

// count counts a state once it is committed.
func (s *Service) count(tx *db.Tx, p *row) {
	gateway, state := p.Gateway, string(p.State)
	tx.OnCommit(func() { s.meter.payments.WithLabelValues(gateway, state).Inc() })
}

// announce appends an event of which people may have to be told.
func (s *Service) announce(tx *db.Tx, site, kind, ref string, data map[string]any) error {
	text, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("write event %s: %w", kind, err)
	}
	return credit.Announce(tx, s.queue, event.Event{Site: site, Type: kind, Ref: ref, Data: text})
}
