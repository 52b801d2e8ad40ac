package api

import (
	"context"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"creditmsg/internal/fault"
)

// readyWithin bounds what readiness may take to find out.
const readyWithin = 5 * time.Second

// upkeep declares the routes for those who run and those who write programs.
func upkeep(a *api) {
	plain(a, operation{
		id: "getHealth", method: http.MethodGet, path: "/healthz", tag: "Upkeep", status: http.StatusOK, summary: "Whether the process answers",
	}, reflect.TypeFor[statusView](), func(w http.ResponseWriter, _ *http.Request) {
		a.send(w, http.StatusOK, "application/json", statusView{"ok"})
	})
	plain(a, operation{
		id: "getReadiness", method: http.MethodGet, path: "/readyz", tag: "Upkeep", status: http.StatusOK, summary: "Whether requests can be served now",
		codes: []string{fault.CodeUnavailable},
	}, reflect.TypeFor[statusView](), a.ready)
	gatherer := a.Gatherer
	if gatherer == nil {
		gatherer = prometheus.NewRegistry()
	}
	plain(a, operation{
		id: "getMetrics", method: http.MethodGet, path: "/metrics", tag: "Upkeep", status: http.StatusOK, summary: "Measurements for Prometheus",
	}, nil, promhttp.HandlerFor(gatherer, promhttp.HandlerOpts{}).ServeHTTP)
	plain(a, operation{
		id: "getOpenAPI", method: http.MethodGet, path: "/openapi.json", tag: "Upkeep", status: http.StatusOK, summary: "This document",
	}, reflect.TypeFor[map[string]any](), a.showing(func(w http.ResponseWriter, d *documentation) {
		a.sendBytes(w, http.StatusOK, "application/json", d.spec)
	}))
	plain(a, operation{
		id: "getDocs", method: http.MethodGet, path: "/docs", tag: "Upkeep", status: http.StatusOK, summary: "This document for people",
	}, nil, a.showing(func(w http.ResponseWriter, d *documentation) {
		w.Header().Set("Content-Security-Policy", d.page.policy)
		a.sendBytes(w, http.StatusOK, "text/html; charset=utf-8", d.page.html)
	}))
	for path, media := range map[string]string{"/metrics": "text/plain", "/docs": "text/html"} {
		a.huma.OpenAPI().Paths[path].Get.Responses["200"].Content = map[string]*huma.MediaType{media: {Schema: &huma.Schema{Type: huma.TypeString}}}
	}
}

func (a *api) ready(w http.ResponseWriter, r *http.Request) {
	if a.Ready != nil {
		ctx, cancel := context.WithTimeout(r.Context(), readyWithin)
		defer cancel()
		if err := a.Ready(ctx); err != nil {
			a.refuse(w, r, fault.Wrap(err, fault.Unavailable, fault.CodeUnavailable, "requests cannot be served at the moment; the log says why"))
			return
		}
	}
	a.send(w, http.StatusOK, "application/json", statusView{"ok"})
}

// showing makes a route of something that shows the document.
func (a *api) showing(show func(http.ResponseWriter, *documentation)) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) {
		d, err := a.documentation()
		if err != nil {
			a.refuse(w, r, err)
			return
		}
		show(w, d)
	}
}
