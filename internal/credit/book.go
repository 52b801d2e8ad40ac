package credit

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"

	"creditmsg/internal/db"
	"creditmsg/internal/event"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
)

// book is one site's account and live lots while they are locked, and what is
// to be written of them. Its methods only compute; Ledger reads and writes.
type book struct {
	account
	at      db.Time // of every entry posted now: never before the last one
	lots    []*lot  // in the order of consumption
	lines   []line
	told    []event.Event
	caps    *capped // nil = the site has none, or they were not read
	touched bool    // the account row has to be written
	scratch []byte
}

// usable is what may be spent: expired lots that are still to be booked as
// expired do not count, though they are part of available.
func (b *book) usable() money.Amount {
	var sum money.Amount
	for _, l := range b.lots {
		if !l.over(b.at) {
			sum += l.remaining
		}
	}
	return sum
}

// draw takes an amount, which usable covers, out of the lots in the order of
// consumption; into says where each part goes.
func (b *book) draw(amount money.Amount, into func(*lot) *money.Amount) takes {
	out := make(takes, 0, 1)
	for _, l := range b.lots {
		if amount == 0 {
			break
		}
		part := min(amount, l.remaining)
		if part == 0 || l.over(b.at) {
			continue
		}
		l.remaining -= part
		*into(l) += part
		l.dirty = true
		amount -= part
		out = append(out, take{l.seq, part})
	}
	return out
}

func intoHeld(l *lot) *money.Amount      { return &l.held }
func intoCancelled(l *lot) *money.Amount { return &l.cancelled }

// post appends an entry to the chain. The caller gives kind, amount, move and
// what it is about; the books give the rest.
func (b *book) post(l line) *line {
	b.shift(l.move.debit, -l.amount)
	b.shift(l.move.credit, l.amount)
	b.Seq++
	l.site, l.seq, l.at, l.available, l.held = b.Site, b.Seq, b.at, b.Available, b.Held
	b.Hash, b.scratch = l.chained(b.Hash[:], b.scratch)
	l.hash = slices.Clone(b.Hash[:])
	b.account.at, b.touched = b.at, true
	b.lines = append(b.lines, l)
	return &b.lines[len(b.lines)-1]
}

// tell says what happened to whom it concerns: money and ids, never words of people.
func (b *book) tell(kind, ref string, data map[string]any) {
	b.told = append(b.told, event.Event{Site: b.Site, Type: kind, Ref: ref, Data: facts(data)})
}

// facts is the data of an event; amounts are texts.
func facts(data map[string]any) []byte {
	text, err := json.Marshal(data)
	if err != nil {
		return []byte(err.Error()) // which no event takes; amounts, numbers and words have their form
	}
	return text
}

// shift moves one of the three balances that the account row keeps.
func (b *book) shift(name Name, by money.Amount) {
	switch name {
	case Available:
		b.Available += by
	case Held:
		b.Held += by
	case Spent:
		b.Spent += by
	case Receivables:
		b.Owed -= by
	}
}

// top opens a lot with a top-up.
func (b *book) top(t TopUp, kind string, l line) *line {
	opened := &lot{
		site: b.Site, seq: b.Seq + 1, kind: kind, opened: t.Amount, expires: t.ExpiresAt,
		remaining: t.Amount, fresh: true,
	}
	b.lots = append(b.lots, opened)
	l.amount, l.move, l.opens = t.Amount, moves[t.Kind][0], opened.digest()
	posted := *b.post(l)
	b.repay()
	return &posted
}

// withdraw is a negative adjustment: it takes from lots as sending does, or from those
// that it names.
func (b *book) withdraw(t TopUp, l line) (*line, error) {
	l.amount, l.move = -t.Amount, moves[Adjustment][1]
	parts := make(takes, 0, len(t.From))
	for _, part := range t.From {
		i := slices.IndexFunc(b.lots, func(own *lot) bool { return own.seq == part.Lot && !own.over(b.at) })
		if i < 0 || part.Amount <= 0 || part.Amount > b.lots[i].remaining {
			return nil, fault.New(fault.Conflict, fault.CodeStateConflict, "lot %d of %s does not have %s any more", part.Lot, b.Site, part.Amount)
		}
		parts = b.cancel(parts, b.lots[i], part.Amount)
	}
	if len(parts) == 0 {
		parts = b.draw(l.amount, intoCancelled)
	}
	l.takes = parts.text()
	l.opens = takenDigest(l.takes)
	return b.post(l), nil
}

