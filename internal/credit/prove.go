package credit

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/site"
)

const (
	proveChunk = 500   // reservations that are looked at together
	maxBroken  = 1_000 // broken rows of one site that are named
)

// Outcome is what the message package says of one message's recipients.
type Outcome struct {
	Message id.ID
	Open    money.Amount                    // Σ hold of recipients that are not final
	Settled [provider.Channels]money.Amount // Σ price of recipients delivered by each channel
	Count   [provider.Channels]int64        // recipients delivered by each channel
}

// Outcomes answers for messages of a site, inside the snapshot of a proof. A
// message that it does not know is missing from the map.
type Outcomes func(tx *db.Tx, site string, messages []id.ID) (map[id.ID]Outcome, error)

// Broken names a row that breaks a law.
type Broken struct {
	Site     string
	Law      int    // of doc.go, 1–5
	EntrySeq int64  // the entry itself, or the one that opened the row; 0 when there is none
	Row      string // such as "entry 17", "lot 3", "reservation msg_…", "usage …", "account"
	Detail   string // what is wrong with it
}

// Proof is the result of Prove.
type Proof struct {
	Sites   int
	Entries int64
	Broken  []Broken // empty when every law holds; the first thousand of each site
}

// Prove checks the laws of doc.go for the sites, for all with nil, one
// consistent snapshot per site. It reads in streams: memory holds a chunk of
// reservations and a line per lot of the site, never its entries. A broken law
// is part of the proof, not an error. o joins in the recipients; nil leaves out
// what only they can tell.
func (l *Ledger) Prove(ctx context.Context, d *db.DB, sites []string, o Outcomes) (Proof, error) {
	if sites == nil {
		err := d.Snapshot(ctx, "credit_sites", func(tx *db.Tx) (err error) {
			sites, err = everySite(tx)
			return err
		})
		if err != nil {
			return Proof{}, fmt.Errorf("prove the ledger: %w", err)
		}
	}
	var proof Proof
	for _, s := range sites {
		var p *prover
		err := d.Snapshot(ctx, "credit_prove", func(tx *db.Tx) (err error) {
			p = &prover{tx: tx, site: s, chunk: proveChunk, outcomes: o}
			return p.run(l.keys)
		})
		if err != nil {
			return proof, fmt.Errorf("prove the ledger of %s: %w", s, err)
		}
		proof.Sites++
		proof.Entries += p.entries
		proof.Broken = append(proof.Broken, p.broken...)
	}
	return proof, nil
}

// everySite lists the sites, and whatever else a row of the ledger says it
// belongs to: a row that was moved to a site that does not exist is found too.
func everySite(tx *db.Tx) ([]string, error) {
	found := map[string]bool{}
	for _, table := range []string{"account", "entry", "lot", "reservation", "credit_usage", "credit_refund", "credit_head", "credit_carry"} {
		if err := owners(tx, table, found); err != nil {
			return nil, err
		}
	}
	for after := ""; ; {
		page, err := site.List(tx, after, proveChunk)
		if err != nil {
			return nil, err
		}
		if len(page) == 0 {
			return slices.Sorted(maps.Keys(found)), nil
		}
		for _, s := range page {
			found[s.ID] = true
		}
		after = page[len(page)-1].ID
	}
}

// owners skips through the table's key from one site to the next.
func owners(tx *db.Tx, table string, found map[string]bool) error {
	query := `SELECT MIN(site_id) FROM ` + table
	var args []any
	for {
		var next sql.NullString
		if err := tx.QueryRow(query, args...).Scan(&next); err != nil {
			return fmt.Errorf("list sites of %s: %w", table, err)
		}
		if !next.Valid {
			return nil
		}
		found[next.String] = true
		query, args = `SELECT MIN(site_id) FROM `+table+` WHERE site_id > ?`, []any{next.String}
	}
}

// prover checks one site inside its snapshot.
type prover struct {
	tx       *db.Tx
	site     string
	key      *site.Key // opens the notes; nil when it was erased
	chunk    int
	outcomes Outcomes

	head    *account // nil when the row is missing
	lots    map[int64]*lotProof
	refunds map[id.ID]*refundProof
	carries map[id.ID][]*carry    // of messages that were not looked at yet
	heads   map[int64]*headProof  // by the entry that each signs
	sums    map[Name]money.Amount // by entries
	last    line                  // the newest entry
	atHead  []byte                // hash of the entry that the head names
	bad     map[int64]bool        // entries that are named already
	entries int64
	open    money.Amount // by reservations
	usages  money.Amount // cost minus refunds
	frees   int64        // reservations that hold nothing
	free    [32]byte     // the sum of their digests
	freeBad bool         // one of them is named
	broken  []Broken

	signedDay string // of the newest head
}

// lotProof is a lot with what the entries and reservations say of it.
type lotProof struct {
	row                             lot
	live                            bool // as stored
	held, spent, expired, cancelled money.Amount
	seen                            bool // the entry that opened it
}

