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

// closed are networks that are nobody's public address beside those that netip knows (RFC 6890
// and the registries it began): shared, of documents, of measurements, reserved, and those that
// carry an address of the other kind within them.
var closed = prefixes("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
	"240.0.0.0/4", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fec0::/10")

func prefixes(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, one := range list {
		out[i] = netip.MustParsePrefix(one)
	}
	return out
}

// public reports whether an address is one that anybody on the internet may have.
func public(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if !a.IsGlobalUnicast() || a.IsPrivate() {
		return false
	}
	for _, p := range closed {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// allowed reports whether an address is in one of the networks that the operator allowed.
func allowed(open []netip.Prefix, a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	return slices.ContainsFunc(open, func(p netip.Prefix) bool { return p.Contains(a) })
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
