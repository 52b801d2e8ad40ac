package alert

import (
	"strings"

	"creditmsg/internal/fault"
)

// ParseAddress reads an e-mail address such as a.b+c@mail.example and gives it with its
// domain in small letters. It takes what nearly every mailbox has: dot-separated letters,
// digits and the marks of RFC 5322, and a domain of letters, digits and hyphens. Quoted
// names, comments, addresses of machines and anything outside ASCII are refused, so that
// what is accepted can stand in a header and in SMTP as it is.
func ParseAddress(text string) (string, error) {
	text = strings.TrimSpace(text)
	at := strings.LastIndexByte(text, '@')
	if len(text) > 254 || at < 1 || at > 64 || !isLocal(text[:at]) || !isDomain(text[at+1:]) {
		return "", fault.Check("", "want an e-mail address such as billing@shop.example")
	}
	return text[:at] + strings.ToLower(text[at:]), nil
}

// isLocal reports whether s is a dot-atom.
func isLocal(s string) bool {
	for atom := range strings.SplitSeq(s, ".") {
		if atom == "" || strings.ContainsFunc(atom, func(r rune) bool { return !isLetter(r) && !strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", r) }) {
			return false
		}
	}
	return true
}

func isDomain(s string) bool {
	labels := strings.Split(s, ".")
	for _, l := range labels {
		if l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' || strings.ContainsFunc(l, func(r rune) bool { return !isLetter(r) && r != '-' }) {
			return false
		}
	}
	return len(labels) > 1 && strings.ContainsFunc(labels[len(labels)-1], func(r rune) bool { return r > '9' })
}

func isLetter(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}
