package korea

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"creditmsg/internal/fault"
)

// MaxWord bounds the letters and figures of a word that texts must not have.
const MaxWord = 50

// manyLetters is how many letters a word has that is told apart from an accident when
// something stands between all of them.
const manyLetters = 3

// The reasons why something is no word to look for. They go to the user.
var (
	errWordEmpty = fault.Say("want a word with letters or figures in it")
	errWordLong  = fault.Say("want at most 50 letters and figures")
	errWordForm  = fault.Say("want at most 100 characters without line breaks or other control characters")
)

// Letters is a text as words are looked for in it: letters and figures in one form,
// whatever their case and width, and where something stood between two of them. What has
// no width is as if it were not there.
type Letters struct {
	runes []rune
	apart []bool // whether something stands before the letter; true for the first one
}

// LettersOf reads a text.
func LettersOf(text string) Letters {
	visible := make([]rune, 0, len(text))
	for _, r := range text {
		if !ignorable(r) {
			visible = append(visible, r)
		}
	}
	form := norm.NFKC.String(strings.ToLower(norm.NFKC.String(string(visible))))
	var out Letters
	apart := true
	for _, r := range form {
		switch {
		case ignorable(r): // such as a filler that had a width of its own
		case unicode.IsLetter(r) || unicode.IsNumber(r):
			out.runes = append(out.runes, r)
			out.apart = append(out.apart, apart)
			apart = false
		default:
			apart = true
		}
	}
	return out
}

// ignorable reports characters that nobody sees: those of no width, soft hyphens, and the
// fillers that stand for a Hangul letter which is not there.
func ignorable(r rune) bool {
	return invisible(r) || unicode.In(r, unicode.Cf, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
}

// String gives the letters and figures alone.
func (l Letters) String() string { return string(l.runes) }

// CheckWord reads a word that texts must not have. Two words that look for the same have
// the same letters. The error says what is wrong with it.
func CheckWord(word string) (Letters, error) {
	if !utf8.ValidString(word) || utf8.RuneCountInString(word) > 2*MaxWord {
		return Letters{}, errWordForm
	}
	for _, r := range word {
		if unicode.IsControl(r) {
			return Letters{}, errWordForm
		}
	}
	switch l := LettersOf(word); {
	case len(l.runes) == 0:
		return Letters{}, errWordEmpty
	case len(l.runes) > MaxWord:
		return Letters{}, errWordLong
	default:
		return l, nil
	}
}

// Words are words that texts must not have, compiled. They are only read.
type Words struct {
	starting map[rune][]sought // by the first letter, in the order in which they were given
	n        int
}

type sought struct {
	word string
	Letters
}

// CompileWords compiles words; what CheckWord refuses is left out.
func CompileWords(list []string) *Words {
	w := &Words{starting: map[rune][]sought{}}
	for _, word := range list {
		if l, err := CheckWord(word); err == nil {
			w.starting[l.runes[0]] = append(w.starting[l.runes[0]], sought{word, l})
			w.n++
		}
	}
	return w
}

// Len is how many words there are.
func (w *Words) Len() int { return w.n }

// Find gives the first of the words that a text has, as it was given.
//
// A word is found inside longer ones, since Korean puts endings behind a word. With blanks
// or signs between its letters, where the word itself has none, it is found if a word of
// the text begins there (도 박, but not 포도 박스), or if they stand between all of three
// letters or more (온라인카.지.노).
func (w *Words) Find(text Letters) (word string, found bool) {
	for i, first := range text.runes {
		for _, s := range w.starting[first] {
			if s.at(text, i) {
				return s.word, true
			}
		}
	}
	return "", false
}

// at reports whether the word stands at a place of a text.
func (s *sought) at(text Letters, i int) bool {
	if len(text.runes)-i < len(s.runes) {
		return false
	}
	split, all := false, true
	for j, r := range s.runes {
		if text.runes[i+j] != r {
			return false
		}
		if j > 0 {
			split = split || text.apart[i+j] && !s.apart[j]
			all = all && text.apart[i+j]
		}
	}
	return !split || text.apart[i] || all && len(s.runes) >= manyLetters
}
