package providertest

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
)

// fault is what the network does to one request.
type fault uint8

const (
	passes       fault = iota
	cutBefore          // the connection is cut, the vendor knows nothing of the request
	cutAfter           // the vendor carried it out, then the connection is cut
	halfReply          // the reply ends in its middle
	strangeReply       // a page of somebody else's in place of the reply
	errorBefore        // 502 of a gateway that did not reach the vendor
	errorAfter         // 502 of a gateway that lost the vendor's reply
	slowBefore         // no answer, the vendor knows nothing of the request
	slowAfter          // the vendor carried it out, no answer
	endsBefore         // the caller's context ends, then as slowBefore
	endsAfter          // as slowAfter, then the caller's context ends
	keptBack           // as endsBefore, but release lets the vendor have it later
)

var faultNames = [...]string{"passes", "cut before", "cut after", "half a reply", "a strange reply", "502 before", "502 after",
	"no answer before", "no answer after", "context ends before", "context ends after", "kept back"}

func (f fault) String() string { return faultNames[f] }

// reaches says whether the vendor carries the request out.
func (f fault) reaches() bool {
	switch f {
	case passes, cutAfter, halfReply, strangeReply, errorAfter, slowAfter, endsAfter:
		return true
	}
	return false
}

// broken are the faults in which the request ends by itself.
var broken = []fault{cutBefore, cutAfter, halfReply, strangeReply, errorBefore, errorAfter}

// line is the socket between an adapter and its vendor, and can be broken at one
// request.
type line struct {
	vendor    http.Handler
	handsOver func(*http.Request) bool
	down      context.Context // ends with the test

	mu     sync.Mutex
	seen   int    // requests since mark
	handed int    // those that hand over
	first  int    // the first of them, -1 = none
	at     int    // the request that breaks, -1 = none, all = every one
	how    fault  // and how
	end    func() // ends the caller's context
	kept   *http.Request
	going  int
	idle   *sync.Cond // on mu: no request is under way
}

func newLine(down context.Context, vendor http.Handler, handsOver func(*http.Request) bool) *line {
	l := &line{vendor: vendor, handsOver: handsOver, down: down}
	l.idle = sync.NewCond(&l.mu)
	l.mark(-1, passes)
	return l
}

// all breaks every request.
const all = -2

// mark counts from now on, and breaks the request at; -1 = none.
func (l *line) mark(at int, how fault) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen, l.handed, l.first, l.at, l.how = 0, 0, -1, at, how
}

// counts are the requests since mark, those among them that hand over, and the first
// of these (-1 = none), once none is under way.
func (l *line) counts() (seen, handed, first int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.going > 0 {
		l.idle.Wait()
	}
	return l.seen, l.handed, l.first
}

// release lets the vendor have the request that was kept back; it says whether there
// was one.
func (l *line) release() bool {
	l.mu.Lock()
	r := l.kept
	l.kept = nil
	l.mu.Unlock()
	if r != nil {
		l.vendor.ServeHTTP(httptest.NewRecorder(), r)
	}
	return r != nil
}

// next counts a request and says what happens to it.
func (l *line) next(r *http.Request) fault {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := l.seen
	l.seen++
	if l.handsOver(r) {
		l.handed++
		if l.first < 0 {
			l.first = n
		}
	}
	if l.at != n && l.at != all {
		return passes
	}
	return l.how
}

func (l *line) come() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.going++
}

func (l *line) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.going--; l.going == 0 {
		l.idle.Broadcast()
	}
}

// ServeHTTP reads the whole body first: only then a server notices that its client
// went away.
func (l *line) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.come()
	defer l.leave()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client is gone already
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	f := l.next(r)
	if f == passes {
		l.vendor.ServeHTTP(w, r)
		return
	}
	reply := httptest.NewRecorder()
	if f.reaches() {
		l.vendor.ServeHTTP(reply, r)
	}
	switch f {
	case cutBefore, cutAfter:
		if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
			_ = conn.Close() // nothing was written
		}
	case halfReply:
		w.Header().Set("Content-Length", "100000")
		w.WriteHeader(reply.Code)
		_, _ = w.Write(reply.Body.Bytes()[:reply.Body.Len()/2])
	case strangeReply:
		_, _ = io.WriteString(w, "<html><body>Welcome to the network</body></html>")
	case errorBefore, errorAfter:
		http.Error(w, "<html>bad gateway</html>", http.StatusBadGateway)
	default:
		l.silent(f, r, body)
	}
}

// silent waits until the client gives up.
func (l *line) silent(f fault, r *http.Request, body []byte) {
	if f == keptBack {
		later := r.Clone(context.WithoutCancel(r.Context()))
		later.Body = io.NopCloser(bytes.NewReader(body))
		l.mu.Lock()
		l.kept = later
		l.mu.Unlock()
	}
	if f == endsBefore || f == endsAfter || f == keptBack {
		l.end()
	}
	select {
	case <-r.Context().Done():
	case <-l.down.Done():
	}
}
