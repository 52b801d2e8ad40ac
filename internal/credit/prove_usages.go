package credit

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"creditmsg/internal/id"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
)

// readUsages streams the usages of the span's messages.
func (p *prover) readUsages(s *span) error {
	where, args := s.where(p.site, "message_id")
	rows, err := p.tx.Query(`SELECT `+names(usageColumns)+` FROM credit_usage`+where+` ORDER BY site_id, message_id, channel`, args...)
	if err != nil {
		return fmt.Errorf("read usages: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		u, err := scanUsage(rows)
		if err != nil {
			return fmt.Errorf("read usages: %w", err)
		}
		switch m := s.found[u.Message]; {
		case u.flaw != nil:
			p.name(3, u.seq, usageRow(u), "%v", u.flaw)
		case m == nil:
			p.name(3, u.seq, usageRow(u), "its message has no reservation")
		default:
			m.usages = append(m.usages, u)
		}
	}
	return rows.Err()
}

func usageRow(u *usage) string { return "usage " + u.ID.Text(id.Usage) }

// proveUsages compares a message's usages with its entries.
func (p *prover) proveUsages(m *messageProof) {
	var cost, refunded money.Amount
	back := p.provePartsBack(m)
	all := "usages of " + m.row.message.Text(id.Message)
	began := map[int64][]*usage{}
	for ch := range provider.Channel(provider.Channels) {
		for _, u := range m.usages {
			if u.Channel != ch {
				continue
			}
			total, err := u.UnitCost.Times(u.Quantity)
			if err != nil || u.Quantity < 0 || u.UnitCost < 0 {
				p.name(3, u.seq, usageRow(u), "%d for %s each", u.Quantity, u.UnitCost)
			}
			cost += total
			refunded += u.RefundAmount
			if u.RefundAmount != back[ch] {
				p.name(3, u.seq, usageRow(u), "it says that %s were refunded, its refunds make %s", u.RefundAmount, back[ch])
			}
			began[u.seq] = append(began[u.seq], u)
		}
	}
	p.usages += cost - refunded
	for _, u := range began[0] {
		if u.UnitCost != 0 {
			p.name(3, 0, usageRow(u), "no entry began it")
		}
	}
	delete(began, 0)
	carried := p.carriesOf(m)
	begins := slices.Concat(slices.Collect(maps.Keys(began)), slices.Collect(maps.Keys(carried)))
	slices.Sort(begins)
	for _, seq := range slices.Compact(begins) {
		us := began[seq]
		if !bytes.Equal(openedDigest(us, carried[seq]), m.opens[seq]) {
			p.name(3, seq, all, "they are not those that began with entry %d: one is changed, missing or was put in", seq)
			p.nameAll(us, "it is not what began with entry %d, or another is not", seq)
			for _, c := range carried[seq] {
				p.name(3, seq, carryRow(c), "it is not what the month began with at entry %d, or another is not", seq)
			}
		}
		delete(m.opens, seq)
	}
	for _, seq := range slices.Sorted(maps.Keys(m.opens)) {
		p.name(3, seq, all, "those that began with entry %d are missing", seq)
	}
	if cost != m.settled {
		p.nameAll(m.usages, "the message's usages make %s, its entries settled %s", cost, m.settled)
	}
	if refunded != m.refunded {
		p.nameAll(m.usages, "the message's usages were refunded %s, its entries say %s", refunded, m.refunded)
	}
}

// nameAll names every usage that may be the broken one.
func (p *prover) nameAll(us []*usage, format string, args ...any) {
	for _, u := range us {
		p.name(3, u.seq, usageRow(u), format, args...)
	}
}

// proveOutcomes compares the span with what the message package says.
func (p *prover) proveOutcomes(s *span) error {
	if p.outcomes == nil || len(s.order) == 0 {
		return nil
	}
	messages := make([]id.ID, len(s.order))
	for i, m := range s.order {
		messages[i] = m.row.message
	}
	said, err := p.outcomes(p.tx, p.site, messages)
	if err != nil {
		return fmt.Errorf("read outcomes: %w", err)
	}
	for _, m := range s.order {
		o, ok := said[m.row.message]
		if !ok {
			p.name(2, m.row.seq, reservationRow(m.row.message), "there is no such message")
			continue
		}
		p.proveOutcome(m, &o)
	}
	return nil
}

func (p *prover) proveOutcome(m *messageProof, o *Outcome) {
	row := reservationRow(m.row.message)
	var charged money.Amount
	for _, cost := range o.Settled {
		charged += cost
	}
	if m.row.open() != o.Open {
		p.name(2, m.row.seq, row, "it holds %s, its recipients that are not final need %s", m.row.open(), o.Open)
	}
	if m.row.settled != charged {
		p.name(2, m.row.seq, row, "it settled %s, its delivered recipients cost %s", m.row.settled, charged)
	}
	for ch := range provider.Channel(provider.Channels) {
		var have Usage
		name := "usage of " + m.row.message.Text(id.Message) + " by " + ch.String()
		for _, u := range m.usages {
			if u.Channel == ch {
				have, name = u.Usage, usageRow(u)
			}
		}
		cost, _ := have.UnitCost.Times(have.Quantity) // an overflow is named by proveUsages
		if cost != o.Settled[ch] || have.Quantity != o.Count[ch] {
			p.name(3, m.row.seq, name, "it counts %d recipients for %s, %d were delivered by %s for %s",
				have.Quantity, cost, o.Count[ch], ch, o.Settled[ch])
		}
	}
}
