package api

import (
	"net/http"
	"time"
)

// A client has to take part: to send what it announced, and to receive what it asked for. One
// that is slow is served; one that is stuck, or trickles bytes to hold what others could use,
// is not. Nobody can do so for longer than these allow.
const (
	pauseWithin = 30 * time.Second // the longest silence of a client
	slowFor     = time.Minute      // how long a client may be waited for altogether,
	slowest     = 4 << 10          // and a second more for so many bytes that it moved
	passAtOnce  = 16 << 10         // bytes of a reply between two looks at the time
	extendEvery = time.Second      // between two moves of a deadline
)

// pace is what was waited for a client, in one direction of one exchange. It belongs to the
// goroutine that reads or writes.
type pace struct {
	waited   time.Duration
	moved    int64
	extended time.Time
}

// until is when the next bytes have to be through.
func (p *pace) until(now time.Time) time.Time {
	left := slowFor - p.waited + time.Duration(p.moved/slowest)*time.Second
	return now.Add(min(pauseWithin, left))
}

// due reports whether the deadline has to be moved, which then counts as done.
func (p *pace) due(now time.Time) bool {
	if now.Sub(p.extended) < extendEvery {
		return false
	}
	p.extended = now
	return true
}

// took notes that n bytes were waited for since then.
func (p *pace) took(n int, since time.Time) {
	p.waited += time.Since(since)
	p.moved += int64(n)
}

// await gives the client time to begin with a body, which may be one that nobody will read:
// the server passes over the rest of it before the next request, and would wait for ever.
func await(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength != 0 {
		// A connection without deadlines, as in tests, simply has none.
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(pauseWithin))
	}
}

// recorder remembers what was answered, and holds the client to receiving it.
type recorder struct {
	http.ResponseWriter
	control *http.ResponseController
	status  int
	bytes   int64
	pace    pace
	broken  bool
}

func newRecorder(w http.ResponseWriter) *recorder {
	return &recorder{ResponseWriter: w, control: http.NewResponseController(w)}
}

// WriteHeader counts the first final status only.
func (w *recorder) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write sends the next bytes and counts them.
func (w *recorder) Write(b []byte) (n int, err error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	for {
		part := b[n:min(len(b), n+passAtOnce)]
		start := time.Now()
		if w.pace.due(start) {
			_ = w.control.SetWriteDeadline(w.pace.until(start))
		}
		m, err := w.ResponseWriter.Write(part)
		w.pace.took(m, start)
		w.bytes += int64(m)
		if n += m; err != nil || n == len(b) {
			return n, err
		}
	}
}

// end gives the client time to receive what is still in the server's own buffers, and before
// that to send the rest of a body that nobody read, which the server waits for.
func (w *recorder) end() {
	if !w.broken {
		_ = w.control.SetWriteDeadline(w.pace.until(time.Now()).Add(pauseWithin))
	}
}

// cut has the connection end without the rest of a reply, so that no client takes what came
// for all there is.
func (w *recorder) cut() {
	w.broken = true
	_ = w.control.SetWriteDeadline(time.Unix(1, 0))
}

// Unwrap lets http.ResponseController reach the connection.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }
