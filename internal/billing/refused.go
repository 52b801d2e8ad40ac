package billing

import (
	"context"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
	"creditmsg/internal/payment"
)

// Recharging is the recharge that a refused send may wait for.
type Recharging struct {
	Payment id.ID  // zero = none is under way, and none was started
	Enough  bool   // none is needed: the credit has come since the send was refused
	Why     string // of none: why
}

// Recharge starts a recharge for a send that needs more credit than a site has: with the
// rule's amount, or what is missing if that is more. One that is under way already is given
// instead. A site without a rule gets none, and neither does one that has enough by now.
func (s *Service) Recharge(ctx context.Context, site string, need money.Amount) (out Recharging, err error) {
	err = s.d.Update(ctx, "billing_recharge", func(tx *db.Tx) error {
		out = Recharging{}
		r, err := s.rule(tx, site, true)
		switch {
		case err != nil:
			return err
		case !r.Enabled:
			out.Why = "off"
			return nil
		case r.openID.IsZero():
			usable, err := s.watch(tx, r, need, nil)
			if err != nil {
				return err
			}
			out.Enough = usable >= need
		}
		if out.Payment = r.openID; out.Payment.IsZero() && !out.Enough {
			out.Why = r.idle(tx.Now)
		}
		return nil
	})
	return out, err
}

// idle says why a rule that is on starts nothing.
func (r *rule) idle(now db.Time) string {
	if r.until > now {
		return stoppedPause
	}
	return stoppedCap
}

// settling are the pauses between looks at a payment that somebody waits for.
const (
	firstLook = 20 * time.Millisecond
	lastLook  = 250 * time.Millisecond
)

// Await waits until a payment has ended, or ctx has, and gives it as it stands then. It
// holds neither a lock nor a connection meanwhile.
func (s *Service) Await(ctx context.Context, site string, of id.ID) (p Payment, err error) {
	for pause := firstLook; ; pause = min(2*pause, lastLook) {
		err := s.d.View(context.WithoutCancel(ctx), "billing_await", func(tx *db.Tx) error {
			found, err := s.find(tx, site, of, false)
			if err == nil {
				p = found.Payment
			}
			return err
		})
		if err != nil || !p.State.Open() {
			return p, err
		}
		rest := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			rest.Stop()
			return p, nil
		case <-rest.C:
		}
	}
}

// Arrived says that the operator has seen a transfer on his account: the payment becomes
// credit. It is for payments that nobody else can see. Repeating it changes nothing.
func (s *Service) Arrived(ctx context.Context, site string, of id.ID) (Payment, error) {
	var p *row
	err := s.d.View(ctx, "billing_arrived", func(tx *db.Tx) (err error) {
		p, err = s.find(tx, site, of, false)
		return err
	})
	switch {
	case err != nil:
		return Payment{}, err
	case p.Method != payment.Transfer:
		return Payment{}, fault.New(fault.Conflict, fault.CodeStateConflict, "the gateway %s says itself whether this payment was made; only transfers to the operator's own account are booked by hand", p.Gateway)
	case p.State.Credited():
		return p.Payment, nil
	}
	return s.conclude(ctx, p, payment.Result{State: payment.Paid, Amount: p.Total}, nil)
}
