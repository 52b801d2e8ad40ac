package korea

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Shortening is one kind of change that Shorten makes.
type Shortening string

// The kinds of changes, in the order in which they are tried: what nobody sees comes first.
const (
	ShortenReplaced    Shortening = "replaced"      // characters that cannot be sent, by their kin
	ShortenLineEnds    Shortening = "line_ends"     // blanks at the ends of lines, and lines at the end of the text
	ShortenBlanks      Shortening = "blanks"        // several blanks in a row are one
	ShortenBlankLines  Shortening = "blank_lines"   // several blank lines in a row are one
	ShortenHalfWidth   Shortening = "half_width"    // letters, digits and punctuation of full width
	ShortenQuotes      Shortening = "quotes"        // typographic quotes are plain ones
	ShortenDots        Shortening = "dots"          // three dots or more are …, which takes two bytes
	ShortenRules       Shortening = "rules"         // lines of nothing but strokes
	ShortenDecorations Shortening = "decorations"   // stars, hearts, notes and emoji
	ShortenNoBlankLine Shortening = "no_blank_line" // no blank line is left
)

// A Shortened text is what Shorten makes of another one.
type Shortened struct {
	Text  string
	Steps []ShortenStep // that changed something, in their order
}

// ShortenStep tells what one kind of change did.
type ShortenStep struct {
	Kind  Shortening
	Saved int             // bytes, as Bytes counts them
	Count int             // changes
	Some  []ShortenChange // the first of them that differ
}

// ShortenChange is one change: what stood there, and what stands there now.
type ShortenChange struct{ From, To string }

// mostShortened bounds the bytes of texts that are looked at: what is longer stays too long.
const mostShortened = 4 * LMSBytes

// mostShown is how many changes of a kind a step shows.
const mostShown = 5

// Shorten gives another wording of a text that says the same in fewer bytes and can be sent,
// by steps that are safe, one kind after another until enough says that it is (nil = all of them).
// It reports whether there is one: of a text that has a character for which CP949 has no kin there is
// none, nor where nothing is saved, nor of a text that is several times as long as can be sent.
//
// Variables #{…}, links, addresses of e-mail and digits stay as they are and where they are; a digit
// of full width becomes one of half width. No step makes the text longer: "…" takes two bytes and
// "..." three, so dots become … and never the other way round. It is pure.
func Shorten(text string, enough func(string) bool) (Shortened, bool) {
	text = Normalise(text)
	before, _ := Bytes(text)
	out := Shortened{Text: text}
	if before > mostShortened {
		return out, false
	}
	for _, k := range shortenings {
		if _, bad := Bytes(out.Text); len(bad) == 0 && enough != nil && enough(out.Text) {
			break
		}
		next, step := apply(out.Text, k.kind, k.change)
		if step.Count == 0 || !keeps(out.Text, next) {
			continue
		}
		out.Text, out.Steps = next, append(out.Steps, step)
	}
	after, bad := Bytes(out.Text)
	return out, len(bad) == 0 && after < before && strings.TrimSpace(out.Text) != ""
}

// shortenings are the kinds of changes. Each gives the spans of a text that it changes; what is
// kept stands in the text as one character of holders.
var shortenings = []struct {
	kind   Shortening
	change func([]rune) []span
}{
	{ShortenReplaced, replacedSpans}, {ShortenLineEnds, lineEnds}, {ShortenBlanks, blanks}, {ShortenBlankLines, func(t []rune) []span { return blankLines(t, 1) }},
	{ShortenHalfWidth, halfWidth}, {ShortenQuotes, quotes}, {ShortenDots, dots}, {ShortenRules, rules}, {ShortenDecorations, decorations},
	{ShortenNoBlankLine, func(t []rune) []span { return blankLines(t, 0) }},
}

// span is a part of a text, in characters, and what comes in its place.
type span struct {
	from, until int
	to          string
}

// apply makes the changes of one kind and tells of them.
func apply(text string, kind Shortening, change func([]rune) []span) (string, ShortenStep) {
	held, kept := hold(text)
	step := ShortenStep{Kind: kind}
	if held == nil {
		return text, step
	}
	var out strings.Builder
	at := 0
	for _, s := range change(held) {
		if s.from = max(s.from, at); s.from >= s.until {
			continue // the one before took it along
		}
		out.WriteString(string(held[at:s.from]))
		from := string(held[s.from:s.until])
		out.WriteString(s.to)
		at = s.until
		step.Count++
		if c := (ShortenChange{from, s.to}); len(step.Some) < mostShown && !slices.Contains(step.Some, c) {
			step.Some = append(step.Some, c)
		}
	}
	out.WriteString(string(held[at:]))
	next := Normalise(release(out.String(), kept))
	before, _ := Bytes(text)
	after, _ := Bytes(next)
	step.Saved = before - after
	return next, step
}

