package api

import (
	"bytes"
	"net/http"
	"strings"

	"creditmsg/internal/fault"
)

// elsewhere is a door where clear text is spoken, and only TLS should be.
type elsewhere struct {
	*api
	address func(host string) string // by TLS
	asked   http.Handler             // answers an authority; nil = none asks
}

// challenges is where an authority asks (RFC 8555, 8.3).
const challenges = "/.well-known/acme-challenge/"

// Elsewhere answers where clear text is spoken, and only TLS should be: it leads browsers to
// the address that host is reached at by TLS. A token that came in clear text is refused and
// not led on: its program would go on sending it like that. An authority that issues
// certificates asks at the same door; asked answers it, nil = none asks.
func (a *api) Elsewhere(address func(host string) string, asked http.Handler) http.Handler {
	return &elsewhere{a, address, asked}
}

// ServeHTTP bounds these requests as all others.
func (e *elsewhere) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.attend(w, r, func(w *recorder, r *http.Request) {
		err := readableHead(r)
		if err == nil {
			err = e.limitAddress(r, of(r.Context()))
		}
		switch {
		case err != nil:
			e.refuse(w, r, err)
		case e.asked != nil && strings.HasPrefix(r.URL.Path, challenges):
			e.answer(w, r)
		default:
			e.leadOn(w, r, e.address)
		}
	})
}

// answer says what was asked for, and of anything else only that it is not there: why is not for
// strangers to read.
func (e *elsewhere) answer(w http.ResponseWriter, r *http.Request) {
	var text bytes.Buffer
	heard := &probe{header: http.Header{}, text: &text}
	e.asked.ServeHTTP(heard, r)
	if heard.status != 0 && heard.status != http.StatusOK {
		e.Log.DebugContext(r.Context(), "an authority's question has no answer", "status", heard.status, "why", strings.TrimSpace(text.String()))
		e.refuse(w, r, noRoute(r))
		return
	}
	w.Header().Set("Content-Type", "text/plain")
	_, _ = w.Write(text.Bytes()) // the client may be gone
}

func (a *api) leadOn(w http.ResponseWriter, r *http.Request, address func(host string) string) {
	switch {
	case r.Header.Get("Authorization") != "":
		a.refuse(w, r, fault.New(fault.Denied, fault.CodeForbidden, "the token came in clear text, for everybody on the way to read: revoke it, and use %s", address(r.Host)))
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		a.refuse(w, r, fault.New(fault.Denied, fault.CodeForbidden, "clear text is not spoken here; use %s", address(r.Host)))
	default:
		w.Header().Set("Location", address(r.Host)+r.URL.RequestURI())
		w.WriteHeader(http.StatusPermanentRedirect)
	}
}