func (p *prover) run(keys *site.Keys) error {
	p.lots, p.refunds = map[int64]*lotProof{}, map[id.ID]*refundProof{}
	p.heads, p.carries = map[int64]*headProof{}, map[id.ID][]*carry{}
	p.sums, p.bad = map[Name]money.Amount{}, map[int64]bool{}
	var err error
	if p.key, err = keys.Site(p.tx, p.site); err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	for _, step := range []func() error{
		p.readHead,
		p.readLots,
		p.readRefunds,
		p.readCarries,
		func() error { return p.readHeads(keys) },
		p.proveChain,
		p.proveMessages,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	p.proveHead()
	p.proveHeads()
	p.proveCarries()
	p.proveLots()
	p.proveRefunds()
	p.proveSums()
	return p.proveFree()
}

// name records a broken row.
func (p *prover) name(law int, seq int64, row, format string, args ...any) {
	if len(p.broken) < maxBroken {
		p.broken = append(p.broken, Broken{p.site, law, seq, row, fmt.Sprintf(format, args...)})
	}
}

// nameEntry records a broken entry, once.
func (p *prover) nameEntry(law int, seq int64, format string, args ...any) {
	if !p.bad[seq] {
		p.name(law, seq, entryRow(seq), format, args...)
		if len(p.bad) < maxBroken {
			p.bad[seq] = true
		}
	}
}

func entryRow(seq int64) string { return fmt.Sprintf("entry %d", seq) }
func lotRow(seq int64) string   { return fmt.Sprintf("lot %d", seq) }

func (p *prover) readHead() error {
	rows, err := p.tx.Lookup("account", accountColumns, db.Col("site_id", []string{p.site}))
	heads, err := db.Collect(rows, err, scanAccount)
	if err != nil {
		return err
	}
	if len(heads) > 0 {
		p.head = &heads[0]
	}
	return nil
}

func (p *prover) readLots() error {
	rows, err := p.tx.Query(`SELECT `+names(lotColumns)+`, live FROM lot WHERE site_id = ? ORDER BY site_id, seq`, p.site)
	if err != nil {
		return fmt.Errorf("read lots: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var l lotProof
		if err := rows.Scan(append(l.row.fields(), &l.live)...); err != nil {
			return fmt.Errorf("read lots: %w", err)
		}
		p.lots[l.row.seq] = &l
	}
	return rows.Err()
}

// proveHead compares the account row with the last entry.
func (p *prover) proveHead() {
	switch {
	case p.head == nil:
		p.name(4, 0, "account", "the row is missing; %d entries and %d lots are there", p.entries, len(p.lots))
		return
	case p.head.flaw != nil:
		p.name(4, p.head.Seq, "account", "%s", p.head.flaw)
		return
	case p.head.Seq != p.last.seq && bytes.Equal(p.head.Hash[:], p.lastHash()):
		p.name(4, p.head.Seq, "account", "it says that entry %d is the last, but its hash is that of entry %d", p.head.Seq, p.last.seq)
		return
	case p.head.Seq > p.last.seq:
		p.nameEntry(4, p.last.seq+1, "it is missing: the account says that entry %d is the last", p.head.Seq)
		return
	case p.bad[p.last.seq]:
		return // the head cannot agree with an entry that is broken itself
	case !bytes.Equal(p.head.Hash[:], p.lastHash()):
		p.name(4, p.head.Seq, "account", "its hash is not that of the last entry")
	case p.head.at != p.last.at:
		p.name(4, p.head.Seq, "account", "its time is not that of the last entry")
	case p.head.Available != p.last.available || p.head.Held != p.last.held:
		p.name(1, p.head.Seq, "account", "it has %s available and %s held, the last entry says %s and %s",
			p.head.Available, p.head.Held, p.last.available, p.last.held)
	}
}

// lastHash is the newest entry's, zeros before the first.
func (p *prover) lastHash() []byte {
	if p.last.seq == 0 {
		return make([]byte, 32)
	}
	return p.last.hash
}

// proveLots compares every lot with what happened to it.
func (p *prover) proveLots() {
	var remaining money.Amount
	for _, seq := range slices.Sorted(maps.Keys(p.lots)) {
		l := p.lots[seq]
		r := &l.row
		remaining += r.remaining
		rest := r.opened - l.held - l.spent - l.expired - l.cancelled
		switch {
		case !l.seen:
			p.name(5, seq, lotRow(seq), "no entry opened it")
		case r.opened != r.remaining+r.held+r.spent+r.expired+r.cancelled:
			p.name(5, seq, lotRow(seq), "opened %s, but remaining %s, held %s, spent %s, expired %s and cancelled %s are not that together",
				r.opened, r.remaining, r.held, r.spent, r.expired, r.cancelled)
		case r.remaining != rest || r.held != l.held || r.spent != l.spent || r.expired != l.expired || r.cancelled != l.cancelled:
			p.name(5, seq, lotRow(seq),
				"it says remaining %s, held %s, spent %s, expired %s, cancelled %s; entries and reservations say %s, %s, %s, %s, %s",
				r.remaining, r.held, r.spent, r.expired, r.cancelled, rest, l.held, l.spent, l.expired, l.cancelled)
		case l.live != r.live():
			p.name(5, seq, lotRow(seq), "its mark of being live is wrong")
		}
	}
	if p.head != nil && remaining != p.head.Available {
		p.name(1, p.head.Seq, "account", "it has %s available, its lots have %s", p.head.Available, remaining)
	}
}

// proveSums compares the account with the sums over all rows.
func (p *prover) proveSums() {
	if p.head == nil {
		return
	}
	a := p.head
	differs := func(law int, have, want money.Amount, what, who string) {
		if have != want {
			p.name(law, a.Seq, "account", "it has %s %s, its %s make %s", have, what, who, want)
		}
	}
	if a.Available < 0 || a.Held < 0 {
		p.name(1, a.Seq, "account", "%s available and %s held: neither may be negative", a.Available, a.Held)
	}
	differs(1, a.Available, p.sums[Available], "available", "entries")
	differs(1, a.Held, p.sums[Held], "held", "entries")
	differs(1, a.Held, p.open, "held", "reservations")
	differs(3, a.Spent, p.sums[Spent], "spent", "entries")
	differs(3, a.Owed, -p.sums[Receivables], "owed", "entries")
	differs(3, a.Spent, p.usages, "spent", "usages")
	var all money.Amount
	for _, balance := range p.sums {
		all += balance
	}
	differs(3, all, 0, "in all accounts together", "entries")
}
