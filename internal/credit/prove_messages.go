package credit

import (
	"bytes"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"math/big"
	"slices"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
)

// messageProof is a reservation with what entries and usages say of it.
type messageProof struct {
	row      reservation
	tidy     bool // what is absent is NULL
	parts    takes
	reserved int64 // seq of its reserve entry
	settled  money.Amount
	released money.Amount
	refunded money.Amount
	due      money.Amount     // released into expired lots and not booked as expired yet
	opens    map[int64][]byte // digests of the usages that began with an entry
	usages   []*usage
	refunds  []id.ID
}

// proveMessages goes through reservations, the entries about them, usages and
// outcomes side by side, all in the order of messages: laws 2, 3 and 5.
func (p *prover) proveMessages() error {
	var after id.ID
	for {
		s := span{after: after, found: map[id.ID]*messageProof{}}
		if err := p.readSpan(&s); err != nil {
			return err
		}
		if err := p.replay(&s); err != nil {
			return err
		}
		if err := p.readUsages(&s); err != nil {
			return err
		}
		for _, m := range s.order {
			p.proveMessage(m)
		}
		if err := p.proveOutcomes(&s); err != nil {
			return err
		}
		if s.until.IsZero() {
			return nil
		}
		after = s.until
	}
}

// span is a range of message ids: after the one, until the other; zero is open.
type span struct {
	after, until id.ID
	order        []*messageProof
	found        map[id.ID]*messageProof
}

// where limits a query to the span's range of a column.
func (s *span) where(site, column string) (clause string, args []any) {
	clause, args = ` WHERE site_id = ?`, []any{site}
	if !s.after.IsZero() {
		clause, args = clause+` AND `+column+` > ?`, append(args, s.after)
	}
	if !s.until.IsZero() {
		clause, args = clause+` AND `+column+` <= ?`, append(args, s.until)
	}
	return clause, args
}

func (p *prover) readSpan(s *span) error {
	where, args := s.where(p.site, "message_id")
	rows, err := p.tx.Query(`SELECT `+names(reservationColumns)+`, COALESCE(LENGTH(digest), 1) > 0 FROM reservation`+where+
		` ORDER BY site_id, message_id LIMIT ?`, append(args, p.chunk)...)
	s.order, err = db.Collect(rows, err, func(rows *sql.Rows) (*messageProof, error) {
		m := &messageProof{opens: map[int64][]byte{}}
		err := rows.Scan(append(m.row.fields(), &m.tidy)...)
		return m, err
	})
	if err != nil {
		return fmt.Errorf("read reservations: %w", err)
	}
	for _, m := range s.order {
		if m.parts, err = parseTakes(m.row.takes); err != nil {
			m.parts = nil // the digest tells
		}
		s.found[m.row.message] = m
	}
	if len(s.order) == p.chunk {
		s.until = s.order[p.chunk-1].row.message
	}
	return nil
}

// replay streams the entries about the span's messages, in order per message.
func (p *prover) replay(s *span) error {
	where, args := s.where(p.site, "subject")
	rows, err := p.tx.Query(`SELECT `+lineColumns+` FROM entry`+where+` AND subject IS NOT NULL ORDER BY site_id, subject, seq`, args...)
	if err != nil {
		return fmt.Errorf("read entries of messages: %w", err)
	}
	defer rows.Close()
	var orphan id.ID
	for rows.Next() {
		l, err := scanLine(rows)
		if err != nil {
			return fmt.Errorf("read entries of messages: %w", err)
		}
		m := s.found[l.message]
		switch {
		case l.message.IsZero(): // the subject stands for a key
		case m != nil:
			p.replayLine(m, &l)
		case orphan != l.message:
			orphan = l.message
			p.name(2, l.seq, reservationRow(l.message), "it is missing: entry %d is about it", l.seq)
		}
	}
	return rows.Err()
}

func reservationRow(m id.ID) string { return "reservation " + m.Text(id.Message) }

// replayLine lets one entry act on its reservation and lots. The chain vouches
// for the entry, so it is the reservation that does not fit.
func (p *prover) replayLine(m *messageProof, l *line) {
	row := reservationRow(l.message)
	if l.opens != nil && l.kind != Reserve && l.kind != Refund {
		m.opens[l.seq] = l.opens
	}
	switch l.kind {
	case Reserve:
		sum, _ := m.row.digest(nil)
		switch {
		case m.reserved != 0:
			p.name(2, l.seq, row, "entry %d reserves it again, after entry %d", l.seq, m.reserved)
		case p.bad[l.seq]: // which of the two is wrong cannot be said
		case m.row.seq != l.seq || m.row.reserved != l.amount || !bytes.Equal(sum[:], l.opens):
			p.name(4, l.seq, row, "it is not what entry %d opened", l.seq)
		}
		m.reserved = l.seq
	case Settle:
		p.toLots(m, l, m.settled, m.settled+l.amount, func(lot *lotProof, part money.Amount) { lot.spent += part })
		m.settled += l.amount
	case Release:
		end := m.row.reserved - m.released
		p.toLots(m, l, end-l.amount, end, func(lot *lotProof, part money.Amount) {
			if lot.row.over(l.at) {
				lot.expired += part
				m.due += part
			}
		})
		m.released += l.amount
	case Expire:
		if l.amount != m.due {
			p.name(2, l.seq, row, "entry %d says %s expired, but %s came back into expired lots", l.seq, l.amount, m.due)
		}
		m.due = 0
	case Refund:
		m.refunded += l.amount
		if d, err := id.Parse(id.Refund, l.ref); err == nil && p.refunds[d] != nil && !slices.Contains(m.refunds, d) {
			m.refunds = append(m.refunds, d)
		}
	default:
		p.name(2, l.seq, row, "entry %d of kind %s is not of a message", l.seq, l.kind)
	}
}

