package credit

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"slices"

	"creditmsg/internal/fault"
	"creditmsg/internal/money"
)

// Follow checks an entry against the balance before it, without a database: that it is the
// next of the chain, moves what its kind may, and comes to the balances that it says. It
// gives the balance after it. A fault says what is wrong, in words for its owner.
func (e *Entry) Follow(b Balance) (Balance, error) {
	wrong := func(format string, args ...any) (Balance, error) {
		return Balance{}, fault.New(fault.Invalid, fault.CodeValidation, "entry %d: %s", e.Seq, fault.Say(format, args...))
	}
	if e.Seq != b.Seq+1 {
		return wrong("entry %d should stand here: entries are missing, repeated or out of order", b.Seq+1)
	}
	l := line{seq: e.Seq, kind: e.Kind, amount: e.Amount, move: move{e.Debit, e.Credit}, available: e.AvailableAfter, held: e.HeldAfter,
		ref: e.Ref, key: e.Key, at: e.At}
	var err error
	if l.noteDigest, err = digestOf(e.NoteDigest); err != nil {
		return wrong("its note_digest is none")
	}
	if l.opens, err = digestOf(e.OpensDigest); err != nil {
		return wrong("its opens_digest is none")
	}
	prev, err := hex.DecodeString(b.Hash)
	if err != nil || e.PrevHash != b.Hash {
		return wrong("it does not follow on the entry before it: its prev_hash is %s, that entry's hash %s", e.PrevHash, b.Hash)
	}
	if sum, _ := l.chained(prev, nil); hex.EncodeToString(sum[:]) != e.Hash {
		return wrong("something of it was changed: its fields do not make its hash")
	}
	after := Balance{e.Seq, e.Hash, b.Available + l.move.changes(Available, e.Amount), b.Held + l.move.changes(Held, e.Amount), b.Spent + l.move.changes(Spent, e.Amount)}
	switch {
	case e.Amount <= 0 || e.Amount > most:
		return wrong("its amount is %s", e.Amount)
	case !slices.Contains(moves[e.Kind], l.move):
		return wrong("%s does not move credit from %s to %s", e.Kind, e.Debit, e.Credit)
	case after.Available != e.AvailableAfter || after.Held != e.HeldAfter:
		return wrong("it says %s available and %s held, but the entries make %s and %s", e.AvailableAfter, e.HeldAfter, after.Available, after.Held)
	}
	return after, nil
}

// digestOf reads a digest, absent as nil.
func digestOf(text string) ([]byte, error) {
	if text == "" {
		return nil, nil
	}
	b, err := hex.DecodeString(text)
	if err == nil && (len(b) != sha256.Size || hex.EncodeToString(b) != text) {
		err = hex.ErrLength
	}
	return b, err
}

// NoteProven reports whether the note is the one that the chain vouches for; one without a
// key is proven by nothing.
func (e *Entry) NoteProven() bool {
	key, err := hex.DecodeString(e.NoteKey)
	if err != nil || len(key) != noteKeySize || hex.EncodeToString(key) != e.NoteKey {
		return false
	}
	return subtle.ConstantTimeCompare([]byte(hex.EncodeToString(noteDigest(key, e.Note))), []byte(e.NoteDigest)) == 1
}

// After gives the balance once a sum of entries has moved.
func (b Balance) After(s Sum) (Balance, error) {
	m := move{s.Debit, s.Credit}
	for _, part := range []struct {
		name Name
		into *money.Amount
	}{{Available, &b.Available}, {Held, &b.Held}, {Spent, &b.Spent}} {
		var err error
		if *part.into, err = part.into.Plus(m.changes(part.name, s.Amount)); err != nil {
			return b, err
		}
	}
	return b, nil
}

// Possible reports whether entries of the kind may move this way.
func (s Sum) Possible() bool { return slices.Contains(moves[s.Kind], move{s.Debit, s.Credit}) }
