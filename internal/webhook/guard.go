package webhook

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"syscall"
	"time"
)

// errNotPublic says that a request was not made: it would have reached into a network that is
// the operator's own.
var errNotPublic = errors.New("the address is not a public one")

// What is given out of IPv6, and of both kinds of addresses what is nobody's public address,
// beside what netip knows of IPv4: see IANA's registries of special-purpose addresses. Of IPv6
// what is not given out is as closed as what is special.
var (
	givenOut = netip.MustParsePrefix("2000::/3")
	closed   = prefixes("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
		"240.0.0.0/4", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
	translated = netip.MustParsePrefix("64:ff9b::/96") // RFC 6052: an address of IPv4 that a translator leads to
)

// meant is the address that a connection ends at: that of IPv4 where one of IPv6 stands for it.
func meant(a netip.Addr) netip.Addr {
	a = a.Unmap().WithZone("")
	if translated.Contains(a) {
		b := a.As16()
		a = netip.AddrFrom4([4]byte(b[12:]))
	}
	return a
}

func prefixes(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, one := range list {
		out[i] = netip.MustParsePrefix(one)
	}
	return out
}

// public reports whether an address is one that anybody on the internet may have.
func public(a netip.Addr) bool {
	a = meant(a)
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.Is6() && !givenOut.Contains(a) {
		return false
	}
	return !within(closed, a)
}

// allowed reports whether an address is in one of the networks that the operator allowed.
func allowed(open []netip.Prefix, a netip.Addr) bool {
	return within(open, meant(a)) || within(open, a.WithZone(""))
}

func within(networks []netip.Prefix, a netip.Addr) bool {
	return slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(a) })
}

// dialer connects to addresses of the networks that the operator allowed, and to public ones
// where that is wanted. It judges the address that is about to be connected to: a name may
// resolve to another one than a moment before.
func dialer(open []netip.Prefix, toPublic bool) *net.Dialer {
	return &net.Dialer{Timeout: 10 * time.Second, Control: func(_, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil {
			return fmt.Errorf("connect to %s: %w", address, errNotPublic)
		}
		if allowed(open, at.Addr()) {
			return nil
		}
		if !toPublic || !public(at.Addr()) {
			return fmt.Errorf("connect to %s: %w", address, errNotPublic)
		}
		return nil
	}}
}
