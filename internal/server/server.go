package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"creditmsg/internal/access"
	"creditmsg/internal/alert"
	"creditmsg/internal/api"
	"creditmsg/internal/attachment"
	"creditmsg/internal/audit"
	"creditmsg/internal/billing"
	"creditmsg/internal/blob"
	"creditmsg/internal/book"
	"creditmsg/internal/certificate"
	"creditmsg/internal/console"
	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/delivery"
	"creditmsg/internal/fault"
	"creditmsg/internal/identity"
	"creditmsg/internal/invoice"
	"creditmsg/internal/kakao"
	"creditmsg/internal/limit"
	"creditmsg/internal/message"
	"creditmsg/internal/money"
	"creditmsg/internal/optout"
	"creditmsg/internal/paper"
	till "creditmsg/internal/payment/simulator"
	"creditmsg/internal/privacy"
	"creditmsg/internal/provider"
	"creditmsg/internal/provider/simulator"
	"creditmsg/internal/queue"
	"creditmsg/internal/registration"
	"creditmsg/internal/rerun"
	"creditmsg/internal/series"
	"creditmsg/internal/signal"
	"creditmsg/internal/site"
	"creditmsg/internal/upload"
	"creditmsg/internal/vendor"
	"creditmsg/internal/webhook"
	"creditmsg/internal/whatif"
)

// The roles that a process can have.
const (
	RoleAPI       = "api"       // the HTTP API, and the door for delivery reports
	RoleConsole   = "console"   // what people see
	RoleWorker    = "worker"    // sending, look-ups, recovery, sweeping
	RoleSimulator = "simulator" // the provider in a box, for the account that points at it
)

// Roles are all roles, and DefaultRoles those of a process that names none.
var (
	Roles        = []string{RoleAPI, RoleConsole, RoleWorker, RoleSimulator}
	DefaultRoles = []string{RoleAPI, RoleConsole, RoleWorker}
)

// Options say how a process runs; zero values are the defaults named.
type Options struct {
	Roles      []string      // nil = DefaultRoles
	Version    string        // of the program, shown by the API
	Log        *slog.Logger  // nil = nothing is logged
	ConnectFor time.Duration // how long a database that is not there yet is waited for; 0 = 15 s
	Grace      time.Duration // what requests, and then jobs, may take to end after the stop; 0 = 20 s
	Simulator  SimulatorOptions
	// Reload has the files of tls.cert_file and tls.key_file read at once; nil = only when it is time.
	Reload <-chan os.Signal
}

// Program is one process of the installation: its services, its doors and what runs.
type Program struct {
	config       Config
	log          *slog.Logger
	grace        time.Duration
	roles        []string
	metrics      *prometheus.Registry
	broken       prometheus.Counter     // rows that break a law of the ledger
	turned       *prometheus.CounterVec // connections that the gate ended
	d            *db.DB
	keys         *site.Keys
	ledger       *credit.Ledger
	queue        *queue.Queue
	messages     *message.Service
	delivery     *delivery.Service
	bus          *signal.Bus
	billing      *billing.Service
	alerts       *alert.Service
	pictures     *attachment.Service
	place        blob.Store // of the pictures
	presence     *signal.Presence
	papers       *paper.Papers
	uploads      *upload.Service
	invoices     *invoice.Service
	book         *book.Book
	series       *series.Service
	vendors      *vendor.Service
	kakao        *kakao.Service
	registration *registration.Service
	privacy      *privacy.Service
	people       *access.People
	identity     *identity.Provider // nil without console.oidc
	reruns       *rerun.Service
	webhooks     *webhook.Service
	handler      http.Handler
	redis        *limit.Redis // nil = none

	door      *listener              // nil without RoleAPI
	inner     *listener              // the same for simulators in this process, where the door speaks TLS
	redirect  *listener              // leads from clear text to the door; nil without listen_redirect
	authority *certificate.Authority // nil without tls.autocert
	renewing  runner                 // nil without tls.cert_file
	vendor    *listener              // nil without RoleSimulator
	simulated *simulator.Simulator
	till      *till.Simulator
	test      testWorld

	stopping atomic.Bool
	ending   chan struct{} // closed when it stops
	schema   readiness
	consult  consult
	began    db.Time
}

