package invoice

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/delivery"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/message"
	"creditmsg/internal/money"
)

// Applied is what an act posted, or would post.
type Applied struct {
	Confirmed bool         `json:"confirmed" doc:"false: nothing was posted; this is what would be."`
	Legs      int64        `json:"legs" doc:"Legs that are given back."`
	Refunds   int64        `json:"refunds" doc:"Refunds made: one for the legs of one message and channel that are posted together."`
	Amount    money.Amount `json:"amount" doc:"What is given back."`
	Before    int64        `json:"refunded_before" doc:"Legs that were given back already, by another invoice or because their reports were read again."`
	Short     money.Amount `json:"short" doc:"Proposed, but not left to be refunded: somebody gave it back by hand."`
}

// postRows bounds the legs that one transaction gives back.
const postRows = 50

// posting are the kinds for which a refund is proposed.
var posting = []Kind{ChargedButFailed}

// Apply makes the refunds that are proposed and not posted yet, those of these kinds or
// all; without confirm it only tells what would be posted. It may be repeated at any time: a
// leg is given back once, whichever invoices propose it. A refund takes at most what its
// usage still has.
func (s *Service) Apply(ctx context.Context, name string, kinds []Kind, confirm bool) (Applied, error) {
	sum := Applied{Confirmed: confirm}
	for _, k := range kinds {
		if !slices.Contains(posting, k) {
			return sum, fault.Check("/only", "%s posts nothing to the ledger: only %v is given back, and a claim is sent to the carrier as a list", k, posting)
		}
	}
	for after := int64(0); ; {
		var p *posted
		err := s.inTransaction(ctx, confirm, func(tx *db.Tx) (err error) {
			p, err = s.postSome(tx, name, after, confirm)
			return err
		})
		if err == nil {
			err = sum.plus(p.Applied)
		}
		if err != nil || p.last == 0 {
			return sum, err
		}
		after = p.last
	}
}

func (s *Service) inTransaction(ctx context.Context, write bool, do func(*db.Tx) error) error {
	if write {
		return s.d.Update(ctx, "invoice_apply", do)
	}
	return s.d.View(ctx, "invoice_propose", do)
}

func (a *Applied) plus(b Applied) (err error) {
	a.Legs, a.Refunds, a.Before = a.Legs+b.Legs, a.Refunds+b.Refunds, a.Before+b.Before
	if a.Amount, err = a.Amount.Plus(b.Amount); err == nil {
		a.Short, err = a.Short.Plus(b.Short)
	}
	return err
}

// posted is what one transaction gives back.
type posted struct {
	Applied
	invoice Invoice
	last    int64 // number of the last difference; 0 = none was left
}

// postSome gives back the next proposals. The invoice's row is locked first, so no other
// posting or import of it is under way.
func (s *Service) postSome(tx *db.Tx, name string, after int64, confirm bool) (*posted, error) {
	p := &posted{}
	var err error
	if p.invoice, err = Find(tx, name); err != nil {
		return nil, err
	}
	if confirm {
		if err := lockReady(tx, p.invoice.ID); err != nil {
			return nil, err
		}
	} else if p.invoice.State != Ready {
		return nil, notReady()
	}
	list, err := proposals(tx, p.invoice.ID, after)
	if err != nil || len(list) == 0 {
		return p, err
	}
	p.last = list[len(list)-1].N
	fresh, err := p.withoutRefunded(tx, list, confirm)
	if err != nil {
		return nil, err
	}
	groups := groupsOf(fresh)
	p.Legs, p.Refunds = int64(len(fresh)), int64(len(groups))
	if confirm {
		if err := p.mark(tx, list, fresh); err != nil {
			return nil, err
		}
	}
	if err := s.postGroups(tx, p, groups, confirm); err != nil || !confirm {
		return p, err
	}
	return p, audit.Note(tx, audit.Change{Action: "invoice.applied", Ref: p.invoice.ID.Text(id.Invoice),
		After: audit.Fields{"legs": p.Legs, "refunds": p.Refunds, "amount": p.Amount}})
}

func notReady() error {
	return fault.New(fault.Conflict, fault.CodeStateConflict, "the invoice is not compared to its end; import its file again first")
}

func lockReady(tx *db.Tx, invoice id.ID) error {
	var state State
	rows, err := tx.LookupForUpdate("invoice", []string{"state"}, db.Col("id", []id.ID{invoice}))
	if _, err = db.Collect(rows, err, scanInto(&state)); err != nil {
		return fmt.Errorf("lock invoice: %w", err)
	}
	if state != Ready {
		return notReady()
	}
	return nil
}

// proposals reads the next refunds that are proposed and not posted.
func proposals(tx *db.Tx, invoice id.ID, after int64) (list []Difference, err error) {
	for _, k := range posting {
		rows, err := tx.Query(`SELECT `+differenceColumns+` FROM invoice_difference
			WHERE invoice_id = ? AND kind = ? AND n > ? AND posted_at = 0 AND refund > 0 ORDER BY n LIMIT ?`, invoice, string(k), after, postRows)
		some, err := db.Collect(rows, err, scanDifference)
		if err != nil {
			return nil, fmt.Errorf("read proposals: %w", err)
		}
		list = append(list, some...)
	}
	return list, nil
}