// untouched finds variables, and words that are links or addresses of e-mail.
var untouched = regexp.MustCompile(`#\{[^}]*\}|[^\s]*(?:://|www\.|@|[A-Za-z0-9-]\.[A-Za-z]{2})[^\s]*`)

// holders stand for what is kept while a text is changed. They are no characters of CP949.
const (
	firstHolder = '\ue000'
	lastHolder  = '\uf8ff'
)

// hold puts one character in the place of each part that is kept; nil if the text has such
// characters, or too many parts.
func hold(text string) (held []rune, kept []string) {
	if strings.ContainsFunc(text, holder) {
		return nil, nil
	}
	at := 0
	for _, found := range untouched.FindAllStringIndex(text, -1) {
		if len(kept) > lastHolder-firstHolder {
			return nil, nil
		}
		held = append(append(held, []rune(text[at:found[0]])...), rune(firstHolder+len(kept)))
		kept = append(kept, text[found[0]:found[1]])
		at = found[1]
	}
	return append(held, []rune(text[at:])...), kept
}

func holder(r rune) bool { return r >= firstHolder && r <= lastHolder }

func release(text string, kept []string) string {
	if len(kept) == 0 {
		return text
	}
	var out strings.Builder
	for _, r := range text {
		if holder(r) {
			out.WriteString(kept[r-firstHolder])
		} else {
			out.WriteRune(r)
		}
	}
	return out.String()
}

// keeps reports whether a changed text has all that may not change: no more bytes, the same
// variables and links, and the same digits, in their order.
func keeps(before, after string) bool {
	was, _ := Bytes(before)
	is, _ := Bytes(after)
	return is <= was && slices.Equal(untouched.FindAllString(before, -1), untouched.FindAllString(after, -1)) && digitsOf(before) == digitsOf(after)
}

// digitsOf are the digits of a text, whatever their width.
func digitsOf(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9':
			return r
		case r >= '０' && r <= '９':
			return r - '０' + '0'
		case unicode.IsDigit(r):
			return r
		}
		return -1
	}, text)
}

// each gives the spans of single characters that change.
func each(text []rune, change func(r rune) (to string, changes bool)) (out []span) {
	for i, r := range text {
		if holder(r) {
			continue
		}
		if to, changes := change(r); changes {
			out = append(out, span{i, i + 1, to})
		}
	}
	return out
}

// replacedSpans puts kin in the place of what cannot be sent. Signs without any go later, with the
// decorations; of other characters without kin no text can be made.
func replacedSpans(text []rune) []span {
	return each(text, func(r rune) (string, bool) {
		if cp949().sendable.has(r) {
			return "", false
		}
		to, known := Substitute(r)
		return to, known
	})
}

// Substitute gives what Replace puts in the place of a character that cannot be sent, "" where it
// goes; known is false where that is a question mark, which says nothing.
func Substitute(r rune) (to string, known bool) {
	if cp949().sendable.has(r) {
		return string(r), true
	}
	to = Replace(string(r))
	return to, to != "?"
}

func blank(r rune) bool { return r == ' ' || r == '\t' || r == '\u3000' }

// runs gives the spans of characters of one kind that follow each other.
func runs(text []rune, of func(rune) bool) (out []span) {
	for i := 0; i < len(text); i++ {
		if !of(text[i]) {
			continue
		}
		from := i
		for i < len(text) && of(text[i]) {
			i++
		}
		out = append(out, span{from: from, until: i})
	}
	return out
}

// lineEnds takes blanks before line ends, and all that is blank at the end.
func lineEnds(text []rune) (out []span) {
	for _, s := range runs(text, func(r rune) bool { return blank(r) || r == '\n' }) {
		if s.until == len(text) {
			out = append(out, s)
			continue
		}
		// Blanks after the last line end begin the next line, and stay.
		for i := s.from; i < s.until; i++ {
			from := i
			for i < s.until && blank(text[i]) {
				i++
			}
			if i < s.until && i > from { // a line end follows
				out = append(out, span{from: from, until: i})
			}
		}
	}
	return out
}

// blanks makes one blank of several.
func blanks(text []rune) (out []span) {
	for _, s := range runs(text, blank) {
		if s.until-s.from > 1 {
			s.to = " "
			out = append(out, s)
		}
	}
	return out
}

// blankLines leaves so many blank lines of several.
func blankLines(text []rune, left int) (out []span) {
	for _, s := range runs(text, func(r rune) bool { return r == '\n' }) {
		if s.until-s.from > left+1 && s.from > 0 && s.until < len(text) {
			s.to = strings.Repeat("\n", left+1)
			out = append(out, s)
		}
	}
	return out
}

// halfWidth takes letters, digits, punctuation and blanks of full width. Signs of which a variable
// might come to be stay.
func halfWidth(text []rune) []span {
	return each(text, func(r rune) (string, bool) {
		switch {
		case r == '\u3000':
			return " ", true
		case r == '＃' || r == '｛' || r == '｝' || r < '！' || r > '～':
			return "", false
		}
		return string(r - '！' + '!'), true
	})
}

