package credit

import (
	"bytes"
	"database/sql"
	"fmt"
	"maps"
	"slices"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
)

// refundProof is a refund with what its entries say of it.
type refundProof struct {
	row    *refund
	parts  takes
	seq    int64 // of its first entry
	posted money.Amount
	lots   map[string]money.Amount // what came back, by the kind of lot
	of     bool                    // its message is there
}

// readRefunds reads the refunds of the site: like lots they are few beside entries.
func (p *prover) readRefunds() error {
	rows, err := p.tx.Query(`SELECT `+names(refundColumns)+`, COALESCE(LENGTH(idem), 1) > 0 FROM credit_refund WHERE site_id = ? ORDER BY site_id, id`, p.site)
	found, err := db.Collect(rows, err, func(rows *sql.Rows) (*refund, error) {
		var tidy bool
		r, err := scanRefund(rows, &tidy)
		if !tidy {
			r.flaw = "an absent value is stored as an empty one"
		}
		return r, err
	})
	if err != nil {
		return fmt.Errorf("read refunds: %w", err)
	}
	for _, r := range found {
		parts, err := parseTakes(r.takes)
		if err != nil {
			parts = nil // the digest tells
		}
		p.refunds[r.ID] = &refundProof{row: r, parts: parts, lots: map[string]money.Amount{}}
	}
	return nil
}

func refundRow(d id.ID) string { return "refund " + d.Text(id.Refund) }

// proveGivenBack compares an entry with the refund that it is of and the lot that it opened.
func (p *prover) proveGivenBack(l *line, opened *lot) {
	d, err := id.Parse(id.Refund, l.ref)
	r := p.refunds[d]
	if err != nil || r == nil {
		p.name(3, l.seq, "refund "+l.ref, "it is missing: entry %d is of it", l.seq)
		return
	}
	if r.seq == 0 {
		r.seq = l.seq
	}
	switch {
	case !bytes.Equal(r.row.digest(opened), l.opens) || opened.opened != l.amount:
		p.name(4, l.seq, refundRow(d), "it and %s are not what entry %d says", lotRow(l.seq), l.seq)
		p.name(4, l.seq, lotRow(l.seq), "it and the refund are not what entry %d says", l.seq)
	case r.row.Message != l.message:
		// The digest vouches for the refund, and the ref for which one it is.
		p.nameEntry(3, l.seq, "it is of another message than its refund")
	case r.row.At != l.at:
		p.name(3, l.seq, refundRow(d), "its time is not that of entry %d", l.seq)
	}
	r.posted += l.amount
	r.lots[opened.kind] += l.amount
}

// provePartsBack checks that the refunds of a message came out of what it had spent, and
// gives their sums by channel.
func (p *prover) provePartsBack(m *messageProof) (back [provider.Channels]money.Amount) {
	var of []*refundProof
	for _, d := range m.refunds {
		of = append(of, p.refunds[d])
	}
	if len(of) == 0 {
		return back
	}
	spent := map[int64]money.Amount{}
	for _, part := range m.parts.cut(0, m.settled) {
		spent[part.lot] += part.amount
	}
	for _, r := range of {
		r.of = true
		back[r.row.Channel] += r.row.Amount
		for _, part := range r.parts {
			if spent[part.lot] -= part.amount; spent[part.lot] < 0 {
				p.name(5, r.seq, refundRow(r.row.ID), "its message did not spend so much of lot %d", part.lot)
			}
		}
	}
	return back
}

// proveRefunds compares every refund with its entries and the lots that these opened.
func (p *prover) proveRefunds() {
	for _, d := range slices.SortedFunc(maps.Keys(p.refunds), func(a, b id.ID) int { return bytes.Compare(a[:], b[:]) }) {
		r := p.refunds[d]
		sum, err := r.parts.sum()
		lots := map[string]money.Amount{}
		for _, part := range r.parts {
			if l := p.lots[part.lot]; l != nil {
				lots[l.row.kind] += part.amount
			}
		}
		switch {
		case r.row.flaw != "":
			p.name(4, r.seq, refundRow(d), "%s", r.row.flaw)
		case r.seq == 0:
			p.name(3, 0, refundRow(d), "no entry made it")
		case !r.of:
			p.name(3, r.seq, refundRow(d), "its message has no reservation")
		case r.row.Amount != r.posted || err != nil || sum != r.row.Amount:
			p.name(3, r.seq, refundRow(d), "it is of %s; its entries make %s and its takes %s", r.row.Amount, r.posted, sum)
		case !maps.Equal(lots, r.lots):
			p.name(5, r.seq, refundRow(d), "what came back is not of the kinds that were spent")
		}
	}
}
