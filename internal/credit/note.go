package credit

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"

	"creditmsg/internal/site"
)

// noteKeySize is the length of the random key that every note has of its own.
const noteKeySize = 32

var errNote = errors.New("the note is not the one that its digest was made of")

// sealNote gives what is stored of a note: the sealed note with its own random
// key, and the digest that goes into the chain. Once the site's key is erased
// the digest says nothing about the text, not even to somebody who guesses it.
func sealNote(key *site.Key, seq int64, text string) (sealed, digest []byte) {
	plain := make([]byte, noteKeySize, noteKeySize+len(text))
	rand.Read(plain) //nolint:errcheck // never fails, by its documentation
	digest = noteDigest(plain, text)
	return key.Seal(noteContext(seq), append(plain, text...)), digest
}

// openNote gives the text of a line's note, and the key that proves it, and checks it against
// the digest.
func openNote(key *site.Key, l *line) (text string, proof []byte, err error) {
	plain, err := key.Open(noteContext(l.seq), l.note)
	if err != nil {
		return "", nil, fmt.Errorf("open note: %w", err)
	}
	if len(plain) < noteKeySize {
		return "", nil, fmt.Errorf("open note: %w", errNote)
	}
	text = string(plain[noteKeySize:])
	if subtle.ConstantTimeCompare(noteDigest(plain[:noteKeySize], text), l.noteDigest) != 1 {
		return "", nil, fmt.Errorf("open note: %w", errNote)
	}
	return text, plain[:noteKeySize], nil
}

func noteDigest(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

// noteContext binds a note to its entry: it cannot be moved to another.
func noteContext(seq int64) string { return fmt.Sprintf("credit entry %d", seq) }