// withoutRefunded leaves out legs that were given back before, by another invoice or because
// their reports were read again.
func (p *posted) withoutRefunded(tx *db.Tx, list []Difference, confirm bool) (fresh []Difference, err error) {
	legs := pick(list, func(d Difference) id.ID { return d.leg })
	gone, err := Refunded(tx, legs)
	if err != nil {
		return nil, err
	}
	before, err := delivery.Returned(tx, legs)
	if err != nil {
		return nil, err
	}
	legs = slices.DeleteFunc(legs, func(d id.ID) bool { return gone[d] || before[d] })
	ours := make(map[id.ID]bool, len(legs))
	for _, d := range legs {
		ours[d] = true
	}
	if confirm {
		if ours, err = delivery.Return(tx, legs, p.invoice.Name); err != nil {
			return nil, err
		}
	}
	for _, d := range list {
		if !ours[d.leg] {
			p.Before++
			continue
		}
		fresh = append(fresh, d)
	}
	return fresh, nil
}

// Refunded gives those of the legs, by their keys, that invoices have given back.
func Refunded(tx *db.Tx, legs []id.ID) (map[id.ID]bool, error) {
	gone := make(map[id.ID]bool, len(legs))
	if len(legs) == 0 {
		return gone, nil
	}
	rows, err := tx.Lookup("invoice_difference", []string{"refund_leg"}, db.Col("refund_leg", legs))
	list, err := db.Collect(rows, err, func(r *sql.Rows) (d id.ID, err error) { return d, r.Scan(&d) })
	if err != nil {
		return nil, fmt.Errorf("find legs that were given back: %w", err)
	}
	for _, d := range list {
		gone[d] = true
	}
	return gone, nil
}

// mark writes that the proposals are posted, before any account is locked. Two invoices
// that give one leg back at the same moment meet at the unique refund_leg.
func (p *posted) mark(tx *db.Tx, list, fresh []Difference) error {
	legs := make([]id.ID, len(list))
	for i, d := range list {
		if slices.ContainsFunc(fresh, func(f Difference) bool { return f.N == d.N }) {
			legs[i] = d.leg
		}
	}
	err := tx.UpdateMany("invoice_difference", []string{"invoice_id", "n"}, db.Same("invoice_id", p.invoice.ID, len(list)),
		db.Col("n", pick(list, func(d Difference) int64 { return d.N })), db.Same("posted_at", tx.Now, len(list)), db.Opt("refund_leg", legs))
	if _, twice := errors.AsType[*db.Duplicate](err); twice {
		return fault.Wrap(err, fault.Conflict, fault.CodeStateConflict, "another invoice gives back the same messages at this moment; repeat the command")
	}
	if err == nil && p.invoice.Posted == nil {
		err = tx.UpdateMany("invoice", []string{"id"}, db.Col("id", []id.ID{p.invoice.ID}), db.Same("posted_at", tx.Now, 1))
	}
	if err != nil {
		return fmt.Errorf("mark what is posted: %w", err)
	}
	return nil
}

// group is the legs that one refund gives back: of one message and channel.
type group struct {
	message.Key
	channel string
	first   int64 // number of its first difference
	legs    int64
	sum     money.Amount
}

// groupsOf joins proposals, in the order in which accounts are locked.
func groupsOf(list []Difference) (out []group) {
	for _, d := range list {
		i := slices.IndexFunc(out, func(g group) bool { return g.Site == d.site && g.ID == d.message && g.channel == d.Channel })
		if i < 0 {
			i = len(out)
			out = append(out, group{Key: message.Key{Site: d.site, ID: d.message}, channel: d.Channel, first: d.N})
		}
		out[i].legs++
		out[i].sum += d.Refund // few prices: no sum of them overflows
	}
	slices.SortFunc(out, func(a, b group) int {
		return cmp.Or(cmp.Compare(a.Site, b.Site), bytes.Compare(a.ID[:], b.ID[:]), cmp.Compare(a.channel, b.channel))
	})
	return out
}

func (s *Service) postGroups(tx *db.Tx, p *posted, groups []group, confirm bool) error {
	for _, g := range groups {
		made, err := delivery.GiveBack(tx, s.ledger, delivery.GivingBack{Key: g.Key, Channel: g.channel, Amount: g.sum, Name: fmt.Sprintf("%s:%d", p.invoice.Name, g.first),
			Reason: fmt.Sprintf("통신사 청구 대조 (%s, %s): 전송 실패로 확인된 %s %d건 환불", p.invoice.Provider, p.invoice.Month, g.channel, g.legs)}, confirm)
		if err != nil {
			return err
		}
		if made.Amount == 0 {
			p.Refunds--
		}
		p.Amount, p.Short = p.Amount+made.Amount, p.Short+g.sum-made.Amount
		if confirm {
			if err := record(tx, p.invoice.ID, g, made); err != nil {
				return err
			}
		}
	}
	return nil
}

// record writes what was posted.
func record(tx *db.Tx, invoice id.ID, g group, made delivery.GivenBack) error {
	err := tx.InsertMany("invoice_post", db.Col("invoice_id", []id.ID{invoice}), db.Col("n", []int64{g.first}), db.Same("site_id", g.Site, 1),
		db.Col("message_id", []id.ID{g.ID}), db.Same("channel", g.channel, 1), db.Col("usage_id", []id.ID{made.Usage}), db.Opt("refund_id", []id.ID{made.Refund}),
		db.Same("legs", g.legs, 1), db.Same("proposed", g.sum, 1), db.Same("amount", made.Amount, 1), db.Same("at", tx.Now, 1))
	if err != nil {
		return fmt.Errorf("record what was posted: %w", err)
	}
	return nil
}
