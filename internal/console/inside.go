package console

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// inside carries requests to the API of this process without a connection. A handler runs in a
// goroutine of its own, so that long replies pass through as they are written.
type inside struct{ api http.Handler }

type askedKey struct{}

// asking remembers which request of a browser the API is asked for.
func asking(ctx context.Context, r *http.Request) context.Context {
	return context.WithValue(ctx, askedKey{}, r)
}

// carried are the fields by which the API finds out where a request comes from.
var carried = []string{"X-Forwarded-For", "X-Forwarded-Proto", "Forwarded", "Traceparent", "Tracestate"}

// RoundTrip implements http.RoundTripper. The API sees the browser's address and host.
func (t inside) RoundTrip(req *http.Request) (*http.Response, error) {
	in := req.Clone(req.Context())
	in.RequestURI = req.URL.RequestURI()
	if in.Body == nil {
		in.Body = http.NoBody
	}
	if outer, ok := req.Context().Value(askedKey{}).(*http.Request); ok {
		in.RemoteAddr, in.Host, in.TLS = outer.RemoteAddr, outer.Host, outer.TLS
		for _, name := range carried {
			if values := outer.Header[name]; values != nil {
				in.Header[name] = values
			}
		}
	}
	reader, writer := io.Pipe()
	a := &answer{header: http.Header{}, body: writer, begun: make(chan struct{})}
	go func() {
		defer in.Body.Close()
		t.api.ServeHTTP(a, in)
		a.begin(http.StatusOK)
		writer.Close()
	}()
	select {
	case <-a.begun:
	case <-req.Context().Done():
		reader.CloseWithError(context.Cause(req.Context()))
		return nil, context.Cause(req.Context())
	}
	res := &http.Response{
		Status: strconv.Itoa(a.status) + " " + http.StatusText(a.status), StatusCode: a.status, Header: a.sent, Body: reader, Request: req,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, ContentLength: -1,
	}
	return res, nil
}

// answer is an http.ResponseWriter whose reply is read by who asked.
type answer struct {
	header http.Header
	body   *io.PipeWriter
	once   sync.Once
	begun  chan struct{} // closed when status and sent are there
	status int
	sent   http.Header
}

// Header implements http.ResponseWriter.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter. What is said before the final status is nobody's
// business here.
func (a *answer) WriteHeader(status int) {
	if status >= 200 {
		a.begin(status)
	}
}

func (a *answer) begin(status int) {
	a.once.Do(func() {
		a.status, a.sent = status, a.header.Clone()
		close(a.begun)
	})
}

// SetWriteDeadline lets the API break a reply off: one whose time is over has no end, so that nobody
// takes what came for all there is.
func (a *answer) SetWriteDeadline(t time.Time) error {
	if !t.IsZero() && t.Before(longAgo) {
		a.body.CloseWithError(io.ErrUnexpectedEOF)
	}
	return nil
}

// longAgo is before every deadline that means to wait.
var longAgo = time.Unix(1<<30, 0)

// Write implements http.ResponseWriter.
func (a *answer) Write(b []byte) (int, error) {
	a.begin(http.StatusOK)
	n, err := a.body.Write(b)
	if errors.Is(err, io.ErrClosedPipe) {
		err = http.ErrHandlerTimeout // whoever asked does not listen any more
	}
	return n, err
}
