package api

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"creditmsg/internal/fault"
)

// reading walks once over JSON that is known to be valid, without reflection, and
// collects what is not as the contract wants it, each with its pointer. A value is
// always consumed, also a wrong one, so that one reading finds all mistakes.
type reading struct {
	data  []byte
	at    int
	path  []step
	bad   []fault.Field // the first maxComplaints
	wrong int           // how many there are
}

// step is one part of a pointer: a member's name, or an index where name is empty.
type step struct {
	name  string
	index int
}

// maxComplaints bounds the mistakes that a reply lists.
const maxComplaints = 100

func (r *reading) complain(format string, args ...any) {
	r.wrong++
	if len(r.bad) < maxComplaints {
		r.bad = append(r.bad, fault.Place(r.pointer(), fault.CodeValidation, format, args...))
	}
}

// complainOf complains about a member that is not there.
func (r *reading) complainOf(name, format string, args ...any) {
	r.path = append(r.path, step{name: name})
	r.complain(format, args...)
	r.path = r.path[:len(r.path)-1]
}

var escapes = strings.NewReplacer("~", "~0", "/", "~1")

func (r *reading) pointer() string {
	var b strings.Builder
	for _, s := range r.path {
		b.WriteByte('/')
		if s.name == "" {
			b.WriteString(strconv.Itoa(s.index))
		} else {
			_, _ = escapes.WriteString(&b, s.name) // into memory
		}
	}
	return b.String()
}

// fault is what the reading found wrong, or nil.
func (r *reading) fault() error {
	if r.wrong == 0 {
		return nil
	}
	f := fault.New(fault.Invalid, fault.CodeValidation, "the request is not valid")
	if r.wrong > len(r.bad) {
		f = f.Says("the request is not valid: %d places, of which the first %d are listed", r.wrong, len(r.bad))
	}
	f.Fields = r.bad
	return f
}

// kind gives the first byte of the next value: one of { [ " t f n - or a digit.
func (r *reading) kind() byte {
	for {
		switch c := r.data[r.at]; c {
		case ' ', '\t', '\r', '\n', ',', ':':
			r.at++
		default:
			return c
		}
	}
}

// raw consumes the next value, whatever it is.
func (r *reading) raw() []byte {
	switch c := r.kind(); c {
	case '"':
		return r.quoted()
	case '{', '[':
		return r.nested()
	}
	start := r.at
	for r.at < len(r.data) && !bytes.ContainsRune([]byte(",]} \t\r\n"), rune(r.data[r.at])) {
		r.at++
	}
	return r.data[start:r.at]
}

// quoted consumes a string, with its quotes.
func (r *reading) quoted() []byte {
	start := r.at
	r.at++
	for {
		switch r.data[r.at] {
		case '\\':
			r.at += 2
		case '"':
			r.at++
			return r.data[start:r.at]
		default:
			r.at++
		}
	}
}

// nested consumes an object or an array.
func (r *reading) nested() []byte {
	start, depth := r.at, 0
	for {
		switch r.data[r.at] {
		case '"':
			r.quoted()
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		r.at++
		if depth == 0 {
			return r.data[start:r.at]
		}
	}
}

// null consumes the next value if it is null, which stands for an absent one.
func (r *reading) null() bool {
	if r.kind() != 'n' {
		return false
	}
	r.raw()
	return true
}

// want consumes a value of another kind with a complaint; true says that the next
// one is of the wanted kind.
func (r *reading) want(kind byte, what string) bool {
	if r.kind() == kind {
		return true
	}
	r.complain("want %s", fault.Word(what))
	r.raw()
	return false
}

// text consumes a string.
func (r *reading) text() string {
	if !r.want('"', "a string") {
		return ""
	}
	return unquoted(r.quoted())
}

// skipText consumes a string that only has to be one.
func (r *reading) skipText() {
	if r.want('"', "a string") {
		r.quoted()
	}
}

func unquoted(quoted []byte) string {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return string(quoted[1 : len(quoted)-1])
	}
	var text string
	_ = json.Unmarshal(quoted, &text) // it is valid
	return text
}

// boolean consumes true or false.
func (r *reading) boolean() bool {
	switch r.kind() {
	case 't', 'f':
		return r.raw()[0] == 't'
	}
	r.complain("want true or false")
	r.raw()
	return false
}

// whole consumes an integer between two bounds.
func (r *reading) whole(least, most int64) int64 {
	n, err := strconv.ParseInt(string(r.raw()), 10, 64)
	if err != nil || n < least || n > most {
		r.complain("want a whole number from %d to %d", least, most)
		return least
	}
	return n
}

// members consumes an object and calls each for every member; each consumes its value.
func (r *reading) members(each func(name string)) {
	if !r.want('{', "an object") {
		return
	}
	r.at++
	for r.kind() != '}' {
		name := unquoted(r.quoted())
		r.path = append(r.path, step{name: name})
		each(name)
		r.path = r.path[:len(r.path)-1]
	}
	r.at++
}

// elements consumes an array and calls each for every element, which consumes it.
func (r *reading) elements(each func(i int)) {
	if !r.want('[', "an array") {
		return
	}
	r.at++
	for i := 0; r.kind() != ']'; i++ {
		r.path = append(r.path, step{index: i})
		each(i)
		r.path = r.path[:len(r.path)-1]
	}
	r.at++
}
