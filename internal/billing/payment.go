package billing

import (
	"crypto/sha256"
	"database/sql"
	"fmt"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/money"
	"creditmsg/internal/payment"
)

// State is where a payment stands.
type State string

// The states of a payment.
const (
	Created            State = "created"             // written down; the payer has not paid yet
	Requesting         State = "requesting"          // the gateway is being asked for the money
	WaitingForDeposit  State = "waiting_for_deposit" // an account was given, nothing has arrived
	Unknown            State = "unknown"             // nobody can say yet: it is being asked for
	Paid               State = "paid"                // taken, and credited
	Declined           State = "declined"            // the payer's means were refused, or he left
	Failed             State = "failed"              // not taken, for another reason than the payer's
	PartiallyCancelled State = "partially_cancelled" // credited, and a part given back
	Cancelled          State = "cancelled"           // credited, and all given back
)

// States lists them all.
var States = []State{Created, Requesting, WaitingForDeposit, Unknown, Paid, Declined, Failed, PartiallyCancelled, Cancelled}

// Open reports whether money may still come that was not credited.
func (s State) Open() bool {
	return s == Created || s == Requesting || s == WaitingForDeposit || s == Unknown
}

// Credited reports whether the payment has become credit.
func (s State) Credited() bool { return s == Paid || s == PartiallyCancelled || s == Cancelled }

// Payment is one payment of a site.
type Payment struct {
	Site      string
	ID        id.ID
	Gateway   string // as configured
	Method    payment.Method
	Card      id.ID // of Stored
	Auto      bool  // a recharge by the site's rule
	State     State
	Amount    money.Amount // credit that it brings, the supply value
	VAT       money.Amount
	Total     money.Amount // what the payer is charged: Amount + VAT
	Bonus     money.Amount // credit given on top when it is paid
	Cancelled money.Amount // of Amount: taken back again
	Returned  money.Amount // of Total: given back by the gateway
	Reason    payment.Reason
	Code      string // the gateway's own code of a refusal
	Slip      bool   // a card slip or a cash receipt stands for it
	CreatedAt db.Time
	PaidAt    db.Time // 0 = not yet
	Papers
}

// Papers is what is kept sealed of a payment.
type Papers struct {
	Text         string            `json:"text,omitempty"`     // the gateway's words about a refusal
	Means        string            `json:"means,omitempty"`    // what it was paid with: 신한카드 4330-****
	ReceiptURL   string            `json:"receipt,omitempty"`  // where the payer sees his receipt
	Deposit      *payment.Deposit  `json:"deposit,omitempty"`  // where to transfer to
	Checkout     *payment.Checkout `json:"checkout,omitempty"` // how a browser goes on
	ReturnURL    string            `json:"return,omitempty"`   // where the site's browser is sent afterwards
	Back         string            `json:"back,omitempty"`     // where the gateway sends it first
	NoticeSecret string            `json:"secret,omitempty"`   // what notices of the gateway carry
	Customer     string            `json:"customer,omitempty"` // the payer's random id at the gateway
	Payer        payment.Payer     `json:"payer,omitzero"`
	Bank         string            `json:"bank,omitempty"` // of virtual accounts: the bank's code
	Note         string            `json:"note,omitempty"` // the operator's, of what he books himself
	Receipt      *CashReceipt      `json:"cash_receipt,omitempty"`
	Strange      string            `json:"strange,omitempty"` // what the operator was told that does not fit
}

// row is a payment as it is stored.
type row struct {
	Payment
	idem      id.ID
	ref       string // the gateway's id of the payment
	bonusDays int    // the bonus expires so many days after it was given; 0 = never
	times     int    // how often it became credit: a bank may take a transfer back
	lot       int64  // seq of the entry that credited it
	bonusLot  int64
	expires   db.Time // of its credit, while it is recorded; the lot has it from then on
	asks      int     // questions without an answer, for the pauses between them
	absents   int     // how often the gateway had no such order, long after the request
	postedAt  db.Time // when the request that may move money was made
	sealed    []byte
}

var rowColumns = []string{"site_id", "id", "gateway", "method", "card_id", "auto", "state", "amount", "vat", "total", "cancelled",
	"returned", "bonus", "bonus_days", "idem_key", "ref", "reason", "code", "slip", "papers", "times", "lot", "bonus_lot", "asks",
	"absents", "posted_at", "created_at", "paid_at"}

func scanRow(rows *sql.Rows) (*row, error) {
	var p row
	return &p, rows.Scan(&p.Site, &p.ID, &p.Gateway, &p.Method, &p.Card, &p.Auto, &p.State, &p.Amount, &p.VAT, &p.Total, &p.Cancelled,
		&p.Returned, &p.Bonus, &p.bonusDays, &p.idem, db.Maybe(&p.ref), db.Maybe(&p.Reason), db.Maybe(&p.Code), &p.Slip, &p.sealed, &p.times,
		&p.lot, &p.bonusLot, &p.asks, &p.absents, db.Maybe(&p.postedAt), &p.CreatedAt, db.Maybe(&p.PaidAt))
}

