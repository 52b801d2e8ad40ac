package credit

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
)

// Kind is what an entry does.
type Kind string

// The kinds of entries.
const (
	Payment       Kind = "payment"        // credit that was paid for
	Bonus         Kind = "bonus"          // credit given on top
	Adjustment    Kind = "adjustment"     // an operator's correction, the only kind that goes both ways
	Reserve       Kind = "reserve"        // a message holds its worst case
	Settle        Kind = "settle"         // deliveries are charged
	Release       Kind = "release"        // what was held and not used comes back
	Refund        Kind = "refund"         // what was charged comes back
	PaymentCancel Kind = "payment_cancel" // what was paid goes back
	Expire        Kind = "expire"         // credit of a lot past its expiry is lost
	Receivable    Kind = "receivable"     // credit that was cancelled after it was spent
)

// Name is an account of a site: one side of an entry.
type Name string

// The names of accounts. Available, held and spent are the purse; the others
// count where credit came from and went to.
const (
	Available   Name = "available"
	Held        Name = "held"
	Spent       Name = "spent"
	Cash        Name = "cash"
	BonusGiven  Name = "bonus"
	Adjusted    Name = "adjustment"
	Breakage    Name = "breakage"
	Receivables Name = "receivable"
)

// move is the debit and credit account of an entry.
type move struct{ debit, credit Name }

// moves is the closed list of what each kind may move; the first is its usual one.
var moves = map[Kind][]move{
	Payment:       {{Cash, Available}},
	Bonus:         {{BonusGiven, Available}},
	Adjustment:    {{Adjusted, Available}, {Available, Adjusted}},
	Reserve:       {{Available, Held}},
	Settle:        {{Held, Spent}},
	Release:       {{Held, Available}},
	Refund:        {{Spent, Available}},
	PaymentCancel: {{Available, Cash}, {Available, BonusGiven}, {Cash, Available}, {BonusGiven, Available}},
	Expire:        {{Available, Breakage}},
	Receivable:    {{Receivables, Cash}, {Available, Receivables}},
}

// opensLot reports whether an entry brings credit that was not there before.
// A release and a cancellation that is undone give back to the lots that the credit came from.
func opensLot(kind Kind, credit Name) bool {
	return credit == Available && kind != Release && kind != PaymentCancel
}

// restores reports whether an entry undoes what a cancelled payment took.
func (l *line) restores() bool { return l.kind == PaymentCancel && l.move.credit == Available }

// Entry is one line of a site's ledger. An account's balance is its credits
// minus its debits.
type Entry struct {
	Site           string
	Seq            int64 // gapless from 1 within the site
	Kind           Kind
	Amount         money.Amount // always > 0
	Debit, Credit  Name
	AvailableAfter money.Amount // the site's balances once this entry stands
	HeldAfter      money.Amount
	Ref            string  // what it is about: msg_…, rfd_…, or what the caller of Add gave
	Key            string  // the caller's idempotency key, of top-ups
	Note           string  // free text, stored sealed
	NoteKey        string  // hex, the key of NoteDigest: who has it and the note can prove the note
	At             db.Time // never before the previous entry's
	NoteDigest     string  // hex HMAC-SHA256 of the note, empty without one
	OpensDigest    string  // hex SHA-256 of the immutable part of what it opens or takes
	PrevHash       string  // hex hash of the previous entry, zeros before the first
	Hash           string  // hex SHA-256, as doc.go says
}

// line is an entry as it is stored. Its previous hash is not: that is the hash
// of the line before.
type line struct {
	site            string
	seq             int64
	kind            Kind
	amount          money.Amount
	move            move
	available, held money.Amount
	message         id.ID // of entries about a message; their ref is its text, that of a refund its own
	ref, key        string
	at              db.Time
	note            []byte // sealed: the HMAC key, then the text
	noteDigest      []byte
	opens           []byte
	takes           string // what it took from lots without a reservation, or gave back to them
	hash            []byte
	flaw            string // what no writer of the ledger stores, seen on reading
}

// about is the ref of the entry.
func (l *line) about() string {
	if l.message.IsZero() || l.kind == Refund {
		return l.ref
	}
	return l.message.Text(id.Message)
}

