package api

import (
	"context"
	"net/http"
	"time"
)

// takeWithin is the longest that a client may take to receive some of a long reply.
const takeWithin = 30 * time.Second

// download is a long reply that is written while it is made. The connection's deadline moves
// along while the client receives, so that a slow one is served and a stuck one is not.
type download struct {
	w        http.ResponseWriter
	control  *http.ResponseController
	extended time.Time
}

// Write sends the next bytes.
func (d *download) Write(p []byte) (int, error) {
	if now := time.Now(); now.Sub(d.extended) >= extendEvery {
		d.extended = now
		_ = d.control.SetWriteDeadline(now.Add(takeWithin)) // a connection without deadlines, as in tests, has none
	}
	return d.w.Write(p)
}

// stream writes a long reply, whose headers are set. When it fails on the way the connection
// is cut, so that no client takes what came for all there is.
func (a *api) stream(w http.ResponseWriter, r *http.Request, x *exchange, write func(context.Context, *download) error) {
	out := &download{w: w, control: http.NewResponseController(w)}
	if err := write(r.Context(), out); err != nil {
		problemOf(x, err) // for the log: it is too late to tell the client
		_ = out.control.SetWriteDeadline(time.Unix(1, 0))
		return
	}
	_ = out.control.SetWriteDeadline(time.Time{}) // the next request on the connection has none
}
