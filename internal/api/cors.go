package api

import (
	"net/http"
	"slices"
	"strings"

	"github.com/rs/cors"
)

// Pages of other origins may call the API where the operator names these. A preflight asks before
// anybody knows the caller, and is answered before tokens and limits are looked at. There are no
// cookies and no credentials of the browser's own: the page has the token. So which origins may
// call is a matter of the installation and not of each site; it bounds which pages can be
// written, and not what a token may do.

// exposed are the fields of a reply that a page may read, besides those that it always may.
var exposed = []string{"ETag", "Location", "Link", "Retry-After", "Content-Disposition", "X-Request-Id", "Idempotent-Replayed",
	"RateLimit", "RateLimit-Policy", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"}

// sendable are the fields of a request that a page may set.
var sendable = []string{"Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "X-Request-Id", "traceparent", "tracestate"}

// newCORS answers pages of these origins; without any, nothing is said of origins.
func newCORS(origins []string) *cors.Cors {
	if len(origins) == 0 {
		return nil
	}
	return cors.New(cors.Options{
		AllowOriginFunc: func(origin string) bool { return slices.Contains(origins, origin) },
		AllowedMethods:  []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete},
		AllowedHeaders:  sendable, ExposedHeaders: exposed, MaxAge: 600,
	})
}

// crossing writes what a page of another origin has to know, and reports whether the request only
// asked for that. The doors of providers and gateways are for programs, never for pages.
func (a *api) crossing(w http.ResponseWriter, r *http.Request) (asked bool) {
	if a.cors == nil || !strings.HasPrefix(r.URL.Path, "/v1/") && r.URL.Path != "/openapi.json" {
		return false
	}
	a.cors.HandlerFunc(w, r)
	return r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != ""
}
