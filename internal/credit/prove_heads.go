package credit

import (
	"crypto/ed25519"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"creditmsg/internal/db"
	"creditmsg/internal/korea"
	"creditmsg/internal/site"
)

// headProof is a signed head with what the chain says of it.
type headProof struct {
	Head
	met bool // the walk came to the entry that it signs
}

func headRow(day string) string { return "head " + day }

// readHeads reads the signed heads of the site and proves their signatures. There is one for
// each day on which the chain grew, so they are few beside entries.
func (p *prover) readHeads(keys *site.Keys) error {
	signers, err := keys.Signers(p.tx)
	if err != nil {
		return err
	}
	public := map[string]ed25519.PublicKey{}
	for _, s := range signers {
		public[s.ID] = s.Public
	}
	rows, err := p.tx.Query(`SELECT `+headColumns+` FROM credit_head WHERE site_id = ? ORDER BY site_id, kst_day`, p.site)
	heads, err := db.Collect(rows, err, scanHead)
	if err != nil {
		return fmt.Errorf("read heads: %w", err)
	}
	for i := range heads {
		h := &headProof{Head: heads[i]}
		switch {
		case public[h.KeyID] == nil:
			p.name(4, h.Seq, headRow(h.Day), "it was signed by the key %s, which is none of this installation's", h.KeyID)
		case !h.SignedBy(public[h.KeyID]):
			p.name(4, h.Seq, headRow(h.Day), "its signature is not that of its fields")
		case p.heads[h.Seq] != nil:
			p.name(4, h.Seq, headRow(h.Day), "it signs entry %d, as that of %s does", h.Seq, p.heads[h.Seq].Day)
		default:
			p.heads[h.Seq] = h
			p.signedDay = max(p.signedDay, h.Day)
		}
	}
	return nil
}

// proveSigned compares an entry with the head that signs it, and sees to it that no day
// before the last signed one is without. It comes before the entry is the last one.
func (p *prover) proveSigned(l *line) {
	day := korea.Day(l.at.Time())
	if last := korea.Day(p.last.at.Time()); p.last.seq > 0 && last < day {
		p.proveDay(last)
	}
	h := p.heads[l.seq]
	if h == nil {
		return
	}
	h.met = true
	switch {
	case h.Hash != hex.EncodeToString(l.hash):
		p.name(4, l.seq, headRow(h.Day), "what it signs is not entry %d as it stands: the chain was rewritten after that day", l.seq)
	case h.Available != l.available || h.Held != l.held || h.Spent != p.sums[Spent]:
		p.name(4, l.seq, headRow(h.Day), "it signs %s available, %s held and %s spent; the entries say %s, %s and %s",
			h.Available, h.Held, h.Spent, l.available, l.held, p.sums[Spent])
	case h.Day != day:
		p.name(4, l.seq, headRow(h.Day), "it signs entry %d, which is of %s", l.seq, day)
	}
}

// proveDay proves that a day which is over, and before the last signed one, is signed by a
// head of its last entry.
func (p *prover) proveDay(day string) {
	if day < p.signedDay && p.heads[p.last.seq] == nil && !p.bad[p.last.seq] {
		p.name(4, p.last.seq, headRow(day), "it is missing, or does not sign the last entry of its day, which is entry %d", p.last.seq)
	}
}

// proveHeads names the heads to whose entries the walk did not come, or that sign one which
// is not the last of its day.
func (p *prover) proveHeads() {
	for _, seq := range slices.Sorted(maps.Keys(p.heads)) {
		if h := p.heads[seq]; !h.met {
			p.name(4, seq, headRow(h.Day), "it signs entry %d, which is not there: the chain was cut after that day", seq)
		}
	}
}

// readCarries reads the carries of the site, which are few.
func (p *prover) readCarries() error {
	rows, err := p.tx.Query(`SELECT `+names(carryColumns)+` FROM credit_carry WHERE site_id = ? ORDER BY site_id, kst_month, message_id, channel`, p.site)
	list, err := db.Collect(rows, err, scanCarry)
	if err != nil {
		return fmt.Errorf("read carries: %w", err)
	}
	for _, c := range list {
		if c.flaw != nil {
			p.name(3, c.seq, carryRow(c), "%v", c.flaw)
		}
		p.carries[c.message] = append(p.carries[c.message], c)
	}
	return nil
}

func carryRow(c *carry) string {
	return "carry " + c.month + " of " + reservationRow(c.message) + " by " + c.channel.String()
}

// carriesOf takes the carries of a message, by the entry that they begin with.
func (p *prover) carriesOf(m *messageProof) map[int64][]*carry {
	out := map[int64][]*carry{}
	for _, c := range p.carries[m.row.message] {
		out[c.seq] = append(out[c.seq], c)
	}
	delete(p.carries, m.row.message)
	for _, cs := range out {
		slices.SortFunc(cs, func(a, b *carry) int { return int(a.channel) - int(b.channel) })
	}
	return out
}

// proveCarries names the carries of messages that are not there.
func (p *prover) proveCarries() {
	for _, cs := range p.carries {
		for _, c := range cs {
			p.name(3, c.seq, carryRow(c), "its message has no reservation")
		}
	}
}
