package idem

import (
	"strings"

	"creditmsg/internal/fault"
)

// longest is the most characters that a client's key may have.
const longest = 255

// ParseHeader reads the value of an Idempotency-Key header: a quoted string as
// RFC 8941 writes it ("8e03…", with \" and \\ inside), or the bare text that many
// clients send. The key has 1 to 255 printable ASCII characters; "a" and a are the
// same key. Anything else is an Invalid fault.
func ParseHeader(v string) (string, error) {
	v = strings.Trim(v, " \t")
	key, ok := v, true
	if strings.HasPrefix(v, `"`) {
		key, ok = unquote(v)
	}
	if !ok || key == "" || len(key) > longest || !printable(key) {
		return "", fault.New(fault.Invalid, fault.CodeValidation,
			`the Idempotency-Key header must be 1 to %d printable ASCII characters, quoted or bare, such as "8e03978e-40d5"`, longest)
	}
	return key, nil
}

// unquote reads an RFC 8941 string that fills all of v.
func unquote(v string) (string, bool) {
	var out strings.Builder
	for i := 1; i < len(v); i++ {
		switch c := v[i]; c {
		case '"':
			return out.String(), i == len(v)-1
		case '\\':
			i++
			if i == len(v) || v[i] != '"' && v[i] != '\\' {
				return "", false
			}
			out.WriteByte(v[i])
		default:
			out.WriteByte(c)
		}
	}
	return "", false
}

func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