// one is a column of one row.
func one[T ~int64 | ~int32 | ~int | ~string | ~bool | ~[]byte | ~[16]byte](name string, v T) db.Column {
	return db.Col(name, []T{v})
}

func maybe[T ~int64 | ~int32 | ~int | ~string | ~[]byte | ~[16]byte](name string, v T) db.Column {
	return db.Opt(name, []T{v})
}

func (p *row) key() []db.Column { return []db.Column{one("site_id", p.Site), one("id", p.ID)} }

// changing is what can change of a payment.
func (p *row) changing() []db.Column {
	return []db.Column{
		one("state", p.State), one("cancelled", p.Cancelled), one("returned", p.Returned), maybe("ref", p.ref), maybe("ref_key", p.refKey()),
		maybe("reason", p.Reason), maybe("code", p.Code), one("slip", p.Slip), one("papers", p.sealed), one("times", p.times),
		one("lot", p.lot), one("bonus_lot", p.bonusLot), one("asks", p.asks), one("absents", p.absents),
		maybe("posted_at", p.postedAt), maybe("paid_at", p.PaidAt),
	}
}

func (p *row) insert(tx *db.Tx) error {
	cols := append(append(p.key(), p.changing()...),
		one("gateway", p.Gateway), one("method", p.Method), maybe("card_id", p.Card), one("auto", p.Auto), one("amount", p.Amount),
		one("vat", p.VAT), one("total", p.Total), one("bonus", p.Bonus), one("bonus_days", p.bonusDays), maybe("idem_key", p.idem),
		one("created_at", p.CreatedAt))
	if err := tx.InsertMany("billing_payment", cols...); err != nil {
		return fmt.Errorf("write payment: %w", err)
	}
	return nil
}

func (p *row) update(tx *db.Tx) error {
	if err := tx.UpdateMany("billing_payment", []string{"site_id", "id"}, append(p.key(), p.changing()...)...); err != nil {
		return fmt.Errorf("write payment %s: %w", p.text(), err)
	}
	return nil
}

// refKey makes the gateway's id of a payment unique: two rows with one are refused by the
// database, so nothing that was taken once is credited twice.
func (p *row) refKey() (k id.ID) {
	if p.ref != "" {
		k = digest(p.Gateway, p.ref)
	}
	return k
}

// digest makes a key of texts.
func digest(parts ...string) (k id.ID) {
	h := sha256.New()
	for _, part := range parts {
		fmt.Fprintf(h, "%d:%s\n", len(part), part)
	}
	copy(k[:], h.Sum(nil))
	return k
}

// text is the public id, which is the order's id at the gateway.
func (p *row) text() string { return p.ID.Text(id.Payment) }

// find reads a payment, to look at it or, with lock, to change it.
func (s *Service) find(tx *db.Tx, site string, payment id.ID, lock bool) (*row, error) {
	look := tx.Lookup
	if lock {
		look = tx.LookupForUpdate
	}
	rows, err := look("billing_payment", rowColumns, one("site_id", site), one("id", payment))
	found, err := db.Collect(rows, err, scanRow)
	if err != nil {
		return nil, fmt.Errorf("read payment: %w", err)
	}
	if len(found) == 0 {
		return nil, fault.Missing("payment", payment.Text(id.Payment))
	}
	return found[0], s.open(tx, found[0])
}

// The amounts of a payment. All are whole won.

// priced gives credit, VAT and total of what somebody asks for.
func (s *Service) priced(asked money.Amount) (amount, vat, total money.Amount) {
	if s.o.VATIncluded {
		vat = korea.VATWithin(asked)
		return asked - vat, vat, asked
	}
	return ofCredit(asked)
}

// ofCredit gives VAT and total of credit, however amounts are asked for.
func ofCredit(amount money.Amount) (credit, vat, total money.Amount) {
	vat = korea.VAT(amount)
	return amount, vat, amount + vat
}

// share gives the VAT of a part of the credit that is taken back after others: all parts
// together have exactly the payment's, whatever their number.
func (p *Payment) share(part money.Amount) money.Amount {
	return p.vatUpTo(p.Cancelled+part) - p.vatUpTo(p.Cancelled)
}

func (p *Payment) vatUpTo(amount money.Amount) money.Amount {
	if amount == p.Amount {
		return p.VAT
	}
	return min(korea.VAT(amount), p.VAT)
}

// totalOf gives what the payer gets for a part of the credit that is taken back after others.
func (p *Payment) totalOf(part money.Amount) money.Amount {
	rest := p.Total - p.Returned
	if part < p.Amount-p.Cancelled {
		return min(part+p.share(part), rest)
	}
	return rest
}

// creditOf gives the credit in money that was given back without our asking, after others.
// What is returned in all has its tax rounded once, so that small pieces do not add up to a
// last one with less tax than nothing.
func (p *Payment) creditOf(returned money.Amount) money.Amount {
	if p.Returned+returned >= p.Total {
		return p.Amount - p.Cancelled
	}
	all := p.Returned + returned
	return max(0, min(all-korea.VATWithin(all)-p.Cancelled, returned, p.Amount-p.Cancelled))
}
