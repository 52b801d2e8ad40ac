package credit

import (
	"database/sql"
	"fmt"
	"slices"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/money"
	"creditmsg/internal/queue"
)

// PaymentBack takes credit back whose payment is cancelled, all or a part.
type PaymentBack struct {
	Site   string
	Lot    int64        // seq of the entry of the payment
	Bonus  int64        // seq of the entry of the bonus that was given with it; 0 = none
	Amount money.Amount // of the payment's credit; > 0
	Ref    string       // what it is about, such as the payment's id; printable ASCII
	Gone   bool         // the money has gone back already: what is not there any more is owed
}

// TakenBack is what a cancelled payment took.
type TakenBack struct {
	Paid, Bonus money.Amount
	Owed        money.Amount // of Gone: what could not be taken
	Entry       int64        // seq of the first of its entries: of Paid, then of Bonus, then of Owed, where they are not zero
}

// TakeBack takes back credit of a payment that is neither spent nor held, and of the bonus
// given with it what is not, in proportion. More than that is a Conflict (cancel_exceeds)
// which says how much can be taken, and nothing is written.
//
// When the money is Gone already, everything that the site has is taken until the amount is
// reached: the payment's own credit, other paid credit, bonus. The rest is owed: nothing is
// sent until later credit has repaid it.
func (l *Ledger) TakeBack(tx *db.Tx, p PaymentBack) (TakenBack, error) {
	if p.Amount <= 0 || !printable(p.Ref) {
		return TakenBack{}, fault.Check("/amount", "want more than nothing")
	}
	books, err := lock(tx, []string{p.Site})
	if err != nil {
		return TakenBack{}, fmt.Errorf("take back credit: %w", err)
	}
	b := books[0]
	b.expire()
	opened, err := lotsOf(tx, p.Site, []int64{p.Lot, p.Bonus})
	if err != nil {
		return TakenBack{}, err
	}
	if opened[p.Lot] == nil || p.Bonus != 0 && opened[p.Bonus] == nil {
		return TakenBack{}, fault.New(fault.NotFound, fault.CodeNotFound, "there is no lot of site %s %q here", p.Site, fmt.Sprint(p.Lot))
	}
	paid := b.alive(opened[p.Lot])
	if p.Amount > paid.opened {
		return TakenBack{}, fault.Check("/amount", "the payment was of %s won", paid.opened)
	}
	if !p.Gone && p.Amount > paid.remaining {
		return TakenBack{}, fault.New(fault.Conflict, fault.CodeCancelExceeds,
			"%s won of this payment are neither spent nor held and can be cancelled, not %s", paid.remaining, p.Amount).
			With("cancellable", paid.remaining)
	}
	done := b.takeBack(p, paid, b.alive(opened[p.Bonus]))
	b.tell("credit.payment_cancelled", p.Ref, map[string]any{
		"amount": done.Paid, "bonus": done.Bonus, "owed": b.Owed, "available_after": b.Available,
	})
	if err := l.write(tx, books); err != nil {
		return TakenBack{}, fmt.Errorf("take back credit: %w", err)
	}
	return done, nil
}

// Restore gives back what TakeBack took of a payment that was not Gone, because its money
// certainly did not go back: the payment's and the bonus's own lots have it again. What has
// expired meanwhile is booked as expired in the same transaction. It gives the seq of its first
// entry: of t.Paid, where that is not zero, then of t.Bonus.
func (l *Ledger) Restore(tx *db.Tx, p PaymentBack, t TakenBack) (first int64, err error) {
	opened, err := lotsOf(tx, p.Site, []int64{p.Lot, p.Bonus})
	if err != nil {
		return 0, err
	}
	var jobs []queue.Job
	for _, o := range opened { // what never changes of a lot may be read before the lock
		jobs = append(jobs, o.jobs(tx.Now)...)
	}
	if err := l.queue.Put(tx, jobs...); err != nil {
		return 0, fmt.Errorf("look after lots: %w", err)
	}
	books, err := lock(tx, []string{p.Site})
	if err != nil {
		return 0, fmt.Errorf("restore credit: %w", err)
	}
	if opened, err = lotsOf(tx, p.Site, []int64{p.Lot, p.Bonus}); err != nil {
		return 0, err
	}
	b := books[0]
	first = b.Seq + 1
	for i, part := range []struct {
		lot    *lot
		amount money.Amount
	}{{opened[p.Lot], t.Paid}, {opened[p.Bonus], t.Bonus}} {
		if part.amount == 0 {
			continue
		}
		if part.lot = b.alive(part.lot); part.lot == nil || part.amount > part.lot.cancelled {
			return 0, fault.New(fault.Internal, fault.CodeInternal, "restore %s of %s: so much was not taken from its lot", part.amount, p.Ref)
		}
		b.restore(part.lot, part.amount, moves[PaymentCancel][2+i], p.Ref)
	}
	b.expire()
	b.repay()
	b.tell("credit.payment_restored", p.Ref, map[string]any{"amount": t.Paid, "bonus": t.Bonus, "available_after": b.Available})
	if err := l.write(tx, books); err != nil {
		return 0, fmt.Errorf("restore credit: %w", err)
	}
	return first, nil
}

