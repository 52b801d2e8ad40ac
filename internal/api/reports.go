package api

import (
	"net"
	"net/http"
	"net/netip"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"creditmsg/internal/fault"
)

// statusView says that all is well.
type statusView struct {
	Status string `json:"status" enum:"ok"`
}

// reports declares the door for delivery reports. Providers sign raw bytes, so
// nothing reads the body before it is checked.
func reports(a *api) {
	o := operation{
		id: "takeReports", method: http.MethodPost, path: "/webhooks/{provider}", tag: "Providers", status: http.StatusOK,
		summary: "Take delivery reports of a provider",
		about:   "For providers, in each one's own format; {provider} is the configured name. It is answered once the report is stored.",
		codes:   []string{fault.CodeBodyTooLarge, fault.CodeUnauthenticated, fault.CodeForbidden, fault.CodeNotFound, fault.CodeMalformed, fault.CodeUnavailable},
		params:  []*huma.Param{{Name: "provider", In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString}}},
		body:    &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{}}}},
	}
	plain(a, o, reflect.TypeFor[statusView](), a.answering(func(w http.ResponseWriter, r *http.Request, _ *exchange) (*reply, error) {
		body, release, err := a.whole(w, r, maxReport)
		defer release()
		if err != nil {
			return nil, err
		}
		if err := a.Delivery.Receive(r.Context(), r.PathValue("provider"), r.Header, body, a.client(r)); err != nil {
			return nil, err
		}
		return rendered(http.StatusOK, statusView{"ok"})
	}))
}

// client is the address that a request comes from. What X-Forwarded-For says counts
// only as far as trusted proxies wrote it: from the right, up to the first address
// that is not one of them.
func (a *api) client(r *http.Request) netip.Addr {
	at := a.peer(r)
	said := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(said) - 1; i >= 0 && a.trusted(at); i-- {
		next, err := netip.ParseAddr(strings.TrimSpace(said[i]))
		if err != nil {
			return at
		}
		at = next.Unmap()
	}
	return at
}

// peer is whoever holds the other end of the connection.
func (a *api) peer(r *http.Request) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	at, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}
	}
	return at.Unmap()
}

func (a *api) trusted(at netip.Addr) bool {
	return slices.ContainsFunc(a.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(at) })
}
