package paymenttest

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
)

// fault is what the network does to a request.
type fault uint8

const (
	passes       fault = iota
	cutBefore          // the connection is cut, the vendor knows nothing of the request
	cutAfter           // the vendor carried it out, then the connection is cut
	halfReply          // the reply ends in its middle
	strangeReply       // a page of somebody else's in place of the reply
	emptyReply         // a reply without a body
	otherObject        // a reply that is JSON and says nothing
	errorBefore        // 502 of a gateway that did not reach the vendor
	errorAfter         // 502 of a gateway that lost the vendor's reply
	redirected         // sent elsewhere, the vendor knows nothing of the request
	slowBefore         // no answer, the vendor knows nothing of the request
	slowAfter          // the vendor carried it out, no answer
	endsBefore         // the caller's context ends, then as slowBefore
	endsAfter          // as slowAfter, then the caller's context ends
)

var faultNames = [...]string{"passes", "cut before", "cut after", "half a reply", "a strange reply", "an empty reply", "another object",
	"502 before", "502 after", "redirected", "no answer before", "no answer after", "context ends before", "context ends after"}

func (f fault) String() string { return faultNames[f] }

// reaches says whether the vendor carries the request out.
func (f fault) reaches() bool {
	switch f {
	case passes, cutAfter, halfReply, strangeReply, emptyReply, otherObject, errorAfter, slowAfter, endsAfter:
		return true
	}
	return false
}

// broken are the faults in which the request ends by itself.
var broken = []fault{cutBefore, cutAfter, halfReply, strangeReply, emptyReply, otherObject, errorBefore, errorAfter, redirected}

// line is the socket between an adapter and its vendor. It breaks every request while how is
// not passes, but for the payer's page.
type line struct {
	vendor http.Handler
	down   context.Context // ends with the test

	mu    sync.Mutex
	seen  int // requests of the adapter
	from  int // the request from which on they break, counted from mark
	how   fault
	end   func() // ends the caller's context
	going int
	idle  *sync.Cond // on mu: no request is under way
}

// everyRequest breaks all of them, everyChange those that are not mere questions.
const (
	everyRequest = 0
	everyChange  = -1
)

func newLine(down context.Context, vendor http.Handler) *line {
	l := &line{vendor: vendor, down: down, from: everyRequest}
	l.idle = sync.NewCond(&l.mu)
	return l
}

// mark counts from now on, and breaks the request of this number and all behind it: a transport
// may ask a second time what got no answer.
func (l *line) mark(from int, how fault) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen, l.from, l.how = 0, from, how
}

// count is the number of requests since mark, once none is under way.
func (l *line) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.going > 0 {
		l.idle.Wait()
	}
	return l.seen
}

func (l *line) come(method string) fault {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.going++
	n := l.seen
	l.seen++
	if n >= max(l.from, 0) && (l.from != everyChange || method != http.MethodGet) {
		return l.how
	}
	return passes
}

func (l *line) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.going--; l.going == 0 {
		l.idle.Broadcast()
	}
}

// ServeHTTP reads the whole body first: only then a server notices that its client went away.
func (l *line) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client is gone already
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if strings.HasPrefix(r.URL.Path, "/_sim/") {
		l.vendor.ServeHTTP(w, r)
		return
	}
	f := l.come(r.Method)
	defer l.leave()
	if f == passes {
		l.vendor.ServeHTTP(w, r)
		return
	}
	reply := httptest.NewRecorder()
	if f.reaches() {
		l.vendor.ServeHTTP(reply, r)
	}
	l.spoil(w, r, f, reply)
}

func (l *line) spoil(w http.ResponseWriter, r *http.Request, f fault, reply *httptest.ResponseRecorder) {
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
	case emptyReply:
		w.WriteHeader(http.StatusOK)
	case otherObject:
		_, _ = io.WriteString(w, `{"hello":"world","status":null}`)
	case errorBefore, errorAfter:
		http.Error(w, "<html>bad gateway</html>", http.StatusBadGateway)
	case redirected:
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	default:
		if f == endsBefore || f == endsAfter {
			l.end()
		}
		select { // until the client gives up
		case <-r.Context().Done():
		case <-l.down.Done():
		}
	}
}