// restore puts what was cancelled of a lot back into it.
func (b *book) restore(l *lot, amount money.Amount, m move, ref string) {
	if !l.live() {
		b.lots = append(b.lots, l)
		slices.SortFunc(b.lots, consumption)
	}
	l.remaining += amount
	l.cancelled -= amount
	l.dirty = true
	text := takes{{l.seq, amount}}.text()
	b.post(line{kind: PaymentCancel, amount: amount, move: m, ref: ref, takes: text, opens: takenDigest(text)})
}

// Left locks a site's account and gives what is neither spent nor held of lots, in their
// order: what can be taken back of their payments.
func (l *Ledger) Left(tx *db.Tx, siteID string, lots ...int64) ([]money.Amount, error) {
	books, err := lock(tx, []string{siteID})
	if err != nil {
		return nil, fmt.Errorf("read lots: %w", err)
	}
	left := make([]money.Amount, len(lots))
	for i, seq := range lots {
		for _, own := range books[0].lots {
			if own.seq == seq && !own.over(books[0].at) {
				left[i] = own.remaining
			}
		}
	}
	return left, nil
}

// PaidLots gives the paid lots of a site of which something is left or held, by the seq of
// the entry that opened them. It locks nothing, so it is good for a choice and not for a decision.
func PaidLots(tx *db.Tx, siteID string) (map[int64]bool, error) {
	out := map[int64]bool{}
	err := tx.Ask(db.Question{Table: "lot", Cols: lotColumns, Key: []db.Column{db.Col("site_id", []string{siteID}), db.Col("live", []bool{true})},
		Row: func(r *sql.Rows) error {
			l, err := scanLot(r)
			if err == nil && l.kind == paidLot {
				out[l.seq] = true
			}
			return err
		}})
	if err != nil {
		return nil, fmt.Errorf("read lots of %s: %w", siteID, err)
	}
	return out, nil
}

// alive gives the book's own row of a lot, which alone may be changed, or the lot as it is
// when nothing is left of it.
func (b *book) alive(l *lot) *lot {
	for _, own := range b.lots {
		if l != nil && own.seq == l.seq {
			return own
		}
	}
	return l
}

func (b *book) takeBack(p PaymentBack, paid, bonus *lot) (done TakenBack) {
	own := min(p.Amount, paid.remaining)
	if bonus != nil {
		// In proportion to the whole payment; the last of it takes the last of the bonus.
		share := bonus.remaining
		if own < paid.opened-paid.cancelled {
			share = min(share, bonus.opened.Share(int64(p.Amount), int64(paid.opened)))
		}
		done.Bonus = share
	}
	bonusParts := b.cancel(nil, bonus, done.Bonus)
	parts := b.cancel(nil, paid, own)
	rest := p.Amount - own
	for _, kind := range []string{paidLot, bonusLot} {
		for _, other := range b.lots {
			if p.Gone && other.kind == kind {
				part := min(rest, other.remaining)
				parts, rest = b.cancel(parts, other, part), rest-part
			}
		}
	}
	done.Paid, done.Entry = p.Amount-rest, b.Seq+1
	b.postBack(PaymentCancel, 0, parts, p.Ref)
	b.postBack(PaymentCancel, 1, bonusParts, p.Ref)
	if done.Owed = rest; rest > 0 {
		b.post(line{kind: Receivable, amount: rest, move: moves[Receivable][0], ref: p.Ref})
	}
	return done
}

// cancel takes an amount that is left out of a lot for good.
func (b *book) cancel(parts takes, l *lot, amount money.Amount) takes {
	if amount == 0 {
		return parts
	}
	l.remaining -= amount
	l.cancelled += amount
	l.dirty = true
	return append(parts, take{l.seq, amount})
}

// postBack posts what was cancelled of lots, with one of the moves of a kind.
func (b *book) postBack(kind Kind, which int, parts takes, ref string) {
	var sum money.Amount
	for _, part := range parts {
		sum += part.amount
	}
	if sum == 0 {
		return
	}
	text := parts.text()
	b.post(line{kind: kind, amount: sum, move: moves[kind][which], ref: ref, takes: text, opens: takenDigest(text)})
}

// repay lets paid credit that is left repay what the site owes.
func (b *book) repay() {
	if b.Owed == 0 {
		return
	}
	var parts takes
	var sum money.Amount
	for _, l := range b.lots {
		if l.kind == paidLot && !l.over(b.at) {
			part := min(b.Owed-sum, l.remaining)
			parts, sum = b.cancel(parts, l, part), sum+part
		}
	}
	b.postBack(Receivable, 1, parts, "")
	if sum > 0 {
		b.tell("credit.repaid", "", map[string]any{"amount": sum, "owed": b.Owed, "available_after": b.Available})
	}
}
