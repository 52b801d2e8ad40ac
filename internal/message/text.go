package message

import (
	"strings"

	"creditmsg/internal/korea"
)

// pattern is a text with variables #{…}, compiled against a shared list of names:
// literal pieces, and between them indexes into the recipient's values.
type pattern struct {
	pieces []piece
}

type piece struct {
	literal string
	value   int // index of the value; −1 for a literal
}

// names is the list of variables that a message uses, in order of first use.
type names struct {
	list []string
}

func (n *names) index(name string) int {
	for i, have := range n.list {
		if have == name {
			return i
		}
	}
	n.list = append(n.list, name)
	return len(n.list) - 1
}

// compile reads a text. A "#{" that is never closed, or that holds nothing, is
// plain text: Kakao and the text providers show it as it is.
func compile(text string, n *names) pattern {
	var p pattern
	rest := korea.Normalise(text)
	for {
		open := strings.Index(rest, "#{")
		if open < 0 {
			break
		}
		size := strings.IndexByte(rest[open:], '}')
		if size < 0 {
			break
		}
		name := strings.TrimSpace(rest[open+2 : open+size])
		if name == "" {
			p.add(rest[:open+size+1])
		} else {
			p.add(rest[:open])
			p.pieces = append(p.pieces, piece{value: n.index(name)})
		}
		rest = rest[open+size+1:]
	}
	p.add(rest)
	return p
}

func (p *pattern) add(literal string) {
	if literal != "" {
		p.pieces = append(p.pieces, piece{literal: literal, value: -1})
	}
}

// fixed reports whether the text is the same for everyone.
func (p pattern) fixed() bool {
	for _, s := range p.pieces {
		if s.value >= 0 {
			return false
		}
	}
	return true
}

// fill gives the text with one recipient's values in it.
func (p pattern) fill(values []string) string {
	if len(p.pieces) == 1 && p.pieces[0].value < 0 {
		return p.pieces[0].literal
	}
	var b strings.Builder
	for _, s := range p.pieces {
		if s.value < 0 {
			b.WriteString(s.literal)
		} else {
			b.WriteString(values[s.value])
		}
	}
	// A value may begin with a mark that joins the letter before it.
	return korea.Normalise(b.String())
}
