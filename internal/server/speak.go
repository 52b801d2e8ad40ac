package server

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
)

// Of what cannot be read as a request, the server of the standard library tells the client by
// itself, in a few words of plain text, before any handler knows of it. Whoever wrote a program
// against our API would then have to read two forms of refusals. So what is said on a
// connection while no request is under way is put into the form of the API's problems.

// wording gives the whole reply to what could not be read as a request: its status, and what
// the server says of it.
type wording interface {
	Unread(status int, said string) []byte
}

// spoken is a connection of HTTP/1.
type spoken struct {
	net.Conn
	words   wording     // nil = what the server says is left as it is
	serving atomic.Bool // a request is under way: what is said is its reply
}

// spokenTLS is the same inside TLS.
type spokenTLS struct {
	*spoken
	tls *tls.Conn
}

// ConnectionState tells the server that the connection is one of TLS.
func (s spokenTLS) ConnectionState() tls.ConnectionState { return s.tls.ConnectionState() }

// speaking is a port whose connections are spoken on in our words.
type speaking struct {
	net.Listener
	words wording
}

// Accept gives the next connection.
func (l speaking) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &spoken{Conn: c, words: l.words}, nil
}

// Write sends p, which is either of a reply, or what the server says by itself, at once and
// before it closes the connection.
func (s *spoken) Write(p []byte) (int, error) {
	if s.words == nil || s.serving.Load() {
		return s.Conn.Write(p)
	}
	status, said, ok := refusal(string(p))
	if !ok {
		return s.Conn.Write(p)
	}
	if _, err := s.Conn.Write(s.words.Unread(status, said)); err != nil {
		return 0, err
	}
	return len(p), nil
}

// refusal reads what the server says: HTTP/1.1 400 Bad Request: missing required Host header.
func refusal(p string) (status int, said string, ok bool) {
	line, _, _ := strings.Cut(p, "\r\n")
	version, rest, _ := strings.Cut(line, " ")
	number, said, _ := strings.Cut(rest, " ")
	status, err := strconv.Atoi(number)
	return status, said, err == nil && strings.HasPrefix(version, "HTTP/1.") && status >= 400
}

// CloseWrite ends what we say.
func (s *spoken) CloseWrite() error {
	if half, ok := s.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

func (s *spoken) speech() *spoken { return s }

// speechOf gives a connection of HTTP/1 as it is spoken on; nil for others.
func speechOf(c net.Conn) *spoken {
	if s, ok := c.(interface{ speech() *spoken }); ok {
		return s.speech()
	}
	return nil
}

// guestOf gives the guest under a connection; nil where there is no gate.
func guestOf(c net.Conn) *guest {
	for {
		switch at := c.(type) {
		case *guest:
			return at
		case spokenTLS:
			c = at.Conn
		case *spoken:
			c = at.Conn
		case *tls.Conn:
			c = at.NetConn()
		default:
			return nil
		}
	}
}

type spokenKey struct{}

// heard notes which connection a request comes by.
func heard(ctx context.Context, c net.Conn) context.Context {
	if s := speechOf(c); s != nil {
		return context.WithValue(ctx, spokenKey{}, s)
	}
	return ctx
}

// marking marks that a request is under way while h has it.
func marking(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s, ok := r.Context().Value(spokenKey{}).(*spoken); ok {
			s.serving.Store(true)
		}
		h.ServeHTTP(w, r)
	})
}

// turns follows what a connection does.
func turns(c net.Conn, s http.ConnState) {
	if s == http.StateIdle {
		if spoken := speechOf(c); spoken != nil {
			spoken.serving.Store(false) // the reply is sent
		}
	}
	if v := guestOf(c); v != nil {
		v.gate.becomes(v, s)
	}
}
