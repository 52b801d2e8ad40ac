package billing

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/payment"
	"creditmsg/internal/site"
)

// Ask has a worker ask the gateway at once how a payment stands, as a notice of the gateway
// would. It gives the payment as it stands before that. A transfer to the operator's own
// account, and a gateway that is gone, have nobody to ask: Conflict (state_conflict).
func (s *Service) Ask(ctx context.Context, siteID string, of id.ID) (out Payment, err error) {
	err = s.d.Update(ctx, "billing_ask", func(tx *db.Tx) error {
		p, err := s.find(tx, siteID, of, false)
		switch {
		case err != nil:
			return err
		case p.Method == payment.Transfer:
			return fault.New(fault.Conflict, fault.CodeStateConflict, "the payment is a transfer to the operator's own account: nobody can be asked, the operator says when it has arrived")
		case s.gateway(p.Gateway) == nil:
			return fault.New(fault.Conflict, fault.CodeStateConflict, "the gateway %s is not configured any more; put it back under payments.gateways", p.Gateway)
		}
		out = p.Payment
		return s.queue.Put(tx, jobOf(p, tx.Now))
	})
	return out, err
}

// Trouble is what ended neither well nor badly for too long: what an operator looks at.
type Trouble struct {
	Stuck   []Payment          // unknown or requesting, the oldest first; without their papers
	Cancels []Cancellation     // requested, or the operator's to transfer, the oldest first; without their papers
	Gone    map[string][]id.ID // payments that may still bring money, by a gateway that is not configured
	Off     []string           // sites whose rule declines switched off, by their ids

	Withdrawals []Withdrawal    // requested, whenever that was, the oldest first; without their papers
	Refunds     []RefundRequest // likewise
}

// Since says since when things count as trouble.
type Since struct {
	Stuck   db.Time // payments that were requested before
	Cancels db.Time // cancellations of before
	Off     db.Time // rules that were switched off after
}

// Trouble looks through the payments of all sites, but for test sites: no money is in theirs.
func (s *Service) Trouble(tx *db.Tx, since Since) (t Trouble, err error) {
	if t.Stuck, err = s.stuck(tx, since.Stuck); err != nil {
		return t, err
	}
	if t.Cancels, err = s.pending(tx, since.Cancels); err != nil {
		return t, err
	}
	if t.Withdrawals, err = s.undecided(tx); err != nil {
		return t, err
	}
	if t.Refunds, err = s.undecidedRefunds(tx); err != nil {
		return t, err
	}
	if t.Gone, err = s.orphans(tx); err != nil {
		return t, err
	}
	t.Off, err = s.off(tx, since.Off)
	t.Stuck = slices.DeleteFunc(t.Stuck, func(p Payment) bool { return site.IsTest(p.Site) })
	t.Cancels = slices.DeleteFunc(t.Cancels, func(c Cancellation) bool { return site.IsTest(c.Site) })
	t.Withdrawals = slices.DeleteFunc(t.Withdrawals, func(w Withdrawal) bool { return site.IsTest(w.Site) })
	t.Refunds = slices.DeleteFunc(t.Refunds, func(r RefundRequest) bool { return site.IsTest(r.Site) })
	t.Off = slices.DeleteFunc(t.Off, site.IsTest)
	return t, err
}

func (s *Service) stuck(tx *db.Tx, before db.Time) ([]Payment, error) {
	rows, err := tx.Query(`SELECT `+list(rowColumns)+` FROM billing_payment
		WHERE (state = 'unknown' OR state = 'requesting') AND COALESCE(posted_at, created_at) < ? ORDER BY id`, before)
	found, err := db.Collect(rows, err, scanRow)
	if err != nil {
		return nil, fmt.Errorf("find payments without an answer: %w", err)
	}
	out := make([]Payment, len(found))
	for i, p := range found {
		out[i] = p.Payment
	}
	return out, nil
}

func (s *Service) pending(tx *db.Tx, before db.Time) ([]Cancellation, error) {
	rows, err := tx.Query(`SELECT `+list(cancelColumns)+` FROM billing_cancel
		WHERE (state = 'requested' OR state = 'transfer') AND created_at < ? ORDER BY id`, before)
	found, err := db.Collect(rows, err, scanCancel)
	if err != nil {
		return nil, fmt.Errorf("find cancellations that did not end: %w", err)
	}
	out := make([]Cancellation, len(found))
	for i, c := range found {
		out[i] = c.Cancellation
	}
	return out, nil
}

func (s *Service) undecided(tx *db.Tx) ([]Withdrawal, error) {
	rows, err := tx.Query(`SELECT ` + list(withdrawalColumns) + ` FROM billing_withdrawal WHERE state = 'requested' ORDER BY id`)
	found, err := db.Collect(rows, err, scanWithdrawal)
	if err != nil {
		return nil, fmt.Errorf("find withdrawals that wait for a decision: %w", err)
	}
	out := make([]Withdrawal, len(found))
	for i, w := range found {
		out[i] = w.Withdrawal
	}
	return out, nil
}

func (s *Service) undecidedRefunds(tx *db.Tx) ([]RefundRequest, error) {
	rows, err := tx.Query(`SELECT ` + list(refundColumns) + ` FROM billing_refund_request WHERE state = 'requested' ORDER BY id`)
	found, err := db.Collect(rows, err, scanRefund)
	if err != nil {
		return nil, fmt.Errorf("find requests for refunds that wait for a decision: %w", err)
	}
	out := make([]RefundRequest, len(found))
	for i, r := range found {
		out[i] = r.RefundRequest
	}
	return out, nil
}

func (s *Service) orphans(tx *db.Tx) (map[string][]id.ID, error) {
	type open struct {
		site, gateway string
		id            id.ID
	}
	rows, err := tx.Query(`SELECT site_id, gateway, id FROM billing_payment
		WHERE state = 'created' OR state = 'requesting' OR state = 'waiting_for_deposit' OR state = 'unknown' ORDER BY id`)
	found, err := db.Collect(rows, err, func(r *sql.Rows) (o open, err error) { return o, r.Scan(&o.site, &o.gateway, &o.id) })
	if err != nil {
		return nil, fmt.Errorf("find open payments: %w", err)
	}
	out := map[string][]id.ID{}
	for _, o := range found {
		if s.gateway(o.gateway) == nil && !site.IsTest(o.site) {
			out[o.gateway] = append(out[o.gateway], o.id)
		}
	}
	return out, nil
}

// off finds rules by how the last decline leaves them: off, with a pause that begins then.
func (s *Service) off(tx *db.Tx, after db.Time) ([]string, error) {
	last := pauses[len(pauses)-1]
	rows, err := tx.Query(`SELECT site_id FROM billing_rule WHERE enabled = ? AND declines >= ? AND until > ? ORDER BY site_id`,
		false, len(pauses), after.Add(last))
	found, err := db.Collect(rows, err, scanSite)
	if err != nil {
		return nil, fmt.Errorf("find rules that declines switched off: %w", err)
	}
	return found, nil
}