// chained gives the hash of the entry after one with the hash prev. scratch is
// room to build the hashed bytes in, and is returned for the next one.
func (l *line) chained(prev, scratch []byte) (hash [sha256.Size]byte, room []byte) {
	b := append(scratch[:0], prev...)
	b = strconv.AppendInt(b, l.seq, 10)
	b = append(append(b, '\n'), l.kind...)
	b = appendExact(append(b, '\n'), l.amount)
	b = append(append(b, '\n'), l.move.debit...)
	b = append(append(b, '\n'), l.move.credit...)
	b = appendExact(append(b, '\n'), l.available)
	b = appendExact(append(b, '\n'), l.held)
	b = append(append(b, '\n'), l.about()...)
	b = append(append(b, '\n'), l.key...)
	b = strconv.AppendInt(append(b, '\n'), int64(l.at), 10)
	b = hex.AppendEncode(append(b, '\n'), l.noteDigest)
	b = hex.AppendEncode(append(b, '\n'), l.opens)
	return sha256.Sum256(b), b
}

// subjectOf is what a keyed entry is found by: messages and keys share one
// index, so that holds, which have no key, do not pay for a second one.
func subjectOf(key string) (s id.ID) {
	sum := sha256.Sum256([]byte(key))
	copy(s[:], sum[:])
	return s
}

// subject is the stored form of message and key, of which an entry has one at most.
func (l *line) subject() id.ID {
	if l.key != "" {
		return subjectOf(l.key)
	}
	return l.message
}

// lineColumns ends in whether what is absent is NULL: not every driver tells
// empty bytes from NULL.
const lineColumns = `site_id, seq, kind, amount, debit, credit, available_after, held_after,
	subject, ref, idem, at, note, note_digest, opens_digest, takes, hash,
	COALESCE(LENGTH(ref), 1) > 0 AND COALESCE(LENGTH(idem), 1) > 0 AND COALESCE(LENGTH(takes), 1) > 0 AND
	COALESCE(LENGTH(note), 1) > 0 AND COALESCE(LENGTH(note_digest), 1) > 0 AND COALESCE(LENGTH(opens_digest), 1) > 0`

// scanLine reads a line. What only a foreign hand can have stored becomes its
// flaw, not an error: a proof goes on to name it.
func scanLine(rows *sql.Rows) (line, error) {
	var l line
	var subject id.ID
	var tidy bool
	err := rows.Scan(&l.site, &l.seq, &l.kind, &l.amount, &l.move.debit, &l.move.credit, &l.available, &l.held,
		&subject, db.Maybe(&l.ref), db.Maybe(&l.key), &l.at, &l.note, &l.noteDigest, &l.opens, db.Maybe(&l.takes), &l.hash, &tidy)
	switch {
	case !tidy:
		l.flaw = "an absent value is stored as an empty one"
	case l.key != "" && subject != subjectOf(l.key):
		l.flaw = "the subject is not that of the key"
	case l.key == "" && !subject.IsZero() && (l.ref != "") != (l.kind == Refund):
		l.flaw = "the ref is not that of an entry about a message"
	}
	if l.key == "" {
		l.message = subject
	}
	return l, err
}

// insertLines appends entries. Columns that holds and settlements never have
// are left out when no line has them.
func insertLines(tx *db.Tx, lines []line) error {
	n := len(lines)
	amounts := func(of func(*line) money.Amount) []money.Amount { return each(lines, of) }
	cols := []db.Column{
		db.Col("site_id", each(lines, func(l *line) string { return l.site })),
		db.Col("seq", each(lines, func(l *line) int64 { return l.seq })),
		db.Col("kind", each(lines, func(l *line) Kind { return l.kind })),
		db.Col("amount", amounts(func(l *line) money.Amount { return l.amount })),
		db.Col("debit", each(lines, func(l *line) Name { return l.move.debit })),
		db.Col("credit", each(lines, func(l *line) Name { return l.move.credit })),
		db.Col("available_after", amounts(func(l *line) money.Amount { return l.available })),
		db.Col("held_after", amounts(func(l *line) money.Amount { return l.held })),
		db.Opt("subject", each(lines, (*line).subject)),
		db.Col("at", each(lines, func(l *line) db.Time { return l.at })),
		db.Col("opens_digest", each(lines, func(l *line) []byte { return l.opens })),
		db.Col("hash", each(lines, func(l *line) []byte { return l.hash })),
	}
	rare := false
	for i := range n {
		l := &lines[i]
		rare = rare || l.ref != "" || l.key != "" || l.takes != "" || l.note != nil
	}
	if rare {
		cols = append(cols,
			db.Opt("ref", each(lines, func(l *line) string { return l.ref })),
			db.Opt("idem", each(lines, func(l *line) string { return l.key })),
			db.Opt("takes", each(lines, func(l *line) string { return l.takes })),
			db.Col("note", each(lines, func(l *line) []byte { return l.note })),
			db.Col("note_digest", each(lines, func(l *line) []byte { return l.noteDigest })))
	}
	return tx.InsertMany("entry", cols...)
}

