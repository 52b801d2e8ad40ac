package billing

import (
	"database/sql"
	"fmt"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
	"creditmsg/internal/payment"
	"creditmsg/internal/site"
)

// WithdrawalState is where a withdrawal stands.
type WithdrawalState string

// The states of a withdrawal.
const (
	WithdrawalRequested     WithdrawalState = "requested"      // somebody else is to decide
	WithdrawalApproved      WithdrawalState = "approved"       // the credit is out of reach, the money is on its way
	WithdrawalDone          WithdrawalState = "done"           // all of it is given back
	WithdrawalPartiallyDone WithdrawalState = "partially_done" // gateways refused a part, whose credit is restored
	WithdrawalFailed        WithdrawalState = "failed"         // gateways refused all of it
	WithdrawalRejected      WithdrawalState = "rejected"
	WithdrawalCancelled     WithdrawalState = "cancelled" // taken back by the site
)

// WithdrawalStates lists them all.
var WithdrawalStates = []WithdrawalState{WithdrawalRequested, WithdrawalApproved, WithdrawalDone, WithdrawalPartiallyDone, WithdrawalFailed,
	WithdrawalRejected, WithdrawalCancelled}

// Granted reports whether it was approved, whatever became of it since.
func (s WithdrawalState) Granted() bool {
	return s != WithdrawalRequested && s != WithdrawalRejected && s != WithdrawalCancelled
}

// Person is who asks for a withdrawal or decides about one: a token, somebody who signed in,
// or somebody at the command line by his name.
type Person struct {
	Token id.ID
	User  id.ID
	Name  string // of the command line; kept sealed
}

// Withdrawal gives unused paid credit of a site back: Amount = Fee + what its cancellations
// take.
type Withdrawal struct {
	Site      string
	ID        id.ID
	State     WithdrawalState
	Amount    money.Amount // credit that leaves the site
	Fee       money.Amount // of Amount: kept
	Total     money.Amount // what is to be given back, with VAT; while requested: as things stood then
	Returned  money.Amount // of Total: what was
	FeeBack   money.Amount // of Fee: for what gateways refused
	Asker     Person
	Decider   Person
	CreatedAt db.Time
	DecidedAt db.Time // 0 = not yet; also when the site took it back
	DoneAt    db.Time // 0 = not yet
	WithdrawalPapers
}

// WithdrawalPapers is what is kept sealed of a withdrawal.
type WithdrawalPapers struct {
	Why      string               `json:"why"`                // the site's words
	To       *payment.BankAccount `json:"to,omitempty"`       // of what does not go back the way it came
	Decision string               `json:"decision,omitempty"` // the words of who rejected it
	AskedBy  string               `json:"asked_by,omitempty"` // at the command line
	Decided  string               `json:"decided,omitempty"`

	AskedUser   id.ID `json:"asked_user,omitzero"` // who had signed in
	DecidedUser id.ID `json:"decided_user,omitzero"`

	Parts []WithdrawalPart `json:"parts,omitempty"`
}

// WithdrawalPart is a cancellation that a withdrawal became, by public ids.
type WithdrawalPart struct {
	Payment string `json:"payment"`
	Cancel  string `json:"cancel"`
}

// withdrawalRow is a withdrawal as it is stored.
type withdrawalRow struct {
	Withdrawal
	sealed []byte
}

var withdrawalColumns = []string{"site_id", "id", "state", "amount", "fee", "total", "returned", "fee_back", "asked_token", "decided_token",
	"papers", "created_at", "decided_at", "done_at"}

func scanWithdrawal(rows *sql.Rows) (*withdrawalRow, error) {
	var w withdrawalRow
	return &w, rows.Scan(&w.Site, &w.ID, &w.State, &w.Amount, &w.Fee, &w.Total, &w.Returned, &w.FeeBack, db.Maybe(&w.Asker.Token),
		db.Maybe(&w.Decider.Token), &w.sealed, &w.CreatedAt, db.Maybe(&w.DecidedAt), db.Maybe(&w.DoneAt))
}

func (w *withdrawalRow) key() []db.Column {
	return []db.Column{one("site_id", w.Site), one("id", w.ID)}
}

// open reports whether the site has to wait with another request.
func (w *withdrawalRow) open() bool {
	return w.State == WithdrawalRequested || w.State == WithdrawalApproved
}

// changing seals the papers and gives what can change of a withdrawal.
func (s *Service) changing(tx *db.Tx, w *withdrawalRow) (_ []db.Column, err error) {
	w.AskedBy, w.Decided = w.Asker.Name, w.Decider.Name
	w.AskedUser, w.DecidedUser = w.Asker.User, w.Decider.User
	if w.sealed, err = s.seal(tx, w.Site, "withdrawal", w.ID, w.WithdrawalPapers); err != nil {
		return nil, err
	}
	openSite := ""
	if w.open() {
		openSite = w.Site // unique: a site has one that is open
	}
	return []db.Column{
		one("state", w.State), one("total", w.Total), one("returned", w.Returned), one("fee_back", w.FeeBack), maybe("open_site", openSite),
		maybe("decided_token", w.Decider.Token), one("papers", w.sealed), maybe("decided_at", w.DecidedAt), maybe("done_at", w.DoneAt),
	}, nil
}

func (s *Service) addWithdrawal(tx *db.Tx, w *withdrawalRow) error {
	cols, err := s.changing(tx, w)
	if err != nil {
		return err
	}
	cols = append(append(w.key(), cols...), one("amount", w.Amount), one("fee", w.Fee), maybe("asked_token", w.Asker.Token), one("created_at", w.CreatedAt))
	if err := tx.InsertMany("billing_withdrawal", cols...); err != nil {
		return fmt.Errorf("write withdrawal: %w", err)
	}
	return s.tellWithdrawal(tx, w)
}

func (s *Service) saveWithdrawal(tx *db.Tx, w *withdrawalRow) error {
	cols, err := s.changing(tx, w)
	if err != nil {
		return err
	}
	if err := tx.UpdateMany("billing_withdrawal", []string{"site_id", "id"}, append(w.key(), cols...)...); err != nil {
		return fmt.Errorf("write withdrawal: %w", err)
	}
	return nil
}

// moved saves a withdrawal whose state is another one, and tells it.
func (s *Service) moved(tx *db.Tx, w *withdrawalRow) error {
	if err := s.saveWithdrawal(tx, w); err != nil {
		return err
	}
	return s.tellWithdrawal(tx, w)
}

// tellWithdrawal appends the event of a withdrawal's state: amounts, and nobody's words.
func (s *Service) tellWithdrawal(tx *db.Tx, w *withdrawalRow) error {
	if err := noteWithdrawal(tx, w); err != nil {
		return err
	}
	text := w.ID.Text(id.Withdrawal)
	return s.announce(tx, w.Site, "withdrawal."+string(w.State), text, map[string]any{
		"withdrawal_id": text, "status": string(w.State), "amount": w.Amount, "fee": w.Fee, "total": w.Total, "returned": w.Returned, "fee_back": w.FeeBack,
	})
}

// opened reads withdrawals with their papers.
func (s *Service) opened(tx *db.Tx, rows *sql.Rows, err error) ([]*withdrawalRow, error) {
	found, err := db.Collect(rows, err, scanWithdrawal)
	if err != nil {
		return nil, fmt.Errorf("read withdrawals: %w", err)
	}
	for _, w := range found {
		if err := s.unseal(tx, w.Site, "withdrawal", w.ID, w.sealed, &w.WithdrawalPapers); err != nil {
			return nil, err
		}
		w.Asker.Name, w.Decider.Name = w.AskedBy, w.Decided
		w.Asker.User, w.Decider.User = w.AskedUser, w.DecidedUser
	}
	return found, nil
}

// withdrawal reads one of a site, with lock to change it.
func (s *Service) withdrawal(tx *db.Tx, site string, of id.ID, lock bool) (*withdrawalRow, error) {
	look := tx.Lookup
	if lock {
		look = tx.LookupForUpdate
	}
	rows, err := look("billing_withdrawal", withdrawalColumns, one("site_id", site), one("id", of))
	found, err := s.opened(tx, rows, err)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, fault.Missing("withdrawal", of.Text(id.Withdrawal))
	}
	return found[0], nil
}

// Withdrawals lists those of a site ("" = of all sites), newest first, from the one before a
// given id (zero = from the newest). state "" = in any state.
func (s *Service) Withdrawals(tx *db.Tx, siteID string, state WithdrawalState, before id.ID, limit int) ([]Withdrawal, error) {
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
	rows, err := tx.Query(`SELECT `+list(withdrawalColumns)+` FROM billing_withdrawal WHERE `+where+` ORDER BY `+order+` LIMIT ?`, append(args, limit)...)
	found, err := s.opened(tx, rows, err)
	out := make([]Withdrawal, len(found))
	for i, w := range found {
		out[i] = w.Withdrawal
	}
	return out, err
}

// Withdrawal gives one of a site with the cancellations that it became, newest payment first.
func (s *Service) Withdrawal(tx *db.Tx, site string, of id.ID) (Withdrawal, []Cancellation, error) {
	w, err := s.withdrawal(tx, site, of, false)
	if err != nil {
		return Withdrawal{}, nil, err
	}
	all, err := s.cancelsOf(tx, w)
	out := make([]Cancellation, len(all))
	for i, c := range all {
		out[i] = c.Cancellation
	}
	return w.Withdrawal, out, err
}