// Open makes a process: its ports are open when it returns, though nothing answers
// there before Run; the database is reached and migrated. Close what is not run.
// An address that is taken and a database that cannot be reached are Unavailable.
func Open(ctx context.Context, c Config, o Options) (*Program, error) {
	p := &Program{config: c, log: o.Log, grace: o.Grace, roles: o.Roles, metrics: prometheus.NewRegistry(), ending: make(chan struct{})}
	if p.roles == nil {
		p.roles = DefaultRoles
	}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	if p.grace <= 0 {
		p.grace = 20 * time.Second
	}
	p.config.Providers = slices.Clone(c.Providers)
	p.metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	p.broken = newBrokenRows(p.metrics)
	for _, step := range []func(context.Context, Options) error{p.openDoors, p.openTestDoor, p.openDatabase, p.makeServices, p.secure, p.makeAPI} {
		if err := step(ctx, o); err != nil {
			p.Close()
			return nil, err
		}
	}
	return p, nil
}

// openDoors opens the ports first: the simulator's address is part of the account
// that points at it, and a port that is taken should be known before anything is done.
func (p *Program) openDoors(_ context.Context, o Options) (err error) {
	for _, role := range p.roles {
		if !slices.Contains(Roles, role) {
			return fault.Check("roles", "%q is not one of %v", role, Roles)
		}
	}
	if p.serves() {
		if err = p.openDoor(); err != nil {
			return err
		}
	}
	if p.has(RoleSimulator) {
		return p.openSimulator(o.Simulator)
	}
	return nil
}

func (p *Program) has(role string) bool { return slices.Contains(p.roles, role) }

// serves reports whether the process has a door: the console asks the API of its own process, which
// nobody else reaches then.
func (p *Program) serves() bool { return p.has(RoleAPI) || p.has(RoleConsole) }

func (p *Program) openDatabase(ctx context.Context, o Options) (err error) {
	p.d, err = db.Open(ctx, string(p.config.Database.URL), db.Options{Registerer: p.metrics, ConnectFor: o.ConnectFor})
	if err != nil {
		return err
	}
	return p.d.Migrate(ctx)
}

func (p *Program) makeServices(ctx context.Context, o Options) error {
	master, err := p.config.Keys.Bytes()
	if err != nil {
		return fmt.Errorf("read the master key: %w", err)
	}
	p.keys = site.NewKeys(p.d, master)
	if err := p.keys.Prepare(ctx); err != nil {
		return err
	}
	if err := p.apart(); err != nil {
		return err
	}
	pictures, store, err := p.config.pictures(p.d, p.keys, p.log)
	if err != nil {
		return err
	}
	p.pictures, p.place, p.uploads = pictures, store, upload.New(p.d, p.keys, store, p.log)
	p.bus = signal.New(p.d, signal.Options{Log: p.log})
	p.presence = p.present(o.Version)
	if err := p.makeTestWorld(ctx); err != nil {
		return err
	}
	list, err := p.accounts()
	if err != nil {
		return err
	}
	p.queue = queue.New(p.d, queue.Options{Lease: p.config.Delivery.Lease, Grace: p.grace, Registerer: p.metrics})
	p.ledger = credit.NewLedger(p.keys, p.queue).WithQuota(int64(p.config.Limits.RecipientsPerDay))
	if p.webhooks, err = webhook.New(p.d, p.keys, p.queue, p.config.webhooks(p.metrics, p.log)); err != nil {
		return err
	}
	if p.billing, err = p.config.billing(p.d, p.keys, p.ledger, p.queue, p.metrics, p.log, p.test.merchants...); err != nil {
		return err
	}
	p.book = book.New(p.d, p.keys, p.queue)
	// Messages ask what can be carried, and at which cost, only once requests come in.
	sending := p.config.judging(func(account string, ch provider.Channel) (money.Amount, bool) { return p.delivery.Cost(account, ch) })
	sending.Billing, sending.Book, sending.Registerer, sending.Log = p.billing, p.book, p.metrics, p.log
	sending.Offered = func(siteID string, c provider.Channel) bool { return p.delivery.Offered(siteID, c) }
	sending.Accounts = func(siteID string, c provider.Channel) []string { return p.delivery.Accounts(siteID, c) }
	sending.Pictures = func(siteID string) int { return p.delivery.MostPictures(siteID) }
	if p.messages, err = message.NewService(p.d, p.keys, p.ledger, p.queue, sending); err != nil {
		return err
	}
	p.series = series.New(p.d, p.keys, p.queue, p.messages)
	reports := p.config.reporting()
	reports.Bus, reports.Attachments, reports.Registerer, reports.Log = p.bus, p.pictures, p.metrics, p.log
	if p.delivery, err = delivery.New(p.d, p.keys, p.messages, p.queue, list, reports); err != nil {
		return err
	}
	return p.makeOffice(list)
}