// each turns rows into one column of a batch.
func each[R, V any](rows []R, of func(*R) V) []V {
	out := make([]V, len(rows))
	for i := range rows {
		out[i] = of(&rows[i])
	}
	return out
}

// Entries gives up to limit entries of the site after a seq, ascending.
func (l *Ledger) Entries(tx *db.Tx, siteID string, after int64, limit int) ([]Entry, error) {
	// The line at after is read too: its hash is the first one's previous.
	rows, err := tx.Query(`SELECT `+lineColumns+` FROM entry WHERE site_id = ? AND seq >= ? ORDER BY site_id, seq LIMIT ?`,
		siteID, after, limit+1)
	lines, err := db.Collect(rows, err, scanLine)
	if err != nil {
		return nil, fmt.Errorf("read entries of %s: %w", siteID, err)
	}
	prev := make([]byte, sha256.Size)
	if len(lines) > 0 && lines[0].seq == after {
		prev, lines = lines[0].hash, lines[1:]
	}
	lines = lines[:min(limit, len(lines))]
	out := make([]Entry, len(lines))
	for i := range lines {
		if out[i], err = l.entry(tx, &lines[i], prev); err != nil {
			return nil, err
		}
		prev = lines[i].hash
	}
	return out, nil
}

// LatestEntries lists a site's entries from the newest back, beginning below before; 0 = with the last one.
func (l *Ledger) LatestEntries(tx *db.Tx, siteID string, before int64, limit int) ([]Entry, error) {
	if before == 0 {
		before = math.MaxInt64
	}
	// One line more is read: its hash is the last one's previous.
	rows, err := tx.Query(`SELECT `+lineColumns+` FROM entry WHERE site_id = ? AND seq < ? ORDER BY site_id DESC, seq DESC LIMIT ?`,
		siteID, before, limit+1)
	lines, err := db.Collect(rows, err, scanLine)
	if err != nil {
		return nil, fmt.Errorf("read the latest entries of %s: %w", siteID, err)
	}
	out := make([]Entry, min(limit, len(lines)))
	for i := range out {
		prev := make([]byte, sha256.Size)
		if i+1 < len(lines) {
			prev = lines[i+1].hash
		}
		if out[i], err = l.entry(tx, &lines[i], prev); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// entry is the public form of a line, its note opened. Once the site's key is
// erased notes are empty; their digests stay.
func (l *Ledger) entry(tx *db.Tx, s *line, prev []byte) (Entry, error) {
	e := Entry{
		Site: s.site, Seq: s.seq, Kind: s.kind, Amount: s.amount, Debit: s.move.debit, Credit: s.move.credit,
		AvailableAfter: s.available, HeldAfter: s.held, Ref: s.about(), Key: s.key, At: s.at,
		NoteDigest: hex.EncodeToString(s.noteDigest), OpensDigest: hex.EncodeToString(s.opens),
		PrevHash: hex.EncodeToString(prev), Hash: hex.EncodeToString(s.hash),
	}
	if s.note == nil {
		return e, nil
	}
	key, err := l.keys.Site(tx, s.site)
	if fault.Is(err, fault.NotFound) {
		return e, nil
	}
	if err != nil {
		return Entry{}, err
	}
	var proof []byte
	if e.Note, proof, err = openNote(key, s); err != nil {
		return Entry{}, fmt.Errorf("read entry %d of %s: %w", s.seq, s.site, err)
	}
	e.NoteKey = hex.EncodeToString(proof)
	return e, nil
}
