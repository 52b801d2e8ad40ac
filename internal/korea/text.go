package korea

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// What the carriers take, in bytes as Bytes counts them.
const (
	SMSBytes     = 90    // body of a short text
	LMSBytes     = 2_000 // body of a long text, with or without images
	SubjectBytes = 40    // subject of a long text
)

// describeAtMost is how many characters Describe names one by one.
const describeAtMost = 10

// Normalise gives the form in which texts are stored, counted and sent: line ends
// are LF, and letters are composed (NFC), because CP949 has no decomposed Hangul.
// A text that is in this form already is given back without a copy.
func Normalise(text string) string {
	if strings.IndexByte(text, '\r') >= 0 {
		text = strings.ReplaceAll(text, "\r\n", "\n")
		text = strings.ReplaceAll(text, "\r", "\n")
	}
	for _, r := range text {
		if !settled(r) {
			return norm.NFC.String(text)
		}
	}
	return text
}

// settled reports characters that are in NFC whatever stands around them: nearly
// all of what Korean texts hold. It spares them the walk through the tables of NFC.
func settled(r rune) bool {
	switch {
	case r < 0x0300, // Latin with its accents composed
		r >= 0xac00 && r <= 0xd7a3,   // Hangul syllables
		r >= 0x2010 && r <= 0x2027,   // dashes, quotes, dots
		r >= 0x2190 && r <= 0x21ff,   // arrows
		r >= 0x2460 && r <= 0x26ff,   // circled figures, boxes, signs
		r >= 0x3000 && r <= 0x3020,   // East Asian punctuation
		r >= 0x3131 && r <= 0x318e,   // single Hangul letters
		r >= 0x4e00 && r <= 0x9fff,   // Hanja
		r >= 0xff01 && r <= 0xff5e,   // full-width forms
		r >= 0x1f300 && r <= 0x1faff: // emoji
		return true
	}
	return false
}

// Bytes counts the CP949 bytes of Normalise(text): one for ASCII, two for anything
// else. bad lists what cannot be sent, each character once, in order of its first
// appearance; it is counted like any other, so a replacement never makes the text
// longer. Control characters other than LF and TAB cannot be sent.
func Bytes(text string) (n int, bad []rune) {
	t := cp949()
	for _, r := range text {
		if !t.plain.has(r) {
			return t.bytes(Normalise(text))
		}
		n += width(r)
	}
	return n, nil
}

// bytes is Bytes for a normalised text.
func (t *table) bytes(text string) (n int, bad []rune) {
	var seen map[rune]bool
	for _, r := range text {
		n += width(r)
		if t.sendable.has(r) || seen[r] {
			continue
		}
		if seen == nil {
			seen = map[rune]bool{}
		}
		seen[r] = true
		bad = append(bad, r)
	}
	return n, bad
}

func width(r rune) int {
	if r < utf8.RuneSelf {
		return 1
	}
	return 2
}

// Fits reports whether text can be sent as it is in so many bytes.
func Fits(text string, limit int) bool {
	n, bad := Bytes(text)
	return n <= limit && len(bad) == 0
}

// Cut gives the longest beginning of Normalise(text) that takes at most limit
// bytes. It cuts between characters only.
func Cut(text string, limit int) string {
	text = Normalise(text)
	n := 0
	for i, r := range text {
		if n += width(r); n > limit {
			return text[:i]
		}
	}
	return text
}

// FirstLine gives the first line of a long message that says anything, cut to what a
// subject may have: the subject of a message without one of its own.
func FirstLine(text string) string {
	for line := range strings.SplitSeq(text, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			return Cut(line, SubjectBytes)
		}
	}
	return ""
}

// Replace gives Normalise(text) with every character that CP949 lacks replaced, so
// that the result can always be sent. Where a reader sees no difference, dashes,
// bullets, the won sign, the wave dash and special spaces become their nearest kin,
// and invisible characters go. Of the rest, letters lose their accents, and what has
// no likeness becomes a question mark. Nothing that can be sent is touched.
func Replace(text string) string {
	// What an invisible character kept apart may compose once it is gone.
	text = Normalise(strings.Map(replacement, Normalise(text)))
	return strings.Map(standIn, text)
}

// replacement gives the kin of r, r itself when it has none, -1 to drop it.
func replacement(r rune) rune {
	switch r {
	case '\u2010', '\u2011', '\u2012', '–', '—', '\u2212':
		return '-'
	case '•':
		return '·'
	case '₩':
		return '￦'
	case '〜':
		return '～'
	case ' ', '\u3000':
		return r
	}
	switch {
	case unicode.Is(unicode.Zs, r):
		return ' '
	case invisible(r), unicode.IsControl(r) && r != '\n' && r != '\t':
		return -1
	}
	return r
}

// standIn gives what is sent for r when it has no kin, -1 to drop it.
func standIn(r rune) rune {
	switch t := cp949(); {
	case t.sendable.has(r):
		return r
	case unicode.Is(unicode.M, r):
		return -1 // a mark without its letter shows nothing
	default:
		if base, _ := utf8.DecodeRuneInString(norm.NFD.String(string(r))); unicode.IsLetter(base) && t.sendable.has(base) {
			return base
		}
		return '?'
	}
}

// invisible reports characters of no width: joiners, direction marks, byte order
// marks and the selectors that make a sign colourful.
func invisible(r rune) bool {
	switch {
	case r >= 0x200b && r <= 0x200f,
		r >= 0x202a && r <= 0x202e,
		r >= 0x2060 && r <= 0x2064,
		r >= 0x2066 && r <= 0x2069,
		r >= 0xfe00 && r <= 0xfe0f,
		r == 0xfeff:
		return true
	}
	return false
}

// Describe names characters for a person, the first ten of them: '😀' (U+1F600).
func Describe(bad []rune) string {
	var out strings.Builder
	for i, r := range bad {
		if i == describeAtMost {
			fmt.Fprintf(&out, " and %d more", len(bad)-i)
			break
		}
		if i > 0 {
			out.WriteString(", ")
		}
		if strconv.IsPrint(r) && !unicode.Is(unicode.M, r) {
			fmt.Fprintf(&out, "'%c' (%U)", r, r)
		} else {
			fmt.Fprintf(&out, "%U", r)
		}
	}
	return out.String()
}