// makeOffice makes the services around sending: what people and vendors have to do with it.
func (p *Program) makeOffice(list []delivery.Carrier) (err error) {
	p.papers = paper.New(p.keys, p.ledger, p.billing)
	p.privacy = privacy.New(privacy.Deps{DB: p.d, Keys: p.keys, Queue: p.queue, Ledger: p.ledger, Messages: p.messages, Book: p.book, Series: p.series,
		Render: api.RenderReceipt, Contacts: alert.EraseSite, Unissued: p.papers.Unissued, Log: p.log})
	p.vendors = vendor.New(p.d, p.queue, p.config.watched(list), vendor.Options{Log: p.log})
	p.registration = registration.New(p.keys, p.queue)
	p.people, p.identity = p.config.people(p.d, p.keys, p.queue), p.config.identity(p.d, p.keys)
	p.kakao = kakao.New(p.d, p.keys, p.queue, kept(list), kakao.Options{Log: p.log,
		Accounts: func(siteID string) []string { return p.delivery.Accounts(siteID, provider.Alimtalk) }})
	p.invoices = invoice.New(p.d, p.keys, p.messages, p.ledger, p.config.Kinds())
	p.reruns = rerun.New(p.d, p.delivery, p.messages, p.ledger, p.queue, p.config.rereading(p.log))
	told := p.config.alerts(p.metrics, p.log)
	told.SeriesName, told.EndpointName, told.People = p.series.Name, p.webhooks.Name, p.people
	if p.alerts, err = alert.New(p.d, p.keys, p.queue, p.messages, p.billing, told); err != nil {
		return err
	}
	p.queue.Know(p.works()...)
	return nil
}

func (p *Program) makeAPI(_ context.Context, o Options) (err error) {
	if !p.serves() && p.test.door == nil { // whose simulators report somewhere
		return nil
	}
	limits, err := p.openLimits()
	if err != nil {
		return err
	}
	people, err := p.makeConsole(o)
	if err != nil {
		return err
	}
	p.handler, err = api.New(api.Deps{
		Limits: limits, Console: people, ConsoleAlone: !p.has(RoleAPI) && p.has(RoleConsole),
		Papers: p.papers, Invoices: p.invoices, Vendors: p.vendors, Kakao: p.kakao, Reruns: p.reruns, Registration: p.registration, Privacy: p.privacy, WhatIf: whatif.New(p.d, p.keys, p.messages), PublicURL: string(p.config.Payments.PublicURL),
		DB: p.d, Keys: p.keys, Ledger: p.ledger, Messages: p.messages, Delivery: p.delivery, Billing: p.billing, Alerts: p.alerts, OptOuts: optout.New(p.keys), Book: p.book, Series: p.series, Attachments: p.pictures, Uploads: p.uploads, Webhooks: p.webhooks,
		Sandbox: p.sandbox(), Pages: p.pages(), Queue: p.queue,
		System: api.System{Process: p.presence.ID(), Roles: p.roles, StartedAt: p.began, Doctor: p.doctor, Configuration: p.config.String},
		Log:    p.log, Registerer: p.metrics, Gatherer: p.metrics, People: p.people,
		TrustedProxies: p.config.TrustedProxies.Prefixes(), ProxyHeader: p.config.ProxyHeader, Version: o.Version, Ready: p.ready, Origins: p.config.CORS.Origins,
	})
	return err
}

// makeConsole makes the pages; nil without that role.
func (p *Program) makeConsole(o Options) (http.Handler, error) {
	if !p.has(RoleConsole) {
		return nil, nil
	}
	reached := string(cmp.Or(p.config.Console.URL, p.config.Payments.PublicURL))
	inside := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.handler.ServeHTTP(w, r) })
	c, err := console.New(console.Options{API: inside, Log: p.log, Version: o.Version, Secure: strings.HasPrefix(reached, "https://"), Stopping: p.ending})
	if err != nil {
		return nil, err
	}
	return c, nil
}

