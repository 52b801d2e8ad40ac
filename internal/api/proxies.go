package api

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// ProxyForwarded names the header of RFC 7239 as what trusted proxies write.
const ProxyForwarded = "forwarded"

// client is the address that a request comes from. What a header says of it counts only as
// far as trusted proxies wrote it: from the right, up to the first address that is not one
// of them. Only one header is looked at: a proxy that writes the other one would pass on
// what the client had put into it.
func (a *api) client(r *http.Request) netip.Addr {
	at := a.peer(r)
	if !a.trusted(at) {
		return at
	}
	said := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	if a.ProxyHeader == ProxyForwarded {
		said = forwardedFor(r.Header.Values("Forwarded"))
	}
	for i := len(said) - 1; i >= 0 && a.trusted(at); i-- {
		next, ok := addressOf(said[i])
		if !ok {
			return at
		}
		at = next
	}
	return at
}

// peer is whoever holds the other end of the connection.
func (a *api) peer(r *http.Request) netip.Addr {
	at, _ := addressOf(r.RemoteAddr)
	return at
}

func (a *api) trusted(at netip.Addr) bool {
	return slices.ContainsFunc(a.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(at) })
}

// addressOf reads an address as headers have it: alone, or with a port. One of IPv4 that is
// written as IPv6 is that of IPv4, so that it is compared as such.
func addressOf(text string) (netip.Addr, bool) {
	text = strings.TrimSpace(text)
	if host, _, err := net.SplitHostPort(text); err == nil {
		text = host
	}
	at, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"))
	return at.Unmap().WithZone(""), err == nil
}

// forwardedFor gives what the elements of Forwarded say after for=, in their order; an
// element that does not say it is empty. Each line is read by itself, and one that ends inside
// of quotes names nobody: what a client leaves open takes in nothing that a proxy adds.
func forwardedFor(lines []string) (out []string) {
	for _, line := range lines {
		elements, ok := unquotedParts(line, ',')
		if !ok {
			out = append(out, "")
			continue
		}
		for _, element := range elements {
			out = append(out, namedFor(element))
		}
	}
	return out
}

func namedFor(element string) (who string) {
	pairs, _ := unquotedParts(element, ';') // its quotes are closed
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		if strings.EqualFold(strings.TrimSpace(name), "for") {
			who = strings.Trim(strings.TrimSpace(value), `"`)
		}
	}
	return who
}

// unquotedParts splits a text at a byte that does not stand between quotes; closed is false
// when the text ends between them.
func unquotedParts(text string, at byte) (out []string, closed bool) {
	from, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch {
		case quoted && text[i] == '\\':
			i++
		case text[i] == '"':
			quoted = !quoted
		case text[i] == at && !quoted:
			out = append(out, text[from:i])
			from = i + 1
		}
	}
	return append(out, text[from:]), !quoted
}
