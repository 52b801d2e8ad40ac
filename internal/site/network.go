package site

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"creditmsg/internal/fault"
)

// MaxNetworks bounds the networks of one token.
const MaxNetworks = 50

// Networks are the addresses that a token may be used from; none means any.
type Networks []netip.Prefix

// ParseNetworks reads networks such as 203.0.113.0/24, each also as a bare address. They come
// back masked, each once, in the order given. Faults name the place under /addresses.
func ParseNetworks(texts []string) (Networks, error) {
	if len(texts) > MaxNetworks {
		return nil, fault.Check("/addresses", "want at most %d networks: got %d", MaxNetworks, len(texts))
	}
	var list Networks
	for i, text := range texts {
		p, ok := parseNetwork(strings.TrimSpace(text))
		if !ok {
			return nil, fault.Check(fmt.Sprintf("/addresses/%d", i), "%q is neither a network such as 203.0.113.0/24 nor an address", text)
		}
		if !slices.Contains(list, p) {
			list = append(list, p)
		}
	}
	return list, nil
}

// parseNetwork reads one. An IPv4 address that is written as IPv6 is the IPv4 address, since
// callers are known by that; of a network so written, what reaches beyond IPv4 is refused.
func parseNetwork(text string) (netip.Prefix, bool) {
	if a, err := netip.ParseAddr(text); err == nil {
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), a.Zone() == ""
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, false
	}
	if p.Addr().Is4In6() {
		const v4 = 96 // where the IPv4 address begins
		if p.Bits() < v4 {
			return netip.Prefix{}, false
		}
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-v4)
	}
	return p.Masked(), true
}

// Allow reports whether an address is in one of the networks, or there are none. An address
// that is not known is in none.
func (n Networks) Allow(a netip.Addr) bool {
	return len(n) == 0 || slices.ContainsFunc(n, func(p netip.Prefix) bool { return p.Contains(a.Unmap()) })
}

// Texts writes each network as it is read.
func (n Networks) Texts() []string {
	out := make([]string, len(n))
	for i, p := range n {
		out[i] = p.String()
	}
	return out
}

// readNetworks reads what is stored.
func readNetworks(stored string) (Networks, error) {
	return ParseNetworks(strings.Fields(stored))
}