// takenDigest covers what an entry took from lots without a reservation.
func takenDigest(text string) []byte {
	sum := sha256.Sum256([]byte("takes\n" + text))
	return sum[:]
}

// hold reserves a message's worst case, or says why not.
func (b *book) hold(h Hold, usable *money.Amount) (reservation, *Refusal) {
	r := reservation{site: h.Site, message: h.Message, reserved: h.Amount, classes: h.Classes}
	if h.Amount > *usable || b.Owed > 0 {
		return r, &Refusal{Needed: h.Amount, Available: *usable, Owed: b.Owed}
	}
	if over := b.overCap(&h); over != nil {
		return r, &Refusal{Needed: h.Amount, Available: *usable, Cap: over}
	}
	b.count(&h, &r)
	*usable -= h.Amount
	r.takes = b.draw(h.Amount, intoHeld).text()
	var sum [sha256.Size]byte
	sum, b.scratch = r.digest(b.scratch)
	if h.Amount == 0 {
		r.free = sum[:]
		b.frees++
		addDigest(&b.free, &sum)
		b.touched = true
		return r, nil
	}
	l := b.post(line{kind: Reserve, amount: h.Amount, move: moves[Reserve][0], message: h.Message, opens: sum[:]})
	r.seq = l.seq
	return r, nil
}

// settle moves what was delivered out of a reservation and gives back what is
// not needed any more: at most one entry of each kind. opens is the digest of
// the usages that begin with it; the first entry carries it, and its seq is
// returned, 0 when no money moves.
func (b *book) settle(r *reservation, charge, back money.Amount, opens []byte) (seq int64, err error) {
	open := r.open()
	if charge < 0 || back < 0 || charge > open || back > open-charge {
		return 0, fault.New(fault.Internal, fault.CodeInternal,
			"settle message %s: %s to charge and %s to release, but %s is held", r.message.Text(id.Message), charge, back, open)
	}
	parts, err := parseTakes(r.takes)
	if err != nil {
		return 0, fmt.Errorf("settle message %s: %w", r.message.Text(id.Message), err)
	}
	spent := parts.cut(r.settled, r.settled+charge)
	end := r.reserved - r.released
	freed := parts.cut(end-back, end)
	if err := b.place(spent, func(l *lot, part money.Amount) { l.spent += part }); err != nil {
		return 0, err
	}
	var lost money.Amount
	err = b.place(freed, func(l *lot, part money.Amount) {
		if l.over(b.at) {
			l.expired += part
			lost += part
			return
		}
		l.remaining += part
	})
	if err != nil {
		return 0, err
	}
	r.settled += charge
	r.released += back
	b.uncount(r, back)
	seq = b.Seq + 1
	for _, e := range []line{
		{kind: Settle, amount: charge}, {kind: Release, amount: back}, {kind: Expire, amount: lost},
	} {
		if e.amount == 0 {
			continue
		}
		e.move, e.message, e.opens = moves[e.kind][0], r.message, opens
		opens = nil
		b.post(e)
	}
	if b.Seq < seq {
		return 0, nil
	}
	b.repay()
	return seq, nil
}

// place moves held parts of lots to where put says.
func (b *book) place(parts takes, put func(l *lot, part money.Amount)) error {
	for _, p := range parts {
		i := slices.IndexFunc(b.lots, func(l *lot) bool { return l.seq == p.lot })
		if i < 0 || b.lots[i].held < p.amount {
			return fault.New(fault.Internal, fault.CodeInternal,
				"the books of site %s are damaged: lot %d does not hold %s; run ledger verify", b.Site, p.lot, p.amount)
		}
		b.lots[i].held -= p.amount
		b.lots[i].dirty = true
		put(b.lots[i], p.amount)
	}
	return nil
}
