package api

import (
	"net/http"

	"creditmsg/internal/fault"
)

// Elsewhere answers where clear text is spoken, and only TLS should be: it leads browsers to
// the address that host is reached at by TLS. A token that came in clear text is refused and
// not led on: its program would go on sending it like that. What first answers by itself is
// asked before, at the same door: an authority asks there; nil = nobody does.
func (a *api) Elsewhere(address func(host string) string, first func(next http.Handler) http.Handler) http.Handler {
	var answer http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { a.leadOn(w, r, address) })
	if first != nil {
		answer = first(answer)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.attend(w, r, func(w *recorder, r *http.Request) {
			if err := readableHead(r); err != nil {
				a.refuse(w, r, err)
				return
			}
			answer.ServeHTTP(w, r)
		})
	})
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