// toLots moves a range of a reservation's takes into the sums of their lots.
func (p *prover) toLots(m *messageProof, l *line, from, to money.Amount, put func(*lotProof, money.Amount)) {
	if from < 0 || to > m.row.reserved || m.settled+m.released+l.amount > m.row.reserved {
		p.name(2, l.seq, reservationRow(l.message), "entry %d moves more than it still has", l.seq)
	}
	for _, part := range m.parts.cut(from, to) {
		if lot := p.lots[part.lot]; lot != nil {
			put(lot, part.amount)
		}
	}
}

// proveMessage compares a reservation with the replay and its usages.
func (p *prover) proveMessage(m *messageProof) {
	r := &m.row
	p.open += r.open()
	for _, part := range m.parts.cut(m.settled, r.reserved-m.released) {
		if lot := p.lots[part.lot]; lot != nil {
			lot.held += part.amount
		}
	}
	sum, err := m.parts.sum()
	row := reservationRow(r.message)
	switch {
	case r.reserved == 0 && r.seq == 0:
		p.proveFreeRow(r)
	case m.reserved == 0:
		p.name(2, r.seq, row, "it has no entry: nothing reserved it")
	case r.free != nil || !m.tidy:
		p.name(4, r.seq, row, "it has a digest beside the one of its entry")
	case err != nil || sum != r.reserved:
		p.name(2, r.seq, row, "its takes are not %s together", r.reserved)
	}
	switch {
	case r.settled != m.settled || r.released != m.released:
		p.name(2, r.seq, row, "it says %s settled and %s released, the entries say %s and %s", r.settled, r.released, m.settled, m.released)
	case r.open() < 0 || r.settled < 0 || r.released < 0:
		p.name(2, r.seq, row, "%s settled and %s released of %s", r.settled, r.released, r.reserved)
	case m.due != 0:
		p.name(2, r.seq, row, "%s came back into expired lots and was not booked as expired", m.due)
	}
	p.proveUsages(m)
}

// proveFreeRow checks a reservation that holds nothing: it has no entry, so it
// carries its digest itself, and the account the sum of all.
func (p *prover) proveFreeRow(r *reservation) {
	sum, _ := r.digest(nil)
	p.frees++
	addDigest(&p.free, &sum)
	switch {
	case p.head == nil:
		p.name(4, 0, reservationRow(r.message), "its site has no account")
	case !bytes.Equal(r.free, sum[:]) || r.takes != "":
		p.freeBad = true
		p.name(4, 0, reservationRow(r.message), "it does not match its digest")
	}
}

// proveFree compares the reservations that hold nothing with the account's
// count and sum, and finds the one that was put in or is gone.
func (p *prover) proveFree() error {
	if p.head == nil || p.freeBad || p.frees == p.head.frees && p.free == p.head.free {
		return nil
	}
	switch {
	case p.free == p.head.free: // only the count is wrong
	case p.frees == p.head.frees-1:
		// Modulo 2^256 the difference of the sums is the digest of what is gone.
		gone := new(big.Int).Sub(new(big.Int).SetBytes(p.head.free[:]), new(big.Int).SetBytes(p.free[:]))
		gone.Mod(gone, new(big.Int).Lsh(big.NewInt(1), 8*sha256.Size))
		p.name(4, 0, "reservation of digest "+hex.EncodeToString(gone.FillBytes(make([]byte, sha256.Size))),
			"it is missing: it held nothing, and the account counts it")
		return nil
	case p.frees == p.head.frees+1:
		return p.findIntruder()
	}
	p.name(4, p.head.Seq, "account", "it counts %d reservations that hold nothing, there are %d; or their sum differs", p.head.frees, p.frees)
	return nil
}

// findIntruder names the reservation without which the account's sum is right.
func (p *prover) findIntruder() error {
	rows, err := p.tx.Query(`SELECT `+names(reservationColumns)+` FROM reservation
		WHERE site_id = ? AND seq = 0 ORDER BY site_id, message_id`, p.site)
	if err != nil {
		return fmt.Errorf("read reservations that hold nothing: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		r, err := scanReservation(rows)
		if err != nil {
			return fmt.Errorf("read reservations that hold nothing: %w", err)
		}
		with := p.head.free
		sum, _ := r.digest(nil)
		if addDigest(&with, &sum); with == p.free {
			p.name(4, 0, reservationRow(r.message), "it was not written by the ledger")
			return nil
		}
	}
	p.name(4, p.head.Seq, "account", "it counts %d reservations that hold nothing, there are %d", p.head.frees, p.frees)
	return rows.Err()
}
