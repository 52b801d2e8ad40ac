package billing

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"unicode/utf8"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
	"creditmsg/internal/payment"
	"creditmsg/internal/site"
)

// CancelState is where a cancellation stands.
type CancelState string

// The states of a cancellation.
const (
	CancelRequested CancelState = "requested" // the credit is out of reach, the gateway is asked
	CancelDone      CancelState = "done"      // the money is given back
	CancelRefused   CancelState = "refused"   // the gateway does not; the credit is restored
	CancelTransfer  CancelState = "transfer"  // the operator is to transfer it
)

// Cancellation gives a payment back, all or a part.
type Cancellation struct {
	Site       string
	Payment    id.ID
	ID         id.ID
	Withdrawal id.ID // that it is a part of; zero = none
	State      CancelState
	Outside    bool         // the gateway did it without our asking
	ByHand     bool         // the operator transfers it himself
	Amount     money.Amount // of the payment's credit
	VAT        money.Amount
	Total      money.Amount // what the payer gets
	Bonus      money.Amount // that was taken back with it
	Owed       money.Amount // that could not be taken back any more
	Reason     payment.Reason
	Code       string
	CreatedAt  db.Time
	DoneAt     db.Time // 0 = not yet
	CancelPapers
}

// CancelPapers is what is kept sealed of a cancellation.
type CancelPapers struct {
	Why  string               `json:"why,omitempty"`  // the person's words
	Text string               `json:"text,omitempty"` // the gateway's
	To   *payment.BankAccount `json:"to,omitempty"`
}

// cancelRow is a cancellation as it is stored.
type cancelRow struct {
	Cancellation
	taken  credit.TakenBack
	undone int64 // seq of the entry that restored it; 0 = none did
	idem   id.ID
	round  int // keys that were used at the gateway; a new one after "later"
	asks   int
	sealed []byte
}

var cancelColumns = []string{"site_id", "payment_id", "id", "state", "outside", "by_hand", "amount", "vat", "total", "paid", "bonus", "owed",
	"taken_seq", "restored_seq", "idem_key", "round", "reason", "code", "papers", "asks", "created_at", "done_at",
	"withdrawal_id"}

func scanCancel(rows *sql.Rows) (*cancelRow, error) {
	var c cancelRow
	err := rows.Scan(&c.Site, &c.Payment, &c.ID, &c.State, &c.Outside, &c.ByHand, &c.Amount, &c.VAT, &c.Total, &c.taken.Paid, &c.taken.Bonus, &c.taken.Owed,
		&c.taken.Entry, &c.undone, &c.idem, &c.round, db.Maybe(&c.Reason), db.Maybe(&c.Code), &c.sealed, &c.asks, &c.CreatedAt, db.Maybe(&c.DoneAt),
		db.Maybe(&c.Withdrawal))
	c.Bonus, c.Owed = c.taken.Bonus, c.taken.Owed
	return &c, err
}

func (c *cancelRow) key() []db.Column {
	return []db.Column{one("site_id", c.Site), one("payment_id", c.Payment), one("id", c.ID)}
}

func (c *cancelRow) changing() []db.Column {
	return []db.Column{
		one("state", c.State), one("by_hand", c.ByHand), one("round", c.round), maybe("reason", c.Reason), maybe("code", c.Code), one("papers", c.sealed),
		one("asks", c.asks), one("restored_seq", c.undone), maybe("done_at", c.DoneAt),
	}
}

func (s *Service) addCancel(tx *db.Tx, c *cancelRow) (err error) {
	if c.sealed, err = s.seal(tx, c.Site, "cancel", c.ID, c.CancelPapers); err != nil {
		return err
	}
	cols := append(append(c.key(), c.changing()...), one("outside", c.Outside), maybe("withdrawal_id", c.Withdrawal), one("amount", c.Amount), one("vat", c.VAT), one("total", c.Total),
		one("paid", c.taken.Paid), one("bonus", c.taken.Bonus), one("owed", c.taken.Owed), one("taken_seq", c.taken.Entry), maybe("idem_key", c.idem), one("created_at", c.CreatedAt))
	if err := tx.InsertMany("billing_cancel", cols...); err != nil {
		return fmt.Errorf("write cancellation: %w", err)
	}
	return noteCancel(tx, c)
}

