package server

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// running runs a process and gives it with what stops it.
func running(t *testing.T, c Config, o Options) *Program {
	t.Helper()
	p, err := Open(t.Context(), c, o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("it ended with %v", err)
		}
	})
	return p
}

// gated serves h behind a gate.
func gated(t *testing.T, g *gate, h http.Handler) *listener {
	t.Helper()
	l, err := listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g.Listener, g.log = l.Listener, slog.New(slog.DiscardHandler)
	g.turned = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "ended"}, []string{"why"})
	l.Listener = g
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- l.serve(ctx, h, time.Millisecond, g.log) }()
	t.Cleanup(func() { stop(); <-ended })
	return l
}

func dial(t *testing.T, l net.Listener) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// asks sends one request and gives the status; 0 = the connection was ended instead.
func asks(t *testing.T, c net.Conn, path string) int {
	t.Helper()
	if _, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path); err != nil {
		return 0
	}
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return 0
	}
	_, _ = io.Copy(io.Discard, res.Body)
	return res.StatusCode
}

func (g *gate) count() (inside, waiting int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.inside, g.waiting.Len()
}

// until waits for what other goroutines bring about.
func until(t *testing.T, what string, true func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !true(); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("it did not come about that %s", what)
		}
	}
}

// blocking answers at once, but for /wait, whose requests wait for leave.
func blocking() (h http.Handler, inside chan struct{}, leave chan struct{}) {
	inside, leave = make(chan struct{}, 100), make(chan struct{})
	return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/wait" {
			inside <- struct{}{}
			<-leave
		}
	}), inside, leave
}

func TestWhoWaitedLongestMakesRoomAndARequestIsNeverCutOff(t *testing.T) {
	h, inside, leave := blocking()
	g := &gate{most: 3}
	l := gated(t, g, h)
	first, second, busy := dial(t, l), dial(t, l), dial(t, l)
	if asks(t, first, "/") != 200 || asks(t, second, "/") != 200 {
		t.Fatal("they are not let in")
	}
	answered := make(chan int, 1)
	go func() { answered <- asks(t, busy, "/wait") }()
	<-inside
	until(t, "two wait", func() bool { _, waiting := g.count(); return waiting == 2 })
	if got := asks(t, first, "/"); got != 200 { // it waits for less long than the second now
		t.Fatalf("got %d", got)
	}
	until(t, "two wait", func() bool { _, waiting := g.count(); return waiting == 2 })
	if got := asks(t, dial(t, l), "/"); got != 200 {
		t.Errorf("the fourth got %d, want it let in", got)
	}
	if got := asks(t, second, "/"); got != 0 {
		t.Errorf("the second got %d, want it to have made room", got)
	}
	if got := asks(t, first, "/"); got != 200 {
		t.Errorf("the first got %d, want it inside", got)
	}
	close(leave)
	if got := <-answered; got != 200 {
		t.Errorf("the request under way got %d", got)
	}
	metrics := prometheus.NewRegistry()
	metrics.MustRegister(g.turned)
	if got, err := metrics.Gather(); err != nil || len(got) != 1 || got[0].GetMetric()[0].GetCounter().GetValue() != 1 {
		t.Errorf("%v, %v; want that one made room", got, err)
	}
}

func TestWhoeverComesWhenEverybodyIsServedIsTurnedAwayUntilThereIsRoom(t *testing.T) {
	h, inside, leave := blocking()
	g := &gate{most: 2}
	l := gated(t, g, h)
	busy := []net.Conn{dial(t, l), dial(t, l)}
	done := make(chan int, 2)
	for _, c := range busy {
		go func() { done <- asks(t, c, "/wait") }()
		<-inside
	}
	if got := asks(t, dial(t, l), "/"); got != 0 {
		t.Errorf("got %d, want to be turned away", got)
	}
	close(leave)
	for range busy {
		if got := <-done; got != 200 {
			t.Errorf("who was served got %d", got)
		}
	}
	_ = busy[0].Close()
	until(t, "there is room", func() bool { inside, _ := g.count(); return inside < 2 })
	if got := asks(t, dial(t, l), "/"); got != 200 {
		t.Errorf("got %d, want to be let in", got)
	}
}

func TestOneAddressHasSoManyConnectionsAndProxiesMore(t *testing.T) {
	for name, c := range map[string]struct {
		many []netip.Prefix
		want int
	}{"a client": {nil, 0}, "a proxy": {[]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, 200}} {
		t.Run(name, func(t *testing.T) {
			h, inside, leave := blocking()
			g := &gate{most: 100, perAddress: 2, many: c.many}
			l := gated(t, g, h)
			busy, done := []net.Conn{dial(t, l), dial(t, l)}, make(chan int, 2)
			for _, in := range busy {
				go func() { done <- asks(t, in, "/wait") }()
				<-inside
			}
			if got := asks(t, dial(t, l), "/"); got != c.want {
				t.Errorf("the third got %d, want %d", got, c.want)
			}
			close(leave)
			for range busy {
				if got := <-done; got != 200 {
					t.Errorf("who was served got %d", got)
				}
			}
			until(t, "they wait", func() bool { _, waiting := g.count(); return waiting >= 2 })
			if got := asks(t, dial(t, l), "/"); got != 200 {
				t.Errorf("got %d when only those of its own address wait, want to be let in", got)
			}
			if got := asks(t, busy[0], "/") + asks(t, busy[1], "/"); c.want == 0 && got != 200 {
				t.Errorf("two that waited got %d together, want that one of them made room", got)
			}
		})
	}
}

// come is a connection from an address.
type come struct {
	net.Conn
	from string
}

func (c come) RemoteAddr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(c.from), 4711))
}
func (c come) Close() error { return nil }

func TestAddressesAreCountedByTheirNetworks(t *testing.T) {
	g := &gate{most: 100, perAddress: 1, many: []netip.Prefix{netip.MustParsePrefix("fe80::/10")}}
	for _, c := range []struct {
		from string
		in   bool
	}{
		{"2001:db8::1", true}, {"2001:db8::2", false}, {"2001:db8:0:1::1", true},
		{"192.0.2.1", true}, {"::ffff:192.0.2.1", false}, {"192.0.2.2", true},
		{"fe80::1%eth0", true}, {"fe80::1%eth0", true},
	} {
		in, _, _ := g.admit(come{from: c.from})
		if (in != nil) != c.in {
			t.Errorf("%s is let in: %v, want %v", c.from, in != nil, c.in)
		}
		if in != nil {
			g.becomes(in, http.StateActive)
		}
	}
}

func TestAConnectionThatWasEndedDoesNotComeBack(t *testing.T) {
	g := &gate{most: 1}
	first, _, _ := g.admit(come{from: "192.0.2.1"})
	second, out, _ := g.admit(come{from: "192.0.2.2"})
	if out != net.Conn(first) {
		t.Fatalf("%v made room, want the first", out)
	}
	_ = first.Close()
	g.becomes(first, http.StateIdle) // as of what it had sent before
	g.becomes(second, http.StateActive)
	if in, _, _ := g.admit(come{from: "192.0.2.3"}); in != nil {
		t.Error("a third is let in beside the second, whose request is under way")
	}
}

func TestOneAddressDoesNotTakeAllConnectionsWhereNothingIsSet(t *testing.T) {
	for most, want := range map[int]int{0: 1024, 400: 100, 3: 1} {
		c := testConfig(t)
		c.HTTP = HTTPConfig{Connections: most}
		p, err := Open(t.Context(), c, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := p.door.Listener.(*gate).perAddress; got != want {
			t.Errorf("of %d connections one address may have %d, want %d", most, got, want)
		}
		p.Close()
	}
}

// TestAThousandConnectionsThatHangKeepNobodyOut has clients that send nothing, a part of a head, or
// a part of a body hold all the connections there are.
func TestAThousandConnectionsThatHangKeepNobodyOut(t *testing.T) {
	const most = 500
	t.Run("of all", func(t *testing.T) { hanging(t, most, most, 1000) })
	t.Run("of one address", func(t *testing.T) { hanging(t, most, 0, 500) }) // of its 125 those with a body are under way
}

func hanging(t *testing.T, most, perAddress, hang int) {
	c := testConfig(t, simulatedAccount("http://127.0.0.1:1"))
	c.HTTP.Connections, c.HTTP.ConnectionsPerAddress = most, perAddress
	p := running(t, c, Options{})
	g := p.door.Listener.(*gate)
	before := runtime.NumGoroutine()
	var all []net.Conn
	for i := range hang {
		all = append(all, dial(t, p.door))
		head := []string{"", "GET /healthz HTTP/1.1\r\nHost:", "POST /webhooks/sim HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"}[min(i%5, 2)]
		if i%5 > 2 {
			head = "GET /healthz HTTP/1.1\r\nX-Slow: "
		}
		_, _ = io.WriteString(all[i], head)
		if i%20 == 0 {
			if got := asks(t, dial(t, p.door), "/healthz"); got != 200 {
				t.Fatalf("after %d that hang a request got %d", i, got)
			}
		}
	}
	for i := range 100 {
		if got := asks(t, dial(t, p.door), "/readyz"); got != 200 {
			t.Fatalf("request %d got %d", i, got)
		}
	}
	if inside, _ := g.count(); inside > most {
		t.Errorf("%d are inside, want at most %d", inside, most)
	}
	// A connection has a goroutine, and another one while a handler reads; those that were ended
	// linger for half a second.
	until(t, "goroutines are bounded", func() bool { return runtime.NumGoroutine()-before <= 2*most+50 })
	for _, c := range all {
		_ = c.Close()
	}
	until(t, "nobody is inside", func() bool {
		inside, _ := g.count()
		return inside <= 1+100+hang/20 && runtime.NumGoroutine()-before < 250
	})
}

func TestTheGateTellsTheLogOfManyAtOnce(t *testing.T) {
	var log strings.Builder
	g := &gate{log: slog.New(slog.NewTextHandler(&log, nil))}
	for range 1000 {
		g.turn(&net.TCPAddr{}, turnedFull)
	}
	if got := strings.Count(log.String(), "\n"); got != 1 || g.untold != 999 {
		t.Errorf("got %d lines and %d to be told, want one line: %s", got, g.untold, &log)
	}
}
