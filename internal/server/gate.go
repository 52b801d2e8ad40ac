package server

import (
	"container/list"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"creditmsg/internal/limit"
)

// gate is an open port that lets in as many connections as there may be, altogether and from
// one network. When there is no more room, the connection that has waited longest for a request
// of its client makes some, of those of the network if that has as many as it may: so nobody is
// kept out by those who only hold connections, and a request that is under way is never cut off
// for another one.
type gate struct {
	net.Listener
	most       int
	perAddress int            // of one limit.Network; 0, or as many as there are altogether = no bound of its own
	many       []netip.Prefix // who may have more: proxies, behind which all clients have one address
	log        *slog.Logger
	turned     *prometheus.CounterVec // connections that were ended, by why; nil = nobody counts

	mu      sync.Mutex
	inside  int                // guarded by mu, as all below
	by      map[netip.Addr]int // of those inside
	waiting list.List          // of *guest: no request of theirs is under way; who waited longest is first
	told    time.Time          // when the log was last told of somebody who was turned away
	untold  int                // how many were since then
}

// Why the gate ends a connection.
const (
	turnedFull    = "full"    // there is no room, and nobody waits
	turnedAddress = "address" // its network has too many, and none of them waits
	turnedWaiting = "waiting" // it waited, and another one needed its room
)

// guest is a connection inside.
type guest struct {
	net.Conn
	gate  *gate
	from  netip.Addr    // its limit.Network
	place *list.Element // guarded by gate.mu: where it waits; nil = it does not
	gone  bool          // guarded by gate.mu
}

// Accept gives the next connection that is let in.
func (g *gate) Accept() (net.Conn, error) {
	for {
		c, err := g.Listener.Accept()
		if err != nil {
			return nil, err
		}
		in, out, why := g.admit(c)
		if out != nil {
			_ = out.Close()
			g.turn(out.RemoteAddr(), why)
		}
		if in != nil {
			return in, nil
		}
	}
}

// admit gives the connection as a guest, or whom it has to be closed for: itself, or a guest.
func (g *gate) admit(c net.Conn) (in *guest, out net.Conn, why string) {
	at := address(c)
	in = &guest{Conn: c, gate: g, from: limit.Network(at)}
	g.mu.Lock()
	defer g.mu.Unlock()
	own := g.perAddress > 0 && g.perAddress < g.most && g.by[in.from] >= g.perAddress && !g.mayHaveMany(at)
	if own || g.inside >= g.most {
		longest := g.longest(in.from, own)
		switch {
		case longest != nil:
			g.rises(longest)
			out, why = longest, turnedWaiting
		case own:
			return nil, c, turnedAddress
		default:
			return nil, c, turnedFull
		}
	}
	if g.by == nil {
		g.by = map[netip.Addr]int{}
	}
	g.inside++
	g.by[in.from]++
	in.place = g.waiting.PushBack(in)
	return in, out, why
}

// longest is who has waited longest, of all or of one network; nil when nobody waits.
func (g *gate) longest(network netip.Addr, own bool) *guest {
	for e := g.waiting.Front(); e != nil; e = e.Next() {
		if v := e.Value.(*guest); !own || v.from == network {
			return v
		}
	}
	return nil
}

func (g *gate) mayHaveMany(at netip.Addr) bool {
	return slices.ContainsFunc(g.many, func(p netip.Prefix) bool { return p.Contains(at) })
}

func address(c net.Conn) netip.Addr {
	at, err := netip.ParseAddrPort(c.RemoteAddr().String())
	if err != nil {
		return netip.Addr{} // of a listener without addresses
	}
	return at.Addr().Unmap().WithZone("")
}

// turn counts who was turned away, and tells the log once a minute.
func (g *gate) turn(from net.Addr, why string) {
	if g.turned != nil {
		g.turned.WithLabelValues(why).Inc()
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.untold++
	if now := time.Now(); now.Sub(g.told) >= time.Minute {
		g.log.Warn("connections turned away", "why", why, "count", g.untold, "last", from.String(), "inside", g.inside)
		g.told, g.untold = now, 0
	}
}

// Close lets the connection go.
func (v *guest) Close() error {
	v.leave()
	return v.Conn.Close()
}

func (v *guest) leave() {
	g := v.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	if v.gone {
		return
	}
	v.gone = true
	g.rises(v)
	g.inside--
	if g.by[v.from]--; g.by[v.from] == 0 {
		delete(g.by, v.from)
	}
}

// CloseWrite ends what we say, and leaves the client to end what it says: one that still sends
// would otherwise never read why it is refused.
func (v *guest) CloseWrite() error {
	if half, ok := v.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// rises takes a guest from those who wait. It is called under mu.
func (g *gate) rises(v *guest) {
	if v.place != nil {
		g.waiting.Remove(v.place)
		v.place = nil
	}
}

// becomes is told by the server what a connection does now. Of one that was ended it may tell
// late, while it reads what came before.
func (g *gate) becomes(v *guest, s http.ConnState) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if v.gone {
		return
	}
	switch s {
	case http.StateActive:
		g.rises(v)
	case http.StateIdle:
		g.rises(v)
		v.place = g.waiting.PushBack(v)
	}
}
