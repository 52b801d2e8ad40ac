package db_test

import (
	"bytes"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
)

// proxy stands between a test and a database server and misbehaves on command.
type proxy struct {
	target   string
	listener net.Listener
	refuse   atomic.Int32 // connections to hang up on
	cut      atomic.Int32 // cutNothing, cutBefore or cutAfter, once, at the next COMMIT

	mu    sync.Mutex
	conns []net.Conn // guarded by mu
}

const (
	cutNothing = iota
	cutBefore  // the COMMIT does not reach the server
	cutAfter   // the server's answer to it does not reach the client
)

// through starts a proxy for the server of a database URL and gives the URL of
// the same database through it.
func through(t *testing.T, database string) (*proxy, string) {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{target: u.Host, listener: l}
	var running sync.WaitGroup
	running.Go(func() { p.accept(&running) })
	t.Cleanup(func() {
		l.Close()
		p.mu.Lock()
		for _, c := range p.conns {
			c.Close()
		}
		p.mu.Unlock()
		running.Wait()
	})
	u.Host = l.Addr().String()
	return p, u.String()
}

func (p *proxy) accept(running *sync.WaitGroup) {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.target)
		if err != nil || p.refuse.Add(-1) >= 0 {
			client.Close()
			continue
		}
		p.mu.Lock()
		p.conns = append(p.conns, client, server)
		p.mu.Unlock()
		var cutting atomic.Bool
		running.Go(func() { p.ask(client, server, &cutting) })
		running.Go(func() { answer(client, server, &cutting) })
	}
}

// ask copies what the client says, until the COMMIT that is to be cut.
func (p *proxy) ask(client, server net.Conn, cutting *atomic.Bool) {
	defer server.Close()
	buf := make([]byte, 64<<10)
	for {
		n, err := client.Read(buf)
		if commits(buf[:n]) {
			switch {
			case p.cut.CompareAndSwap(cutBefore, cutNothing):
				client.Close()
				return
			case p.cut.CompareAndSwap(cutAfter, cutNothing):
				cutting.Store(true)
			}
		}
		if _, werr := server.Write(buf[:n]); err != nil || werr != nil {
			return
		}
	}
}

// commits reports whether a COMMIT is in what a client says, beside any READ COMMITTED.
func commits(said []byte) bool {
	return bytes.Count(said, []byte("COMMIT")) > bytes.Count(said, []byte("COMMITTED"))
}

// answer copies what the server says, until the answer that is to be cut.
func answer(client, server net.Conn, cutting *atomic.Bool) {
	defer client.Close()
	buf := make([]byte, 64<<10)
	for {
		n, err := server.Read(buf)
		if n > 0 && cutting.Load() {
			return
		}
		if _, werr := client.Write(buf[:n]); err != nil || werr != nil {
			_, _ = io.Copy(io.Discard, server)
			return
		}
	}
}
