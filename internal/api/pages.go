package api

import (
	"bytes"
	"io"
	"net/http"
)

// maxPage is how large a form may be that a page beside the API takes.
const maxPage = 64 << 10

// pages puts what somebody else shows beside the API's own routes. It stands behind the same
// door: what is known of addresses, bodies and slow clients is known of its requests too, and a
// body is read before the page has it, so that nothing of the page's waits for a client.
func (a *api) pages() {
	for pattern, show := range a.Pages {
		a.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if err := a.limitAddress(r, of(r.Context())); err != nil {
				a.refuse(w, r, err)
				return
			}
			u, err := newUpload(w, r, maxPage, jsonWithin)
			var form []byte
			if err == nil {
				form, err = io.ReadAll(u)
			}
			if err != nil {
				a.refuse(w, r, err)
				return
			}
			r.Body = io.NopCloser(bytes.NewReader(form))
			show.ServeHTTP(w, r)
		})
	}
}
