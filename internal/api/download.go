package api

import (
	"context"
	"io"
	"net/http"
)

// stream writes a long reply while it is made; its headers are set. write holds no transaction
// while it writes, since the client may be slow. When it fails on the way the reply is cut.
func (a *api) stream(w http.ResponseWriter, r *http.Request, x *exchange, write func(context.Context, io.Writer) error) {
	if err := write(r.Context(), w); err != nil {
		problemOf(x, err) // for the log: it is too late to tell the client
		if out, ok := w.(*recorder); ok {
			out.cut()
		}
	}
}
