package server

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"sync"
	"time"

	"creditmsg/internal/fault"
)

// shakeWithin is how long a client may take to agree on how to speak TLS.
const shakeWithin = 10 * time.Second

// handshakes is a port whose connections speak TLS. Each has agreed on how when it is given out:
// the server of the standard library speaks HTTP/2 on those that want it, and we put into our
// words what it says on the others.
type handshakes struct {
	net.Listener
	config *tls.Config
	words  wording

	once  sync.Once
	came  chan arrival
	ctx   context.Context
	close context.CancelFunc
}

type arrival struct {
	conn net.Conn
	err  error
}

func shaking(l net.Listener, config *tls.Config, words wording) *handshakes {
	h := &handshakes{Listener: l, config: config, words: words, came: make(chan arrival)}
	h.ctx, h.close = context.WithCancel(context.Background())
	return h
}

// Accept gives the next connection.
func (h *handshakes) Accept() (net.Conn, error) {
	h.once.Do(func() { go h.take() })
	select {
	case a := <-h.came:
		return a.conn, a.err
	case <-h.ctx.Done():
		return nil, net.ErrClosed
	}
}

// Close closes the port, and ends the handshakes that are under way.
func (h *handshakes) Close() error {
	h.close()
	return h.Listener.Close()
}

// take takes connections until the port is closed. How many there are at a time is the gate's.
func (h *handshakes) take() {
	for {
		c, err := h.Listener.Accept()
		if err != nil {
			h.give(arrival{err: err})
			if errors.Is(err, net.ErrClosed) {
				return
			}
			continue
		}
		go func() {
			if fault.Contain("a handshake", func() error { h.shake(c); return nil }) != nil {
				_ = c.Close()
			}
		}()
	}
}

func (h *handshakes) give(a arrival) {
	select {
	case h.came <- a:
	case <-h.ctx.Done():
		if a.conn != nil {
			_ = a.conn.Close()
		}
	}
}

func (h *handshakes) shake(c net.Conn) {
	_ = c.SetDeadline(time.Now().Add(shakeWithin))
	secured := tls.Server(c, h.config)
	err := secured.HandshakeContext(h.ctx)
	if wrong, ok := errors.AsType[tls.RecordHeaderError](err); ok && wrong.Conn != nil && plainly(wrong.RecordHeader[:]) && h.words != nil {
		_, _ = wrong.Conn.Write(h.words.Unread(400, "Bad Request: this door speaks TLS; use https://"))
	}
	if err != nil {
		_ = c.Close()
		return
	}
	_ = c.SetDeadline(time.Time{})
	switch secured.ConnectionState().NegotiatedProtocol {
	case "h2":
		h.give(arrival{conn: secured})
	case "", "http/1.1":
		h.give(arrival{conn: spokenTLS{&spoken{Conn: secured, words: h.words}, secured}})
	default: // an authority that asks whose the name is has its answer with the handshake
		_ = secured.Close()
	}
}

// plainly reports whether what should begin a handshake begins a request in clear text.
func plainly(head []byte) bool {
	word := strings.TrimRight(string(head), " /*")
	return len(word) >= 3 && strings.Trim(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}
