package billing

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
)

// RefundOrder asks for a refund of a usage.
type RefundOrder struct {
	Site   string
	Usage  id.ID
	Amount money.Amount
	Reason string // who decides reads it, and whoever reads the ledger later
	By     Person
}

// AskRefund writes down that a site wants back what a usage cost. Nothing moves yet. More than can
// be refunded now is a Conflict (refund_exceeds) that says how much can be; a usage has one request
// that waits, another one is a Conflict too.
func (s *Service) AskRefund(tx *db.Tx, o RefundOrder) (RefundRequest, error) {
	if o.Amount <= 0 {
		return RefundRequest{}, fault.Check("/amount", "want more than nothing")
	}
	if !isReason(o.Reason) {
		return RefundRequest{}, fault.Check("/reason", "say why in 1 to %d characters, for who decides and for whoever reads the ledger later", mostReason)
	}
	left, err := credit.Refundable(tx, o.Site, o.Usage)
	if err != nil {
		return RefundRequest{}, err
	}
	if o.Amount > left {
		return RefundRequest{}, fault.New(fault.Conflict, fault.CodeRefundExceeds, "%s won can still be refunded of this usage, not %s", left, o.Amount).With("refundable", left)
	}
	rows, err := tx.Query(`SELECT `+list(refundColumns)+` FROM billing_refund_request WHERE site_id = ? AND open_usage = ?`, o.Site, o.Usage)
	open, err := s.openedRefunds(tx, rows, err)
	if err == nil && len(open) > 0 {
		err = fault.New(fault.Conflict, fault.CodeStateConflict, "the request %s for this usage waits for a decision already; take it back, or wait for it", open[0].ID.Text(id.RefundRequest))
	}
	if err != nil {
		return RefundRequest{}, err
	}
	r := &refundRow{RefundRequest: RefundRequest{Site: o.Site, ID: id.New(), State: RefundRequested, Usage: o.Usage, Amount: o.Amount, Asker: o.By,
		CreatedAt: tx.Now, RefundPapers: RefundPapers{Why: o.Reason}}}
	cols, err := s.changingRefund(tx, r)
	if err != nil {
		return RefundRequest{}, err
	}
	cols = append(append(r.key(), cols...), one("usage_id", r.Usage), one("amount", r.Amount), maybe("asked_token", r.Asker.Token), one("created_at", r.CreatedAt))
	err = tx.InsertMany("billing_refund_request", cols...)
	if _, twice := errors.AsType[*db.Duplicate](err); twice {
		err = fmt.Errorf("%w: %w", db.ErrStale, err) // another asked at the same time, whom the second look finds
	}
	if err != nil {
		return RefundRequest{}, fmt.Errorf("write request for a refund: %w", err)
	}
	return r.RefundRequest, s.tellRefund(tx, r)
}

// mostReason is how long a reason of a refund may be, as that of one that needs no approval.
const mostReason = 1000

func isReason(text string) bool {
	return strings.TrimSpace(text) != "" && utf8.RuneCountInString(text) <= mostReason
}

// Decider is who decides about a refund.
type Decider struct {
	Person
	Operator bool
}

// may makes sure that somebody else than who asked decides: an operator, or a person of the site.
// Which permission he needs is package access's to say.
func (d Decider) may(r *refundRow) error {
	switch {
	case d.Person == r.Asker:
		return fault.New(fault.Denied, fault.CodeForbidden, "who asked for a refund cannot decide about it: another person does")
	case !d.Operator && d.User.IsZero():
		return fault.New(fault.Denied, fault.CodeForbidden, "a person decides about a refund, and no program of the site: one of its people, or an operator")
	}
	return nil
}

// ApproveRefund makes the refund that was asked for, in this transaction and once: repeating it
// changes nothing. strategy is that of credit.RefundRequest. Who asked for it cannot approve it:
// Denied. More than can be refunded by now is a Conflict (refund_exceeds), and the request stays as
// it is.
func (s *Service) ApproveRefund(tx *db.Tx, siteID string, of id.ID, by Decider, strategy func(tx *db.Tx, siteID string, message id.ID) (string, error)) (RefundRequest, error) {
	r, err := s.refundRequest(tx, siteID, of, true)
	if err != nil || r.State == RefundApproved {
		return decidedRefund(r, err)
	}
	if err := r.waits(); err != nil {
		return RefundRequest{}, err
	}
	if err := by.may(r); err != nil {
		return RefundRequest{}, err
	}
	made, _, err := s.ledger.Refund(tx, credit.RefundRequest{Site: siteID, Usage: r.Usage, Amount: r.Amount, Reason: r.Why, Key: r.ID.Text(id.RefundRequest), Strategy: strategy})
	if err != nil {
		return RefundRequest{}, err
	}
	r.State, r.Refund, r.Decider, r.DecidedAt = RefundApproved, made.ID, by.Person, tx.Now
	return r.RefundRequest, s.movedRefund(tx, r)
}

// RejectRefund refuses a request, with a reason that the site reads. Repeating it changes nothing.
func (s *Service) RejectRefund(tx *db.Tx, siteID string, of id.ID, by Decider, reason string) (RefundRequest, error) {
	if !isReason(reason) {
		return RefundRequest{}, fault.Check("/reason", "say why in 1 to %d characters: the site reads it", mostReason)
	}
	return s.closeRefund(tx, siteID, of, RefundRejected, by.Person, func(r *refundRow) error {
		r.Decision = reason
		return by.may(r)
	})
}

// TakeBackRefund is the site's own act while nobody has decided. Repeating it changes nothing.
func (s *Service) TakeBackRefund(tx *db.Tx, siteID string, of id.ID, by Person) (RefundRequest, error) {
	return s.closeRefund(tx, siteID, of, RefundCancelled, by, func(*refundRow) error { return nil })
}

func (s *Service) closeRefund(tx *db.Tx, siteID string, of id.ID, as RefundState, by Person, note func(*refundRow) error) (RefundRequest, error) {
	r, err := s.refundRequest(tx, siteID, of, true)
	if err != nil || r.State == as {
		return decidedRefund(r, err)
	}
	if err := r.waits(); err != nil {
		return RefundRequest{}, err
	}
	if err := note(r); err != nil {
		return RefundRequest{}, err
	}
	r.State, r.Decider, r.DecidedAt = as, by, tx.Now
	return r.RefundRequest, s.movedRefund(tx, r)
}

// waits refuses a request that was decided about otherwise.
func (r *refundRow) waits() error {
	if r.State != RefundRequested {
		return fault.New(fault.Conflict, fault.CodeStateConflict, "the request for a refund is %s already", r.State)
	}
	return nil
}

func decidedRefund(r *refundRow, err error) (RefundRequest, error) {
	if err != nil {
		return RefundRequest{}, err
	}
	return r.RefundRequest, nil
}
