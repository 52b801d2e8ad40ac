package credit

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/money"
)

const (
	maxWord = 255   // characters of a ref or a key
	maxNote = 1_000 // characters of a note
)

// TopUp brings credit to a site, or, as a negative adjustment, takes it away.
type TopUp struct {
	Site      string
	Kind      Kind         // Payment, Bonus or Adjustment
	Amount    money.Amount // negative only for an Adjustment
	Note      string       // free text for people, stored sealed
	Ref       string       // what it is about, such as a payment's id; printable ASCII
	Key       string       // the caller's idempotency key; printable ASCII
	ExpiresAt db.Time      // of the lot, 0 = never; not for an Adjustment
	From      []Part       // of a negative Adjustment: what it takes of which lots; none = in the order of consumption
}

// Part is an amount of one lot.
type Part struct {
	Lot    int64 // seq of the entry that opened it
	Amount money.Amount
}

// Add books a top-up and opens its lot, which is of kind bonus for a Bonus and
// paid otherwise. A negative adjustment takes from the lots in the order of
// consumption, or from those that it names; more than is usable is a Conflict,
// and nothing is written.
//
// A Key is good for one top-up of its site, for ever: the same top-up again
// gives the first entry and writes nothing, another kind, amount or ref under
// it is Invalid (idempotency_mismatch).
func (l *Ledger) Add(tx *db.Tx, t TopUp) (Entry, error) {
	if err := t.check(); err != nil {
		return Entry{}, err
	}
	books, err := lock(tx, []string{t.Site})
	if err != nil {
		return Entry{}, fmt.Errorf("add credit: %w", err)
	}
	b := books[0]
	if t.Key != "" {
		first, found, err := l.keyed(tx, t)
		if err != nil || found {
			return first, err
		}
	}
	if err := t.fits(b); err != nil {
		return Entry{}, err
	}
	s := line{kind: t.Kind, ref: t.Ref, key: t.Key}
	if t.Note != "" {
		key, err := l.keys.Site(tx, t.Site)
		if err != nil {
			return Entry{}, fmt.Errorf("add credit: %w", err)
		}
		s.note, s.noteDigest = sealNote(key, b.Seq+1, t.Note)
	}
	prev := b.Hash
	posted := &s
	switch {
	case t.Amount < 0:
		if posted, err = b.withdraw(t, s); err != nil {
			return Entry{}, err
		}
	case t.Kind == Bonus:
		posted = b.top(t, bonusLot, s)
	default:
		posted = b.top(t, paidLot, s)
	}
	if err := l.write(tx, books); err != nil {
		return Entry{}, fmt.Errorf("add credit: %w", err)
	}
	e, err := l.entry(tx, posted, prev[:])
	if err != nil {
		return e, err
	}
	return e, noteAdded(tx, e, t)
}

// check refuses what is wrong whatever the books say.
func (t *TopUp) check() error {
	switch {
	case t.Kind != Payment && t.Kind != Bonus && t.Kind != Adjustment:
		return fault.Check("/kind", "%q does not add credit: use payment, bonus or adjustment", t.Kind)
	case t.Amount == 0:
		return fault.Check("/amount", "nothing to add")
	case t.Amount < 0 && t.Kind != Adjustment:
		return fault.Check("/amount", "only an adjustment may be negative")
	case t.Amount > most || t.Amount < -most:
		return fault.Check("/amount", "at most %s", most)
	case t.ExpiresAt != 0 && t.Kind == Adjustment:
		return fault.Check("/expires_at", "an adjustment does not expire")
	case len(t.From) > 0 && (t.Amount > 0 || sumOf(t.From) != -t.Amount):
		return fault.Check("/amount", "the parts of lots are not %s together", -t.Amount)
	case !printable(t.Ref):
		return fault.Check("/ref", "at most %d characters of printable ASCII", maxWord)
	case !printable(t.Key):
		return fault.Check("/key", "at most %d characters of printable ASCII", maxWord)
	case !utf8.ValidString(t.Note) || strings.ContainsRune(t.Note, 0) || utf8.RuneCountInString(t.Note) > maxNote:
		return fault.Check("/note", "at most %d characters of UTF-8, none of them NUL", maxNote)
	}
	return nil
}

func sumOf(parts []Part) (sum money.Amount) {
	for _, p := range parts {
		sum += p.Amount
	}
	return sum
}

// fits refuses what the books do not allow.
func (t *TopUp) fits(b *book) error {
	switch {
	case t.Amount < 0 && -t.Amount > b.usable():
		return fault.New(fault.Conflict, fault.CodeStateConflict,
			"only %s of the credit of %s can be taken away, not %s", b.usable(), t.Site, -t.Amount)
	case t.Amount > 0 && t.Amount > most-b.Available-b.Held-b.Spent:
		return fault.Check("/amount", "a site cannot have more than %s in all", most)
	case t.ExpiresAt != 0 && t.ExpiresAt <= b.at:
		return fault.Check("/expires_at", "it is in the past")
	}
	return nil
}

// printable also keeps newlines out, which separate the hashed fields.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return len(s) <= maxWord
}

// keyed finds the entry that stands under the top-up's key.
func (l *Ledger) keyed(tx *db.Tx, t TopUp) (first Entry, found bool, err error) {
	rows, err := tx.Query(`SELECT `+lineColumns+` FROM entry WHERE site_id = ? AND subject = ? ORDER BY site_id, subject, seq`,
		t.Site, subjectOf(t.Key))
	lines, err := db.Collect(rows, err, scanLine)
	if err != nil {
		return Entry{}, false, fmt.Errorf("find key of top-up: %w", err)
	}
	for i := range lines {
		if lines[i].key != t.Key {
			continue
		}
		got := &lines[i]
		signed := got.amount
		if got.move.debit == Available {
			signed = -signed
		}
		if got.kind != t.Kind || signed != t.Amount || got.ref != t.Ref {
			return Entry{}, true, fault.New(fault.Invalid, fault.CodeIdempotencyMismatch,
				"the key was used for another top-up of %s; use a new key", t.Site)
		}
		before, err := l.Entries(tx, t.Site, got.seq-1, 1)
		if err != nil {
			return Entry{}, false, err
		}
		return before[0], true, nil
	}
	return Entry{}, false, nil
}