// plainQuotes are the quotes that mean the same as ' and ".
var plainQuotes = map[rune]string{'‘': "'", '’': "'", '‚': "'", '‛': "'", '“': `"`, '”': `"`, '„': `"`, '‟': `"`}

func quotes(text []rune) []span {
	return each(text, func(r rune) (string, bool) { to, is := plainQuotes[r]; return to, is })
}

// dots makes … of three dots or more.
func dots(text []rune) (out []span) {
	for _, s := range runs(text, func(r rune) bool { return r == '.' }) {
		if s.until-s.from >= 3 {
			s.to = "…"
			out = append(out, s)
		}
	}
	for _, s := range runs(text, func(r rune) bool { return r == '…' }) {
		if s.until-s.from > 1 {
			s.to = "…"
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(a, b span) int { return a.from - b.from })
	return out
}

// strokes are what lines are drawn with.
const strokes = "-=_~*·ㆍ.─━═━―ㅡ…"

// rules takes lines that are drawn of strokes or decorations, three or more.
func rules(text []rune) (out []span) {
	for from := 0; from < len(text); {
		until := from
		drawn := 0
		plain := true
		for ; until < len(text) && text[until] != '\n'; until++ {
			switch r := text[until]; {
			case strings.ContainsRune(strokes, r) || ornament(r):
				drawn++
			case !blank(r):
				plain = false
			}
		}
		end := min(until+1, len(text))
		if plain && drawn >= 3 {
			out = append(out, span{from: from, until: end})
		}
		from = end
	}
	return out
}

// ornament reports signs that say nothing. Those that may stand for something are none: ○ in the
// place of a letter of a name, ▲ and △ before a figure, ☎, ※.
func ornament(r rune) bool {
	return strings.ContainsRune("★☆♥♡♣♧♠♤♪♬♩♨✿❀✦✧", r) || picture(r)
}

// picture reports emoji and other signs that CP949 lacks.
func picture(r rune) bool { return unicode.Is(unicode.So, r) && !cp949().sendable.has(r) }

// decorations takes ornaments that frame words, or stand alone at an end of a line, and pictures
// wherever they are. Stars of several kinds in a row, or many of them, may be a judgement, and stay.
func decorations(text []rune) (out []span) {
	lineOf := func(i int) (from, until int) {
		for from = i; from > 0 && text[from-1] != '\n'; from-- {
		}
		for until = i; until < len(text) && text[until] != '\n'; until++ {
		}
		return from, until
	}
	for _, s := range runs(text, func(r rune) bool {
		return ornament(r) || unicode.Is(unicode.Sk, r) && r > utf8.RuneSelf && !cp949().sendable.has(r)
	}) {
		run := text[s.from:s.until]
		same := !slices.ContainsFunc(run, func(r rune) bool { return r != run[0] })
		from, until := lineOf(s.from)
		edge := len(strings.TrimSpace(string(text[from:s.from]))) == 0 || len(strings.TrimSpace(string(text[s.until:until]))) == 0
		framed := strings.Count(string(text[from:until]), string(run)) > 1
		switch {
		case !slices.ContainsFunc(run, func(r rune) bool { return cp949().sendable.has(r) }): // pictures alone
		case same && (framed || edge && len(run) <= 2):
		default:
			continue
		}
		out = append(out, withBlanks(text, s, from, until))
	}
	return out
}

// withBlanks takes the blanks along that a decoration leaves at an end of its line.
func withBlanks(text []rune, s span, from, until int) span {
	if s.from == from {
		for s.until < until && blank(text[s.until]) {
			s.until++
		}
	}
	if s.until == until {
		for s.from > from && blank(text[s.from-1]) {
			s.from--
		}
	}
	return s
}

// Unsendable is a character of a text that CP949 lacks.
type Unsendable struct {
	Character  rune
	Places     []int  // in Normalise(text), in characters from 0; the first hundred
	Count      int    // how often it stands there
	Substitute string // what can be sent for it; "" = it can be left out
	Known      bool   // whether there is a substitute
}

// mostPlaces bounds the places of one character.
const mostPlaces = 100

// FindUnsendable gives the characters of a text that cannot be sent, each once, in the order of
// their first places.
func FindUnsendable(text string) (out []Unsendable) {
	text = Normalise(text)
	if _, bad := Bytes(text); len(bad) == 0 {
		return nil
	}
	at, index := 0, map[rune]int{}
	for _, r := range text {
		if !cp949().sendable.has(r) {
			i, seen := index[r]
			if !seen {
				i, index[r] = len(out), len(out)
				u := Unsendable{Character: r}
				u.Substitute, u.Known = Substitute(r)
				if !u.Known {
					u.Substitute = ""
				}
				out = append(out, u)
			}
			if out[i].Count++; len(out[i].Places) < mostPlaces {
				out[i].Places = append(out[i].Places, at)
			}
		}
		at++
	}
	return out
}
