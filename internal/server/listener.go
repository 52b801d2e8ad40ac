package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"creditmsg/internal/fault"
)

const (
	headerTimeout = 10 * time.Second // to send the head of a request
	idleTimeout   = 2 * time.Minute  // between two requests on one connection
	maxHeader     = 64 << 10
)

// listener is a door: an open port and what will answer there.
type listener struct {
	net.Listener
	url     string      // how it is reached from this machine
	tls     *tls.Config // nil = clear text
	streams int         // requests under way on one connection of HTTP/2; 0 = the library's own number
}

// listen opens a TCP port. Nothing answers before serve; callers wait in line.
func listen(address string) (*listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, fault.CodeUnavailable,
			"the address %s cannot be listened on: it is in use, or not of this machine; choose another", address)
	}
	return &listener{Listener: l, url: "http://" + reachable(l.Addr())}, nil
}

// reachable gives the address under which a port of this machine is reached from it.
func reachable(a net.Addr) string {
	host, port, err := net.SplitHostPort(a.String())
	if ip := net.ParseIP(host); err == nil && ip != nil && ip.IsUnspecified() {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return a.String()
}

// errCutOff is why requests end that are still inside when the grace of a stop is over.
var errCutOff = fault.New(fault.Unavailable, fault.CodeUnavailable, "the program stops; look whether this was done, and repeat it in a moment")

// serve answers requests until ctx ends. Then the door is closed, requests that are
// inside get grace to end, and what is left is cut off. Requests have a context of
// their own, which the stop does not end.
//
// Bodies and replies have no deadline here: an upload may take minutes, and the API gives
// each its own.
func (l *listener) serve(ctx context.Context, h http.Handler, grace time.Duration, log *slog.Logger) error {
	s := &http.Server{
		Handler:           marking(h),
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: l.streams},
		ConnContext:       heard,
		ConnState:         turns,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug), // clients that hang up

		DisableGeneralOptionsHandler: true, // ours answers OPTIONS *
	}
	inside, cutOff := context.WithCancelCause(context.Background())
	defer cutOff(nil)
	s.BaseContext = func(net.Listener) context.Context { return inside }
	closed := make(chan error, 1)
	unwatch := context.AfterFunc(ctx, func() {
		patience, cancel := context.WithTimeout(context.Background(), grace)
		defer cancel()
		err := s.Shutdown(patience)
		if errors.Is(err, context.DeadlineExceeded) {
			cutOff(errCutOff) // first: that they end is not their clients' doing
			err = s.Close()
			log.Warn("requests cut off at the stop", "listener", l.url, "grace", grace.String())
		}
		closed <- err
	})
	words, _ := h.(wording)
	var port net.Listener = speaking{l.Listener, words}
	if l.tls != nil {
		port = shaking(l.Listener, l.tls, words)
	}
	err := s.Serve(port)
	if unwatch() {
		return fmt.Errorf("serve %s: %w", l.url, err) // it ended by itself
	}
	return <-closed
}

// address is the listener's URL, or nothing where there is none.
func (l *listener) address() string {
	if l == nil {
		return ""
	}
	return l.url
}