func (s *Service) saveCancel(tx *db.Tx, c *cancelRow) (err error) {
	if c.sealed, err = s.seal(tx, c.Site, "cancel", c.ID, c.CancelPapers); err != nil {
		return err
	}
	if err := tx.UpdateMany("billing_cancel", []string{"site_id", "payment_id", "id"}, append(c.key(), c.changing()...)...); err != nil {
		return fmt.Errorf("write cancellation: %w", err)
	}
	return nil
}

// cancels reads the cancellations of a payment, oldest first. They change under its lock.
func (s *Service) cancels(tx *db.Tx, p *row) ([]*cancelRow, error) {
	rows, err := tx.Lookup("billing_cancel", cancelColumns, one("site_id", p.Site), one("payment_id", p.ID))
	found, err := db.Collect(rows, err, scanCancel)
	if err != nil {
		return nil, fmt.Errorf("read cancellations: %w", err)
	}
	for _, c := range found {
		if err := s.unseal(tx, c.Site, "cancel", c.ID, c.sealed, &c.CancelPapers); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// openOf gives the cancellation that the gateway is being asked for; there is one at most.
func openOf(all []*cancelRow) *cancelRow {
	for _, c := range all {
		if c.State == CancelRequested {
			return c
		}
	}
	return nil
}

// ours sums up what is given back of a payment by our own doing.
func ours(all []*cancelRow) (r returns) {
	for _, c := range all {
		switch {
		case c.State == CancelRequested:
			r.underWay += c.Total
		case c.ByHand:
			r.byHand += c.Total
		}
	}
	return r
}

// CancelRequest asks for a payment to be given back.
type CancelRequest struct {
	Site    string
	Payment id.ID
	Amount  money.Amount // of its credit, whole won; 0 = all that is neither spent nor held
	Reason  string
	To      *payment.BankAccount // where to, of what was transferred
	ByHand  bool                 // the operator transfers it himself, whatever way it came
	Key     string               // the caller's idempotency key; "" = none
}

// Cancel takes credit of a payment out of reach and has its money given back. What is spent
// or held is not given back: asking for more is a Conflict (cancel_exceeds) that says how
// much can be cancelled. While another cancellation of the payment is under way it is a
// Conflict (state_conflict).
//
// What came by a transfer that only the operator sees goes back by his hand: GivenBack says
// when he did it.
func (s *Service) Cancel(ctx context.Context, r CancelRequest) (c Cancellation, err error) {
	if err := r.check(); err != nil {
		return c, err
	}
	fresh := id.New()
	err = s.d.Update(ctx, "billing_cancel", func(tx *db.Tx) error {
		if err := site.LockNotErased(tx, r.Site); err != nil {
			return err
		}
		p, err := s.find(tx, r.Site, r.Payment, true)
		if err != nil {
			return err
		}
		done, err := s.cancel(tx, p, r, fresh)
		if err == nil {
			c = done.Cancellation
		}
		return err
	})
	return c, err
}

func (r *CancelRequest) check() error {
	switch {
	case r.Amount < 0 || r.Amount%money.Won != 0:
		return fault.Check("/amount", "want whole won, without a fraction")
	case strings.TrimSpace(r.Reason) == "" || utf8.RuneCountInString(r.Reason) > 200:
		return fault.Check("/reason", "say why in 1 to 200 characters: the payer and the gateway read it")
	case r.To != nil && (r.To.Bank == "" || r.To.Holder == "" || len(r.To.Number) == 0 || len(r.To.Number) > 20 || strings.Trim(r.To.Number, "0123456789") != ""):
		return fault.Check("/to", "want the bank's code, the account's number in digits, and its holder")
	}
	return nil
}

func (s *Service) cancel(tx *db.Tx, p *row, r CancelRequest, fresh id.ID) (*cancelRow, error) {
	all, err := s.cancels(tx, p)
	if err != nil {
		return nil, err
	}
	c := &cancelRow{Cancellation: Cancellation{Site: p.Site, Payment: p.ID, ID: fresh, ByHand: r.ByHand || p.Method == payment.Transfer,
		CreatedAt: tx.Now, CancelPapers: CancelPapers{Why: r.Reason, To: r.To}}}
	if r.Key != "" {
		c.idem = digest("cancel", r.Key)
	}
	for _, earlier := range all {
		switch {
		case !c.idem.IsZero() && earlier.idem == c.idem:
			return earlier, nil
		case earlier.State == CancelRequested:
			return nil, fault.New(fault.Conflict, fault.CodeStateConflict, "another cancellation of this payment is under way; wait until it has ended")
		}
	}
	if err := s.cancellable(p, c, r.Amount); err != nil {
		return nil, err
	}
	if !c.ByHand {
		if err := s.queue.Put(tx, jobOf(p, tx.Now)); err != nil {
			return nil, err
		}
	}
	return c, s.takeOut(tx, p, c, r.Amount)
}

func (s *Service) cancellable(p *row, c *cancelRow, amount money.Amount) error {
	if p.State != Paid && p.State != PartiallyCancelled {
		return fault.New(fault.Conflict, fault.CodeStateConflict, "the payment is %s; only what is paid can be cancelled", p.State)
	}
	g := s.gateway(p.Gateway)
	switch {
	case c.ByHand:
		return nil
	case g == nil:
		return fault.New(fault.Conflict, fault.CodeStateConflict, "the gateway %s is not configured any more; it can be given back by hand", p.Gateway)
	case p.Method == payment.VirtualAccount && c.To == nil:
		return fault.Check("/to", "it was paid by a transfer; say to which account it is to be given back")
	case amount != 0 && amount < p.Amount && !g.Adapter.Capabilities().Partial:
		return fault.Check("/amount", "the gateway %s gives payments back as a whole only", g.Name)
	}
	return nil
}

// takeOut takes the credit of a cancellation out of reach. Amount 0 is all that can be taken.
func (s *Service) takeOut(tx *db.Tx, p *row, c *cancelRow, amount money.Amount) error {
	back := credit.PaymentBack{Site: p.Site, Lot: p.lot, Bonus: p.bonusLot, Amount: amount, Ref: p.text()}
	if over := amount > p.Amount-p.Cancelled && amount <= p.Amount; amount == 0 || over {
		left, err := s.ledger.Left(tx, p.Site, p.lot)
		if err != nil {
			return err
		}
		// A fraction of a won that is left cannot be given back.
		switch back.Amount = measured(left[0], p); {
		case over:
			return fault.New(fault.Conflict, fault.CodeCancelExceeds, "%s won of this payment can be cancelled, not %s", back.Amount, amount).With("cancellable", back.Amount)
		case back.Amount == 0:
			return fault.New(fault.Conflict, fault.CodeCancelExceeds, "all of this payment is spent or held").With("cancellable", back.Amount)
		}
	}
	taken, err := s.ledger.TakeBack(tx, back)
	if err != nil {
		return err
	}
	c.taken, c.Bonus, c.Amount = taken, taken.Bonus, back.Amount
	c.Total = p.totalOf(back.Amount)
	c.VAT, c.State = c.Total-c.Amount, CancelRequested
	if !c.ByHand {
		return s.addCancel(tx, c)
	}
	c.State = CancelTransfer
	if err := s.addCancel(tx, c); err != nil {
		return err
	}
	p.returnedNow(c.Amount, c.Total)
	return s.changed(tx, p)
}

// changed saves a payment whose state is another one, and tells it.
func (s *Service) changed(tx *db.Tx, p *row) error {
	if err := s.tell(tx, p); err != nil {
		return err
	}
	return s.save(tx, p)
}
