package upstream

import (
	"encoding/json"
	"errors"
	"net/url"
	"strings"
)

const (
	maxCode = 64  // bytes of a vendor's code that are kept
	maxLink = 500 // bytes of an address that becomes a link
)

// Base reads a configured base address: http or https, without a query, and without the slash
// at its end. An empty one stays empty.
func Base(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return "", errors.New("cannot be read")
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return "", errors.New("must begin with http:// or https:// and name a host")
	case u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		return "", errors.New("must hold neither a query nor a login")
	}
	return strings.TrimRight(text, "/"), nil
}

// Code is what is kept of a vendor's code or identifier: its visible ASCII, at most 64 bytes.
func Code(code string) string {
	plain := make([]byte, 0, min(len(code), maxCode))
	for i := 0; i < len(code) && len(plain) < maxCode; i++ {
		if code[i] > ' ' && code[i] <= '~' {
			plain = append(plain, code[i])
		}
	}
	return string(plain)
}

// PlainID reports whether an identifier may stand in a request path and in the database:
// letters, digits, _ and -, at most 64 of them.
func PlainID(id string) bool {
	for i := range len(id) {
		c := id[i]
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '_' && c != '-' {
			return false
		}
	}
	return id != "" && len(id) <= maxCode
}

// Link keeps anything but a web address from becoming one.
func Link(address string) string {
	if !strings.HasPrefix(address, "https://") || len(address) > maxLink {
		return ""
	}
	return address
}

// Lenient passes over fields of a JSON text whose type is not as expected: what is needed of
// them is checked by itself, so that a vendor's change elsewhere does no harm.
func Lenient(err error) error {
	if _, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return nil
	}
	return err
}
