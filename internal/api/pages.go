package api

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"
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

// console puts what people see below its root. Its requests come back here, inside of the one that a
// browser made: they are known by its exchange, and the address that was counted for that one is
// not counted again.
func (a *api) console() {
	if a.Console == nil {
		return
	}
	show := func(w http.ResponseWriter, r *http.Request) {
		if err := a.limitAddress(r, of(r.Context())); err != nil {
			a.refuse(w, r, err)
			return
		}
		u, err := newUpload(w, r, maxUpload, uploadWithin)
		if err != nil {
			a.refuse(w, r, err)
			return
		}
		r.Body = io.NopCloser(u)
		a.Console.ServeHTTP(w, r)
	}
	a.mux.HandleFunc(consoleRoot, show)
	a.mux.HandleFunc(consoleRoot+"/", show)
	a.mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.Header.Get("Accept"), "text/html") {
			a.refuse(w, r, noRoute(r)) // a program has lost its way; a person wants to be led
			return
		}
		http.Redirect(w, r, consoleRoot, http.StatusFound)
	})
}

// forPeople reports whether a path is the console's, or one by which a process is looked after.
func forPeople(path string) bool {
	return path == "/" || path == consoleRoot || strings.HasPrefix(path, consoleRoot+"/") || slices.Contains([]string{"/healthz", "/readyz", "/metrics"}, path)
}

// consoleRoot is where the console lies.
const consoleRoot = "/console"
