package apitest

import (
	"math/rand/v2"
	"strings"
)

// spoiler breaks what is good, in one place.
type spoiler struct {
	r            *rand.Rand
	mine, theirs *Known
}

// nodes counts the places of a value.
func nodes(v any) int {
	n := 1
	switch v := v.(type) {
	case members:
		for _, m := range v {
			n += nodes(m.value)
		}
	case []any:
		for _, inner := range v {
			n += nodes(inner)
		}
	}
	return n
}

// spoil breaks one place of a value.
func (s *spoiler) spoil(v any) any {
	at := s.r.IntN(nodes(v))
	return s.at(v, &at)
}

func (s *spoiler) at(v any, left *int) any {
	if *left == 0 {
		*left = -1
		return s.broken(v)
	}
	*left--
	switch v := v.(type) {
	case members:
		for i := range v {
			if *left >= 0 {
				v[i].value = s.at(v[i].value, left)
			}
		}
	case []any:
		for i := range v {
			if *left >= 0 {
				v[i] = s.at(v[i], left)
			}
		}
	}
	return v
}

// broken is what stands in the place of a value, or the value with something wrong in it.
func (s *spoiler) broken(v any) any {
	switch v := v.(type) {
	case members:
		if len(v) > 0 && s.r.IntN(2) == 0 {
			i := s.r.IntN(len(v))
			switch s.r.IntN(4) {
			case 0: // twice
				return append(v, member{v[i].name, v[i].value})
			case 1: // twice, with another value
				return append(v, member{v[i].name, s.evil()})
			case 2: // not there
				return append(append(members{}, v[:i]...), v[i+1:]...)
			default: // unknown, or spelled otherwise
				return append(v, member{pickOne(s.r, "unknown", "__proto__", "site_id", "site", "state", "operator", strings.ToUpper(v[i].name), v[i].name+"\x00"), s.evil()})
			}
		}
	case []any:
		if s.r.IntN(2) == 0 {
			return append(v, v...)
		}
		if s.r.IntN(4) == 0 && len(v) > 0 {
			for range 2000 {
				v = append(v, v[0])
			}
			return v
		}
	case string:
		if s.r.IntN(2) == 0 {
			return s.text(v)
		}
	}
	return s.evil()
}

// evil is a value that is hardly wanted anywhere.
func (s *spoiler) evil() any {
	return pickOne(s.r, []any{
		nil, true, false, raw("0"), raw("-1"), raw("1"), raw("0.5"), raw("-0"), raw("1e400"), raw("1e-400"), raw("9223372036854775807"),
		raw("9223372036854775808"), raw("-9223372036854775809"), raw("99999999999999999999999999999999"), raw("1E2"), raw("00"), raw("+1"), raw("NaN"),
		raw(`"\u0000"`), raw(`"\ud800"`), raw("\"\xff\xfe\""), raw(`"\x"`), raw("'a'"), raw("[,]"), raw(""), raw("undefined"),
		members{}, []any{}, []any{nil}, members{{"", nil}}, s.deep(), s.text("text"), s.text(""), raw("\"unfinished"), []any{[]any{[]any{}}},
		s.id(), s.id(),
	}...)
}

// deep is nested as no document is.
func (s *spoiler) deep() any {
	n := pickOne(s.r, 20, 200, 5000, 20000)
	if s.r.IntN(2) == 0 {
		return raw(strings.Repeat("[", n) + strings.Repeat("]", n))
	}
	return raw(strings.Repeat(`{"a":`, n) + "1" + strings.Repeat("}", n))
}

// text is a text that somebody could stumble over.
func (s *spoiler) text(was string) string {
	return pickOne(s.r, "", " ", "\t\r\n", was+" ", was+was, strings.ToUpper(was), was+"\x00", "\x00", "\u202e"+was, "\u200b", "\ufeff"+was, "é", "e\u0301", "ﬁ", "／", "¼", "İ",
		"'; drop table message; --", `" OR 1=1`, "%s%n%d", "{{.}}", "#{", "#{}", "#{이름", "${7*7}", "<script>alert(1)</script>", "../../etc/passwd", "..\\..", "file:///etc/passwd",
		"-1", "0", "00", "1e9", "999999999999999999999", "0.00001", "1,000", "١٢٣", "true", "null", "2026-13-45", "2026-02-30T25:61:61Z", "0000-00-00", "9999-99", "\U0001F468\u200d\U0001F469",
		"cm_live_0", "Bearer", "*", "?", "&", "=", "/", "//", ".", "..", "@", "#", "%", "%00", "+82 10 1234 5678", "010-0000-0000", "080", "\"", "\\", "`",
		strings.Repeat("a", 300), strings.Repeat("가", 3000), strings.Repeat("x", 70_000), s.id(), s.id())
}

// id is one of a thing: an own one of any kind, or another site's.
func (s *spoiler) id() string {
	from := s.mine
	if s.r.IntN(2) == 0 {
		from = s.theirs
	}
	kinds := []string{"msg", "con", "grp", "pay", "pmt", "usg", "att", "ser", "doc", "wdr", "pcn", "tok", "inv", "opt"}
	if id, ok := from.Kind(pickOne(s.r, kinds...), s.r); ok {
		return s.bent(id)
	}
	return "msg_01k9zqm0v8e4t9w2n7c5r3x6yb"
}

// bent is an id as it is, mostly.
func (s *spoiler) bent(id string) string {
	switch s.r.IntN(8) {
	case 0:
		return id[:len(id)-1]
	case 1:
		return strings.ToUpper(id)
	case 2:
		return id + "0"
	case 3:
		return "msg" + id[3:]
	case 4:
		return id[4:]
	}
	return id
}
