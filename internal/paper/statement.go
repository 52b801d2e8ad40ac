package paper

import (
	"time"

	"creditmsg/internal/billing"
	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/korea"
	"creditmsg/internal/money"
	"creditmsg/internal/site"
)

// Statement is a site's ledger over one Korean month. Its JSON is the paper itself.
type Statement struct {
	Form         string      `json:"form"` // statementForm, or earlierForm
	Site         string      `json:"site"`
	Month        string      `json:"month"`    // Korean, such as 2026-12
	Complete     bool        `json:"complete"` // the month is over, and signed to its end
	MadeAt       time.Time   `json:"made_at"`
	Supplier     *Party      `json:"supplier,omitempty"` // the operator, as far as the profile says
	Customer     *Party      `json:"customer,omitempty"`
	Opening      Balance     `json:"opening"`
	Closing      Balance     `json:"closing"`
	Movements    []Movement  `json:"movements"`
	Channels     []Channel   `json:"channels"`
	Payments     []Payment   `json:"payments"`
	PaymentTotal Total       `json:"payment_total"`
	HeadBefore   *Head       `json:"head_before"` // the newest of an earlier month, null without one
	Heads        []Head      `json:"heads"`
	Keys         []PublicKey `json:"keys"`
	KeyID        string      `json:"key_id"` // of the key that signed the statement
	Signature    []byte      `json:"signature,omitempty"`
}

// Party is who supplies or is supplied.
type Party struct {
	BusinessNumber string `json:"business_number"`
	Name           string `json:"name"`
	Representative string `json:"representative"`
	Address        string `json:"address"`
}

// Balance is where the ledger stood after the entry Seq; 0 is before the first.
type Balance struct {
	Seq       int64        `json:"seq"`
	Hash      string       `json:"hash"`
	Available money.Amount `json:"available"`
	Held      money.Amount `json:"held"`
	Spent     money.Amount `json:"spent"`
}

// Movement adds up entries of one kind between the same accounts.
type Movement struct {
	Kind   string       `json:"kind"`
	Debit  string       `json:"debit"`
	Credit string       `json:"credit"`
	Count  int64        `json:"count"`
	Amount money.Amount `json:"amount"`
}

// Channel is what messages of one channel cost.
type Channel struct {
	Channel  string       `json:"channel"`
	Quantity int64        `json:"quantity"` // recipients that were charged
	Spent    money.Amount `json:"spent"`
	Refunded money.Amount `json:"refunded"`
}

// Head is a day's signed end of the chain: credit.Head without its site.
type Head struct {
	Day string `json:"day"`
	Balance
	KeyID     string `json:"key_id"`
	Signature []byte `json:"signature"`
}

// PublicKey is an Ed25519 key of the installation.
type PublicKey struct {
	ID    string    `json:"key_id"`
	Key   []byte    `json:"public_key"`
	Since time.Time `json:"since"`
}

// Papers makes statements, exports and profiles. It keeps nothing in memory.
type Papers struct {
	keys    *site.Keys
	ledger  *credit.Ledger
	billing *billing.Service
}

// New makes the office that writes papers of a ledger and its payments.
func New(keys *site.Keys, ledger *credit.Ledger, payments *billing.Service) *Papers {
	return &Papers{keys, ledger, payments}
}

// MonthOf is a month that there is a statement of.
type MonthOf struct {
	Month   string
	Running bool // it is not over
}

// Months lists the months that there are statements of, the newest first: from that of the
// first entry to the present one.
func (p *Papers) Months(tx *db.Tx, siteID string) ([]MonthOf, error) {
	first, err := p.ledger.FirstAt(tx, siteID)
	if err != nil || first == 0 {
		return nil, err
	}
	var out []MonthOf
	last := korea.Month(first.Time())
	now := tx.Now.Time().In(korea.Seoul)
	for at := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, korea.Seoul); korea.Month(at) >= last; at = at.AddDate(0, -1, 0) {
		out = append(out, MonthOf{korea.Month(at), len(out) == 0})
	}
	return out, nil
}

// Statement makes the signed statement of a month; that of a running month says how it
// stands. It belongs into a Snapshot. Faults: Invalid for what is no month, NotFound for one
// that has no statement, as it is still to come or the site had no entry by then.
func (p *Papers) Statement(tx *db.Tx, siteID, month string) (*Statement, error) {
	start, err := korea.ParseMonth(month)
	if err != nil {
		return nil, fault.Check("/month", "%q is not a month such as 2026-12", short(month))
	}
	first, err := p.ledger.FirstAt(tx, siteID)
	if err != nil {
		return nil, err
	}
	if first == 0 || month < korea.Month(first.Time()) || month > korea.Month(tx.Now.Time()) {
		return nil, fault.Missing("statement of the month", month)
	}
	period, err := p.ledger.Month(tx, siteID, month)
	if err != nil {
		return nil, err
	}
	s := &Statement{Form: statementForm, Site: siteID, Month: month, MadeAt: tx.Now.Time(),
		Opening: Balance(period.Opening), Closing: Balance(period.Closing), Movements: []Movement{}}
	for _, m := range period.Sums {
		s.Movements = append(s.Movements, Movement{string(m.Kind), string(m.Debit), string(m.Credit), m.Count, m.Amount})
	}
	for _, c := range period.Channels {
		s.Channels = append(s.Channels, Channel{c.Channel.String(), c.Quantity, c.Spent, c.Refunded})
	}
	if err := p.addPayments(tx, s, start); err != nil {
		return nil, err
	}
	if err := p.addParties(tx, s); err != nil {
		return nil, err
	}
	if err := p.addHeads(tx, s, start.AddDate(0, 1, -1)); err != nil {
		return nil, err
	}
	if err := s.addsUp(); err != nil {
		return nil, fault.Wrap(err, fault.Internal, fault.CodeInternal,
			"the statement of %s for %s does not add up and is not given out; run ledger verify", siteID, month)
	}
	return s, p.sign(tx, s)
}

// addHeads adds what was signed of the month, whose last day it is told.
func (p *Papers) addHeads(tx *db.Tx, s *Statement, last time.Time) error {
	heads, err := p.ledger.Heads(tx, s.Site, s.Month+"-01", korea.Day(last))
	if err != nil {
		return err
	}
	before, found, err := p.ledger.HeadBefore(tx, s.Site, s.Month+"-01")
	if err != nil {
		return err
	}
	signed := int64(0)
	if found {
		h := headOf(&before)
		s.HeadBefore, signed = &h, h.Seq
	}
	s.Heads = []Head{}
	for i := range heads {
		s.Heads = append(s.Heads, headOf(&heads[i]))
		signed = heads[i].Seq
	}
	s.Complete = credit.LastDay(tx.Now) >= korea.Day(last) && signed == s.Closing.Seq
	return nil
}

func headOf(h *credit.Head) Head {
	return Head{Day: h.Day, Balance: Balance{h.Seq, h.Hash, h.Available, h.Held, h.Spent}, KeyID: h.KeyID, Signature: h.Signature}
}

// of is the head as the ledger signed it.
func (h *Head) of(siteID string) *credit.Head {
	return &credit.Head{Site: siteID, Day: h.Day, Seq: h.Seq, Hash: h.Hash, Available: h.Available, Held: h.Held, Spent: h.Spent,
		KeyID: h.KeyID, Signature: h.Signature}
}

// short keeps what somebody sent from filling a sentence.
func short(text string) string {
	if r := []rune(text); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return text
}
