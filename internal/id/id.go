// Package id makes and reads the identifiers of the installation.
//
// An ID is a UUIDv7 (RFC 9562): 16 bytes that rise with time, made in Go before
// the first statement, never by a database. For people it carries the type of
// the thing as a prefix, in TypeID text form: msg_01k9… (26 letters of
// Crockford's base 32, lower case). Reading accepts exactly what writing makes.
package id

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// ID is a UUIDv7. The zero ID means absent.
type ID [16]byte

// Prefixes of public ids, by the type of the thing.
const (
	Message = "msg"
	Usage   = "usg"
	Payment = "pay"
	Event   = "evt"
	Webhook = "whk"
	Token   = "tok"
	Attempt = "att"
	Refund  = "rfd"
	Invoice = "inv"
	Card    = "pmt" // a payment method
	Cancel  = "pcn" // of a payment

	Withdrawal = "wdr"
	OptOut     = "opt"
	Attachment = "att" // as an attempt, which nobody is asked to name
	Contact    = "con" // of an address book
	Group      = "grp" // of contacts
	Series     = "ser" // of messages
	Document   = "doc" // that proves the right to a sender number
	Upload     = "upl" // a body that arrives in pieces
	List       = "lst" // of recipients, that is kept
	SavedText  = "stx" // of a site, to be sent again
	Erasure    = "era" // of a number
	Entry      = "aud" // of the audit log
	User       = "usr" // a person
	Letter     = "let" // a body of delivery reports
	Rerun      = "run" // of letters that are read again
	Invitation = "ivt" // of a person, to have roles
	Mail       = "eml" // to a person

	RefundRequest = "rfr"
)

// New makes an ID that sorts after all that this process made before.
func New() ID { return ID(uuid.Must(uuid.NewV7())) }

// From is the ID from which on all were made at or after a time, in whole milliseconds.
func From(at time.Time) (d ID) {
	ms := uint64(max(at.UnixMilli(), 0))
	for i := range 6 {
		d[i] = byte(ms >> (40 - 8*i))
	}
	return d
}

// Time tells when an ID was made, in whole milliseconds.
func (d ID) Time() time.Time {
	ms := uint64(0)
	for _, b := range d[:6] {
		ms = ms<<8 | uint64(b)
	}
	return time.UnixMilli(int64(ms))
}

// IsZero reports whether the ID is absent.
func (d ID) IsZero() bool { return d == ID{} }

const (
	alphabet = "0123456789abcdefghjkmnpqrstvwxyz"
	length   = 26
)

// String gives the bare 26 letters, without a prefix.
func (d ID) String() string {
	var out [length]byte
	// 130 bits hold 128: the first letter carries the top three.
	hi, lo := words(d)
	for i := length - 1; i >= 0; i-- {
		out[i] = alphabet[lo&31]
		lo = lo>>5 | hi<<59
		hi >>= 5
	}
	return string(out[:])
}

// Text gives the public form: prefix, underscore, 26 letters.
func (d ID) Text(prefix string) string { return prefix + "_" + d.String() }

var errForm = errors.New("not an id of this form")

// Parse reads the public form with exactly this prefix.
func Parse(prefix, text string) (ID, error) {
	n := len(prefix) + 1
	if len(text) != n+length || text[:n] != prefix+"_" {
		return ID{}, fmt.Errorf("read id %q: %w", text, errForm)
	}
	return parse(text[n:])
}

func parse(text string) (ID, error) {
	if text[0] > '7' {
		return ID{}, fmt.Errorf("read id %q: %w", text, errForm)
	}
	var hi, lo uint64
	for i := range length {
		v := values[text[i]]
		if v == 0xff {
			return ID{}, fmt.Errorf("read id %q: %w", text, errForm)
		}
		hi = hi<<5 | lo>>59
		lo = lo<<5 | uint64(v)
	}
	return join(hi, lo), nil
}

// ParseBare reads the 26 letters without a prefix.
func ParseBare(text string) (ID, error) {
	if len(text) != length {
		return ID{}, fmt.Errorf("read id %q: %w", text, errForm)
	}
	return parse(text)
}

// Value stores the ID as 16 bytes; package db gives engines with a uuid type
// what they want.
func (d ID) Value() (driver.Value, error) {
	if d.IsZero() {
		return nil, nil
	}
	return d[:], nil
}

// Scan reads 16 bytes or the dashed text of a uuid column; NULL is the zero ID.
func (d *ID) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*d = ID{}
		return nil
	case []byte:
		if len(v) == len(d) {
			copy(d[:], v)
			return nil
		}
		return d.scanText(string(v))
	case string:
		if len(v) == len(d) {
			copy(d[:], v)
			return nil
		}
		return d.scanText(v)
	case [16]byte:
		*d = v
		return nil
	}
	return fmt.Errorf("read id from %T: %w", src, errForm)
}

func (d *ID) scanText(text string) error {
	u, err := uuid.Parse(text)
	if err == nil && len(text) != len("xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx") {
		err = errForm // uuid.Parse also reads braces, urn: and no dashes
	}
	if err != nil {
		return fmt.Errorf("read id: %w", err)
	}
	*d = ID(u)
	return nil
}

func words(d ID) (hi, lo uint64) {
	for i := range 8 {
		hi = hi<<8 | uint64(d[i])
		lo = lo<<8 | uint64(d[i+8])
	}
	return hi, lo
}

func join(hi, lo uint64) (d ID) {
	for i := 7; i >= 0; i-- {
		d[i], d[i+8] = byte(hi), byte(lo)
		hi >>= 8
		lo >>= 8
	}
	return d
}

var values = func() (v [256]byte) {
	for i := range v {
		v[i] = 0xff
	}
	for i := range len(alphabet) {
		v[alphabet[i]] = byte(i)
	}
	return v
}()
