package api

import (
	"net/http"

	"creditmsg/internal/fault"
)

// Elsewhere answers where clear text is spoken, and only TLS should be: it leads browsers to
// the address that host is reached at by TLS. A token that came in clear text is refused and
// not led on: its program would go on sending it like that.
func (a *api) Elsewhere(address func(host string) string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.attend(w, r, func(w *recorder, r *http.Request) {
			err := readableHead(r)
			switch {
			case err != nil:
				a.refuse(w, r, err)
			case r.Header.Get("Authorization") != "":
				a.refuse(w, r, fault.New(fault.Denied, fault.CodeForbidden, "the token came in clear text, for everybody on the way to read: revoke it, and use %s", address(r.Host)))
			case r.Method != http.MethodGet && r.Method != http.MethodHead:
				a.refuse(w, r, fault.New(fault.Denied, fault.CodeForbidden, "clear text is not spoken here; use %s", address(r.Host)))
			default:
				w.Header().Set("Location", address(r.Host)+r.URL.RequestURI())
				w.WriteHeader(http.StatusPermanentRedirect)
			}
		})
	})
}
