package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/cors"

	"creditmsg/internal/access"
	"creditmsg/internal/alert"
	"creditmsg/internal/attachment"
	"creditmsg/internal/billing"
	"creditmsg/internal/book"
	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/delivery"
	"creditmsg/internal/invoice"
	"creditmsg/internal/kakao"
	"creditmsg/internal/message"
	"creditmsg/internal/optout"
	"creditmsg/internal/paper"
	"creditmsg/internal/privacy"
	"creditmsg/internal/queue"
	"creditmsg/internal/registration"
	"creditmsg/internal/rerun"
	"creditmsg/internal/sandbox"
	"creditmsg/internal/series"
	"creditmsg/internal/site"
	parts "creditmsg/internal/upload"
	"creditmsg/internal/vendor"
	"creditmsg/internal/webhook"
	"creditmsg/internal/whatif"
)

// Deps is what the API works on. Log, Registerer, Gatherer, Version and Ready may
// be zero: nothing is logged or measured then, /metrics is empty, and the process
// is always ready.
type Deps struct {
	DB             *db.DB
	Keys           *site.Keys
	Ledger         *credit.Ledger
	Messages       *message.Service
	Delivery       *delivery.Service
	Invoices       *invoice.Service
	WhatIf         *whatif.Service
	Papers         *paper.Papers
	Billing        *billing.Service
	Alerts         *alert.Service
	OptOuts        *optout.OptOuts
	Attachments    *attachment.Service
	Uploads        *parts.Service
	Book           *book.Book
	Series         *series.Service
	Vendors        *vendor.Service
	Kakao          *kakao.Service
	Reruns         *rerun.Service
	Registration   *registration.Service
	Privacy        *privacy.Service
	People         *access.People
	Sandbox        *sandbox.Service
	Webhooks       *webhook.Service
	Queue          *queue.Queue
	System         System
	PublicURL      string // where payers' browsers reach us; "" = what a request names
	Log            *slog.Logger
	Registerer     prometheus.Registerer
	Gatherer       prometheus.Gatherer
	TrustedProxies []netip.Prefix                  // whose word for the client's address is believed
	ProxyHeader    string                          // what they write it into: ProxyForwarded; else X-Forwarded-For
	Version        string                          // of the program
	Ready          func(ctx context.Context) error // whether requests can be served now
	Limits         Limits
	Origins        []string                // of pages that may call: scheme://host[:port]
	Console        http.Handler            // what people see, below /console; nil = there is none here
	ConsoleAlone   bool                    // the routes are for the console of this process, and nobody else
	Pages          map[string]http.Handler // what is shown beside the API, by method and path: "GET /path"; not in its document
}

// api is the routes over their dependencies.
type api struct {
	Deps
	mux           *http.ServeMux
	huma          huma.API
	meter         *meter
	callers       *db.Group[claim, caller]
	remembered    callers
	uses          uses
	memory        *room                          // of JSON bodies, and of workbooks that are read
	pieces        *room                          // in memory, of uploads
	disk          *room                          // of lists
	documentation func() (*documentation, error) // is made when somebody asks for it first
	gate          gate

	cors    *cors.Cors           // nil = pages of other origins may not call
	present map[string]presenter // what GET of a path shows
	partly  map[string]bool      // of these, the paths of which only a part has an ETag
	changes map[string]bool      // the paths of it that can be changed under a condition
	writers []operation          // all that take an Idempotency-Key
	flaws   []error              // of the document: what its parts say against each other
}

// New makes the handler of all routes. Time-outs of connections are the server's;
// uploads extend their own read deadline while they make progress.
func New(d Deps) (http.Handler, error) {
	a := build(d)
	a.callers = db.NewReadGroup(d.DB, "api_authenticate", authenticate)
	a.cors = newCORS(d.Origins)
	err := errors.Join(a.flaws...)
	if err != nil {
		return nil, err
	}
	if a.meter, err = newMeter(d.Registerer); err != nil {
		return nil, fmt.Errorf("register the API's metrics: %w", err)
	}
	if err := a.limited(); err != nil {
		return nil, err
	}
	return a, nil
}

// documentation is the OpenAPI document, and the same for people.
type documentation struct {
	spec []byte
	page *page
}

// document writes both. It takes longer than all else that a process does before it serves, and
// few processes are ever asked for it.
func (a *api) document() (*documentation, error) {
	spec, err := json.MarshalIndent(a.huma.OpenAPI(), "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the OpenAPI document: %w", err)
	}
	page, err := newPage(spec)
	if err != nil {
		return nil, fmt.Errorf("write the page of the documentation: %w", err)
	}
	return &documentation{spec, page}, nil
}

// OpenAPI gives the OpenAPI 3.1 document of the API as JSON.
func OpenAPI() ([]byte, error) {
	a := build(Deps{})
	if err := errors.Join(a.flaws...); err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(a.huma.OpenAPI(), "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the OpenAPI document: %w", err)
	}
	return text, nil
}

// build declares every route. It calls nothing in d, so that the document can be
// had without a database.
func build(d Deps) *api {
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	a := &api{Deps: d, mux: http.NewServeMux(), memory: newRoom(bodyRoom), pieces: newRoom(pieceRoom), disk: newRoom(diskRoom),
		present: map[string]presenter{}, partly: map[string]bool{}, changes: map[string]bool{}}
	a.huma = humago.New(a.mux, configuration(d.Version))
	a.documentation = sync.OnceValues(a.document)
	a.describe()
	for _, declare := range []func(*api){
		sending, previews, campaigns, reviews, recipients, compliance, exportRecipients, attachments, policies, routing, stats, accounts, credits, caps, prices, plans, papers, payments, bookings, withdrawals, refundRequests, cards, recharges, alerts, returns, templates, senders, channels, sendingRules, blockedWords, optOuts, providers, contacts, groups, bookLists, lists, savedTexts, recurring, invoices, taxInvoices, reports, upkeep, uploads, sites, entering, installationPrices, queues, systems, overviews, erasures, auditing, tokens, sessions, passwordResets, me, users, roles, inbox, testMode, limits, webhookEndpoints, events,
	} {
		declare(a)
	}
	a.pages()
	a.console()
	a.describeConditions()
	a.loosen()
	a.polish()
	return a
}

// configuration is huma without its own document routes, links and transformers.
func configuration(version string) huma.Config {
	if version == "" {
		version = "dev"
	}
	c := huma.DefaultConfig("Credit Messaging", version)
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = "", "", ""
	c.CreateHooks = nil
	format := huma.Format{
		Marshal:   func(w io.Writer, v any) error { return writeJSON(w, v) },
		Unmarshal: unmarshal,
	}
	c.Formats = map[string]huma.Format{"application/json": format, "json": format}
	c.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	return c
}
