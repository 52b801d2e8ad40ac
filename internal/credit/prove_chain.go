package credit

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"

	"creditmsg/internal/money"
)

// proveChain streams the site's entries in order: law 4, and the sums of the others.
func (p *prover) proveChain() error {
	rows, err := p.tx.Query(`SELECT `+lineColumns+` FROM entry WHERE site_id = ? ORDER BY site_id, seq`, p.site)
	if err != nil {
		return fmt.Errorf("read entries: %w", err)
	}
	defer rows.Close()
	w := walk{prev: make([]byte, sha256.Size)}
	if p.head != nil && p.head.Seq == 0 {
		p.atHead = w.prev
	}
	for rows.Next() {
		l, err := scanLine(rows)
		if err != nil {
			return fmt.Errorf("read entry after %d: %w", p.last.seq, err)
		}
		p.entries++
		p.proveLine(&w, &l)
	}
	return rows.Err()
}

// walk is where the chain stands. When an entry is broken, two hashes may follow
// on: the one that it stores and the one that its fields make, so that the
// entry after it is not blamed.
type walk struct {
	prev, other []byte
	scratch     []byte
}

// proveLine checks one entry against the one before.
func (p *prover) proveLine(w *walk, l *line) {
	missing := p.last.seq + 1
	switch {
	case l.seq < missing:
		p.nameEntry(4, l.seq, "there is no such place in the ledger")
		return
	case p.head != nil && l.seq > p.head.Seq && bytes.Equal(p.atHead, p.head.Hash[:]):
		p.nameEntry(4, l.seq, "the ledger did not write it: the account says that entry %d is the last", p.head.Seq)
		return
	case l.seq > missing:
		p.nameEntry(4, missing, "it is missing, and so are all before entry %d", l.seq)
		p.bad[l.seq-1] = true
		// The hash before this entry went with the missing one: this one cannot be
		// held against it, the next one can.
		w.prev = nil
	}
	if p.head != nil && l.seq == p.head.Seq {
		p.atHead = l.hash
	}
	p.proveHash(w, l)
	p.proveMove(l)
	p.proveParts(l)
	p.proveSigned(l)
	p.last = *l
}

func (p *prover) proveHash(w *walk, l *line) {
	var hash [sha256.Size]byte
	ok := w.prev == nil
	if !ok {
		hash, w.scratch = l.chained(w.prev, w.scratch)
		ok = bytes.Equal(hash[:], l.hash)
	}
	if !ok && w.other != nil {
		// Was it the stored hash of the entry before that somebody changed?
		hash, w.scratch = l.chained(w.other, w.scratch)
		ok = bytes.Equal(hash[:], l.hash)
	}
	w.other = nil
	if !ok {
		p.nameEntry(4, l.seq, "its fields and the hash before it do not make its hash")
		w.other = slices.Clone(hash[:])
	}
	w.prev = l.hash
}

// proveMove checks what the entry moves, and its balances. After a broken entry
// the balances start anew from what is stored.
func (p *prover) proveMove(l *line) {
	p.sums[l.move.debit] -= l.amount
	p.sums[l.move.credit] += l.amount
	follows := !p.bad[l.seq-1]
	available := p.last.available + l.move.changes(Available, l.amount)
	held := p.last.held + l.move.changes(Held, l.amount)
	switch {
	case l.flaw != "":
		p.nameEntry(4, l.seq, "%s", l.flaw)
	case l.amount <= 0:
		p.nameEntry(4, l.seq, "its amount is %s", l.amount)
	case !slices.Contains(moves[l.kind], l.move):
		p.nameEntry(4, l.seq, "%s does not move %s to %s", l.kind, l.move.debit, l.move.credit)
	case follows && l.at < p.last.at:
		p.nameEntry(4, l.seq, "it is older than the entry before")
	case follows && (available != l.available || held != l.held):
		p.nameEntry(1, l.seq, "it says %s available and %s held, the entries make %s and %s", l.available, l.held, available, held)
	case l.available < 0 || l.held < 0:
		p.nameEntry(1, l.seq, "%s available and %s held: neither may be negative", l.available, l.held)
	}
}

// changes is what a move of an amount does to one account.
func (m move) changes(name Name, amount money.Amount) money.Amount {
	switch name {
	case m.debit:
		return -amount
	case m.credit:
		return amount
	}
	return 0
}

// proveParts checks the lot that the entry opened, what it took from lots, and
// its note. What it says of reservations waits for proveMessages.
func (p *prover) proveParts(l *line) {
	if opensLot(l.kind, l.move.credit) {
		p.proveOpened(l)
	}
	needs := l.restores() || l.move.debit == Available && l.kind != Reserve && (l.kind != Expire || l.message.IsZero())
	if needs || l.takes != "" {
		p.proveTaken(l, needs)
	}
	switch {
	case (l.note == nil) != (l.noteDigest == nil):
		p.nameEntry(4, l.seq, "of a note and its digest only one is there")
	case l.note != nil && p.key != nil:
		if _, _, err := openNote(p.key, l); err != nil {
			p.nameEntry(4, l.seq, "its note is not the one that was written")
		}
	}
}

func (p *prover) proveOpened(l *line) {
	opened := p.lots[l.seq]
	switch {
	case opened == nil:
		p.name(4, l.seq, lotRow(l.seq), "it is missing: entry %d opened it", l.seq)
		return
	case p.bad[l.seq]: // which of the two is wrong cannot be said
	case l.kind == Refund:
		p.proveGivenBack(l, &opened.row)
	case !bytes.Equal(opened.row.digest(), l.opens) || opened.row.opened != l.amount:
		p.name(4, l.seq, lotRow(l.seq), "its kind, amount and expiry are not those that entry %d opened", l.seq)
	}
	opened.seen = true
}

func (p *prover) proveTaken(l *line, needs bool) {
	parts, err := parseTakes(l.takes)
	sum, sumErr := parts.sum()
	switch {
	case err != nil || sumErr != nil || !bytes.Equal(takenDigest(l.takes), l.opens):
		p.nameEntry(4, l.seq, "what it took from lots is not what it digests")
	case !needs || sum != l.amount:
		p.nameEntry(5, l.seq, "it took %s from lots, and moves %s", sum, l.amount)
	}
	for _, part := range parts {
		lot := p.lots[part.lot]
		switch {
		case lot == nil:
			p.nameEntry(5, l.seq, "it took from lot %d, which is not there", part.lot)
		case l.kind == Expire:
			lot.expired += part.amount
		case l.restores():
			lot.cancelled -= part.amount
		default:
			lot.cancelled += part.amount
		}
	}
}
