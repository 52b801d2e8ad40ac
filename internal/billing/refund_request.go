package billing

import (
	"database/sql"
	"fmt"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
	"creditmsg/internal/site"
)

// RefundState is where a request for a refund stands.
type RefundState string

// The states of a request for a refund.
const (
	RefundRequested RefundState = "requested" // somebody else is to decide
	RefundApproved  RefundState = "approved"  // the credit is back
	RefundRejected  RefundState = "rejected"
	RefundCancelled RefundState = "cancelled" // taken back by the site
)

// RefundRequest asks for what a usage cost to be given back, all or a part. Nothing moves before
// somebody else approves, which makes the refund.
type RefundRequest struct {
	Site      string
	ID        id.ID
	State     RefundState
	Usage     id.ID
	Amount    money.Amount
	Refund    id.ID // that it became; zero = none
	Asker     Person
	Decider   Person
	CreatedAt db.Time
	DecidedAt db.Time // 0 = not yet; also when the site took it back
	RefundPapers
}

// RefundPapers is what is kept sealed of a request for a refund.
type RefundPapers struct {
	Why      string `json:"why"`                // the site's words
	Decision string `json:"decision,omitempty"` // the words of who rejected it
	AskedBy  string `json:"asked_by,omitempty"` // at the command line
	Decided  string `json:"decided,omitempty"`

	AskedUser   id.ID `json:"asked_user,omitzero"` // who had signed in
	DecidedUser id.ID `json:"decided_user,omitzero"`
}

// refundRow is a request as it is stored.
type refundRow struct {
	RefundRequest
	sealed []byte
}

var refundColumns = []string{"site_id", "id", "state", "usage_id", "amount", "refund_id", "asked_token", "decided_token", "papers", "created_at", "decided_at"}

func scanRefund(rows *sql.Rows) (*refundRow, error) {
	var r refundRow
	return &r, rows.Scan(&r.Site, &r.ID, &r.State, &r.Usage, &r.Amount, db.Maybe(&r.Refund), db.Maybe(&r.Asker.Token), db.Maybe(&r.Decider.Token),
		&r.sealed, &r.CreatedAt, db.Maybe(&r.DecidedAt))
}

func (r *refundRow) key() []db.Column { return []db.Column{one("site_id", r.Site), one("id", r.ID)} }

const refundPapers = "refund request"

// changingRefund seals the papers and gives what can change of a request.
func (s *Service) changingRefund(tx *db.Tx, r *refundRow) (_ []db.Column, err error) {
	r.AskedBy, r.Decided = r.Asker.Name, r.Decider.Name
	r.AskedUser, r.DecidedUser = r.Asker.User, r.Decider.User
	if r.sealed, err = s.seal(tx, r.Site, refundPapers, r.ID, r.RefundPapers); err != nil {
		return nil, err
	}
	var open id.ID
	if r.State == RefundRequested {
		open = r.Usage // unique: of a usage one is open
	}
	return []db.Column{one("state", r.State), maybe("refund_id", r.Refund), maybe("open_usage", open), maybe("decided_token", r.Decider.Token),
		one("papers", r.sealed), maybe("decided_at", r.DecidedAt)}, nil
}

// openedRefunds reads requests with their papers.
func (s *Service) openedRefunds(tx *db.Tx, rows *sql.Rows, err error) ([]*refundRow, error) {
	found, err := db.Collect(rows, err, scanRefund)
	if err != nil {
		return nil, fmt.Errorf("read requests for refunds: %w", err)
	}
	for _, r := range found {
		if err := s.unseal(tx, r.Site, refundPapers, r.ID, r.sealed, &r.RefundPapers); err != nil {
			return nil, err
		}
		r.Asker.Name, r.Decider.Name = r.AskedBy, r.Decided
		r.Asker.User, r.Decider.User = r.AskedUser, r.DecidedUser
	}
	return found, nil
}

// refundRequest reads one of a site, with lock to change it.
func (s *Service) refundRequest(tx *db.Tx, siteID string, of id.ID, lock bool) (*refundRow, error) {
	look := tx.Lookup
	if lock {
		look = tx.LookupForUpdate
	}
	rows, err := look("billing_refund_request", refundColumns, one("site_id", siteID), one("id", of))
	found, err := s.openedRefunds(tx, rows, err)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, fault.Missing("request for a refund", of.Text(id.RefundRequest))
	}
	return found[0], nil
}

// RefundRequest gives one of a site. NotFound.
func (s *Service) RefundRequest(tx *db.Tx, siteID string, of id.ID) (RefundRequest, error) {
	r, err := s.refundRequest(tx, siteID, of, false)
	if err != nil {
		return RefundRequest{}, err
	}
	return r.RefundRequest, nil
}

// RefundRequests lists those of a site ("" = of all sites but test sites), newest first, from the
// one before a given id (zero = from the newest). state "" = in any state.
func (s *Service) RefundRequests(tx *db.Tx, siteID string, state RefundState, before id.ID, limit int) ([]RefundRequest, error) {
	where, order, args := `site_id NOT LIKE ?`, `id DESC`, []any{site.TestPattern}
	if siteID != "" {
		where, order, args = `site_id = ?`, `site_id DESC, id DESC`, []any{siteID}
	}
	if !before.IsZero() {
		where, args = where+` AND id < ?`, append(args, before)
	}
	if state != "" {
		where, args = where+` AND state = ?`, append(args, string(state))
	}
	rows, err := tx.Query(`SELECT `+list(refundColumns)+` FROM billing_refund_request WHERE `+where+` ORDER BY `+order+` LIMIT ?`, append(args, limit)...)
	found, err := s.openedRefunds(tx, rows, err)
	out := make([]RefundRequest, len(found))
	for i, r := range found {
		out[i] = r.RefundRequest
	}
	return out, err
}

// movedRefund saves a request whose state is another one, and tells it.
func (s *Service) movedRefund(tx *db.Tx, r *refundRow) error {
	cols, err := s.changingRefund(tx, r)
	if err != nil {
		return err
	}
	if err := tx.UpdateMany("billing_refund_request", []string{"site_id", "id"}, append(r.key(), cols...)...); err != nil {
		return fmt.Errorf("write request for a refund: %w", err)
	}
	return s.tellRefund(tx, r)
}

// tellRefund appends the event of a request's state: the amount, and nobody's words.
func (s *Service) tellRefund(tx *db.Tx, r *refundRow) error {
	if err := noteRefund(tx, r); err != nil {
		return err
	}
	text := r.ID.Text(id.RefundRequest)
	data := map[string]any{"refund_request_id": text, "status": string(r.State), "usage_id": r.Usage.Text(id.Usage), "amount": r.Amount}
	if !r.Refund.IsZero() {
		data["refund_id"] = r.Refund.Text(id.Refund)
	}
	return s.announce(tx, r.Site, refundEvents[r.State], text, data)
}

// refundEvents are the types of the events that tell of a request.
var refundEvents = map[RefundState]string{RefundRequested: "credit.refund_requested", RefundApproved: "credit.refund_approved",
	RefundRejected: "credit.refund_rejected", RefundCancelled: "credit.refund_cancelled"}