// URL is the API's address as this machine reaches it; empty without that role.
func (p *Program) URL() string { return p.door.address() }

// SimulatorURL is the simulator's address; empty without that role.
func (p *Program) SimulatorURL() string { return p.vendor.address() }

// Run works until ctx ends, then stops in the order below and lets the database go.
// It returns nil when it was asked to stop and did so in time, and runs once.
func (p *Program) Run(ctx context.Context) error {
	ctx = audit.By(ctx, audit.Actor{}) // its jobs are its own, whoever started it
	context.AfterFunc(ctx, func() {
		p.stopping.Store(true)
		close(p.ending)
	})
	p.log.Info("started", "roles", p.roles, "engine", p.d.Engine(), "url", p.URL(), "providers", len(p.config.Providers))
	err := runStages(ctx, []stage{
		{runners: p.doors()}, // no more requests and reports
		{runners: p.neighbours()},
		{
			runners: p.workers(), // no more claims; running jobs end
			after:   []func(context.Context) error{p.drain, p.release},
		},
		{runners: append(p.world(), p.testWorld()...)}, // the simulator outlives whom it serves
	})
	if err != nil {
		return fmt.Errorf("run: %w", err)
	}
	p.log.Info("stopped")
	return nil
}

// neighbours are what every process that sends or takes reports in does with the others.
func (p *Program) neighbours() []runner {
	if !p.has(RoleWorker) && !p.serves() {
		return nil
	}
	return []runner{p.presence.Run, p.bus.Run, p.delivery.RunJudge}
}

func (p *Program) workers() []runner {
	if !p.has(RoleWorker) {
		return []runner{p.upkeep(false)}
	}
	works := p.works()
	return []runner{
		p.upkeep(true),
		p.signHeads,
		p.sealAudit,
		p.planProofs,
		p.delivery.Run,
		p.webhooks.Run,
		func(ctx context.Context) error { return p.queue.Run(ctx, works...) },
	}
}

// works are the kinds of jobs that there are.
func (p *Program) works() []queue.Work {
	return slices.Concat(p.messages.Works(), p.delivery.Works(), p.ledger.Works(p.d), []queue.Work{p.ledger.WorkOnProofs(p.d, p.messages.Outcomes, p.tellBroken)},
		p.billing.Works(), p.alerts.Works(), p.book.Works(), p.series.Works(), p.vendors.Works(), p.kakao.Works(), p.privacy.Works(), p.webhooks.Works(), p.reruns.Works())
}

// present is the word of this process that it runs.
func (p *Program) present(version string) *signal.Presence {
	p.began = p.d.Now()
	host, err := os.Hostname()
	if err != nil {
		host = "" // it is for people to read
	}
	return signal.NewPresence(p.d, signal.Process{Host: host, PID: os.Getpid(), Roles: p.roles, Version: version, StartedAt: p.began}, p.log)
}

func (p *Program) world() []runner {
	if p.vendor == nil {
		return nil
	}
	return []runner{
		p.simulated.Run,
		p.till.Run,
		func(ctx context.Context) error {
			return p.vendor.serve(ctx, boxes(p.simulated, p.till), p.grace, p.log)
		},
	}
}

// drain waits for the messages and reports that were taken in to be committed.
func (p *Program) drain(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, p.grace)
	defer cancel()
	return errors.Join(p.messages.Drain(ctx), p.delivery.Drain(ctx), p.webhooks.Drain(ctx))
}

// release lets the database go.
func (p *Program) release(context.Context) error { return errors.Join(p.closeLimits(), p.d.Close()) }

// Close lets everything go that a Program holds which is not run any more.
func (p *Program) Close() {
	for _, l := range []*listener{p.door, p.vendor, p.inner, p.redirect, p.test.door} {
		if l != nil {
			_ = l.Close() // closed already when it was run
		}
	}
	_ = p.closeLimits()
	if p.d != nil {
		_ = p.d.Close()
	}
}

// Prove proves the whole ledger.
func (p *Program) Prove(ctx context.Context) (Proof, error) {
	return prove(ctx, p.d, p.ledger, p.messages, "")
}

// OpenAPI gives the OpenAPI 3.1 document of the HTTP API as JSON.
func OpenAPI() ([]byte, error) { return api.OpenAPI() }

// OpenAPI30 gives the same document as OpenAPI 3.0.3.
func OpenAPI30() ([]byte, error) { return api.OpenAPI30() }
