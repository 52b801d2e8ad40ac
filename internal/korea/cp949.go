package korea

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/text/encoding/korean"
)

// A pair of CP949 is a lead byte and a trail byte. Trail bytes are never ASCII
// punctuation or a line end, so commas, quotes and newlines can be found in raw
// CP949 without decoding it; package sheet relies on that.
const (
	leadMin, leadMax   = 0x81, 0xfe
	trailMin, trailMax = 0x41, 0xfe
	trails             = trailMax - trailMin + 1
)

// table is CP949 in both directions: 48 KB to read, twice 8 KB to ask what can be sent.
type table struct {
	pairs    [(leadMax - leadMin + 1) * trails]uint16 // 0 = no such pair
	sendable plane
	plain    plane // sendable and settled: counted without a thought for NFC
}

// plane is a set of characters of the basic multilingual plane.
type plane [(1 << 16) / 64]uint64

func (p *plane) has(r rune) bool { return uint32(r) < 1<<16 && p[r>>6]&(1<<(r&63)) != 0 }
func (p *plane) add(r rune)      { p[r>>6] |= 1 << (r & 63) }

// cp949 gives the table, which is made at first use in about a millisecond.
var cp949 = sync.OnceValue(buildTable)

// buildTable turns the decoder of x/text into a table.
func buildTable() *table {
	var src []byte
	for lead := leadMin; lead <= leadMax; lead++ {
		for trail := trailMin; trail <= trailMax; trail++ {
			src = append(src, byte(lead), byte(trail), '\n')
		}
	}
	// The decoder writes U+FFFD for a pair that does not exist and goes on behind
	// it, so every pair stays on its own line. It has no error to give.
	out, err := korean.EUCKR.NewDecoder().Bytes(src)
	if err != nil {
		panic(fmt.Sprintf("read the CP949 table: %v", err))
	}
	t := new(table)
	for i := range t.pairs {
		line, rest, _ := bytes.Cut(out, []byte{'\n'})
		out = rest
		if r, size := utf8.DecodeRune(line); size == len(line) && r != utf8.RuneError {
			t.pairs[i] = uint16(r)
			t.allow(r)
		}
	}
	// Other control characters are in CP949 but carriers refuse them.
	t.allow('\t')
	t.allow('\n')
	for r := ' '; r <= '~'; r++ {
		t.allow(r)
	}
	return t
}

func (t *table) allow(r rune) {
	t.sendable.add(r)
	if settled(r) {
		t.plain.add(r)
	}
}

// pair gives the character of two bytes, 0 when there is none.
func (t *table) pair(lead, trail byte) rune {
	if lead < leadMin || lead > leadMax || trail < trailMin || trail > trailMax {
		return 0
	}
	return rune(t.pairs[int(lead-leadMin)*trails+int(trail-trailMin)])
}

// BadByte says where bytes stop being CP949.
type BadByte struct {
	Offset int  // bytes before it
	Byte   byte // the first byte that belongs to no character
}

// Error names the byte and its place.
func (e *BadByte) Error() string {
	return fmt.Sprintf("byte 0x%02X at offset %d is not CP949", e.Byte, e.Offset)
}

// ScanCP949 gives the length of the longest beginning of b that is whole, valid
// CP949. When it is len(b)-1, the last byte may be half of a pair that the next
// read completes.
func ScanCP949(b []byte) int {
	t := cp949()
	for i := 0; i < len(b); {
		switch {
		case b[i] < utf8.RuneSelf:
			i++
		case i+1 < len(b) && t.pair(b[i], b[i+1]) != 0:
			i += 2
		default:
			return i
		}
	}
	return len(b)
}

// DecodeCP949 reads CP949 strictly: bytes that are no character are a *BadByte,
// never a replacement character.
func DecodeCP949(b []byte) (string, error) {
	if i := ScanCP949(b); i < len(b) {
		return "", &BadByte{Offset: i, Byte: b[i]}
	}
	t := cp949()
	var out strings.Builder
	out.Grow(len(b) + len(b)/2)
	for i := 0; i < len(b); i++ {
		if b[i] < utf8.RuneSelf {
			out.WriteByte(b[i])
			continue
		}
		out.WriteRune(t.pair(b[i], b[i+1]))
		i++
	}
	return out.String(), nil
}

// EncodeCP949 writes Normalise(text) in CP949: as many bytes as Bytes counts. A
// character that cannot be sent is an error that names it.
func EncodeCP949(text string) ([]byte, error) {
	text = Normalise(text)
	n, bad := Bytes(text)
	if len(bad) > 0 {
		return nil, fmt.Errorf("write CP949: not in it: %s", Describe(bad))
	}
	out := make([]byte, n)
	if _, _, err := korean.EUCKR.NewEncoder().Transform(out, []byte(text), true); err != nil {
		return nil, fmt.Errorf("write CP949: %w", err)
	}
	return out, nil
}
