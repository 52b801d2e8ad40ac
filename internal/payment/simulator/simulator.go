package simulator

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// The keys that are taken when Options names none. They begin as the vendors' test keys do.
const (
	DefaultClientKey = "test_ck_simulator000000000000"
	DefaultSecretKey = "test_sk_simulator000000000000"

	DefaultStripeKey    = "sk_test_simulator000000000000"
	DefaultStripeSecret = "whsec_simulator000000000000"
)

// Options says how the simulated gateways behave. The zero value is useful: the keys above
// and no notices.
type Options struct {
	// Seed decides what the shares of a scenario fall on. Identifiers do not follow it, so
	// that two runs never share one.
	Seed uint64

	// ClientKey and SecretKey are the merchant's. Empty = the default ones.
	ClientKey, SecretKey string

	// StripeKey is the merchant's at Stripe; StripeSecret proves Stripe's notices. Empty = the
	// default ones.
	StripeKey, StripeSecret string

	// NoticeURL receives what Toss calls about, StripeNoticeURL what Stripe does; empty =
	// nobody.
	NoticeURL, StripeNoticeURL string

	// NoticeRetry is the unit of the vendors' pauses between the calls of one notice that
	// was not taken. 0 = one minute, as the vendors'.
	NoticeRetry time.Duration

	// Scenario is in force at the start and after a reset.
	Scenario Scenario

	// SlowFor is how long a payment goes on after the answer that it is in progress, and
	// how long money lies on an account before its bank takes it back. 0 = one second,
	// negative = no time.
	SlowFor time.Duration

	// Late is how much later than usual a late notice comes. 0 = one minute.
	Late time.Duration

	// HangFor is the longest that a request without an answer is kept when its client does
	// not give up. 0 = 90 s.
	HangFor time.Duration

	// MaxPage is the most transactions in one page, whatever a request asks for. 0 = the
	// vendor's 5000.
	MaxPage int

	// Transport carries notices. nil = one of its own.
	Transport http.RoundTripper
}

// Simulator is the simulated gateways behind one HTTP handler. Its methods may be called at
// the same time.
type Simulator struct {
	options Options
	handler http.Handler
	client  *http.Client
	wake    chan struct{} // one pending wake-up of the clock loop
	more    chan struct{} // one pending wake-up of the sender of notices
	over    chan struct{} // closed when Run ends

	mu       sync.Mutex // guards everything below
	stopped  bool       // Run has ended: requests are answered 503
	epoch    uint64     // counts resets, so that late work of an earlier one is dropped
	events   events
	planned  int // events so far
	notices  []*notice
	takings  []*Taking
	keys     map[string]*entry // by method, path and idempotency key
	scenario Scenario          // in force
	met      map[string]uint64 // how often a label met a decision
	spent    map[string]bool   // faults of the table that had their turn
	toss     tossBooks
	stripe   stripeBooks
}

// New returns a simulator. Requests are served at once; time passes only while Run runs.
func New(o Options) *Simulator {
	o.ClientKey = orElse(o.ClientKey, DefaultClientKey)
	o.SecretKey = orElse(o.SecretKey, DefaultSecretKey)
	o.StripeKey = orElse(o.StripeKey, DefaultStripeKey)
	o.StripeSecret = orElse(o.StripeSecret, DefaultStripeSecret)
	o.NoticeRetry = delay(o.NoticeRetry, time.Minute)
	o.SlowFor = delay(o.SlowFor, time.Second)
	o.Late = delay(o.Late, time.Minute)
	o.HangFor = delay(o.HangFor, 90*time.Second)
	if o.MaxPage <= 0 {
		o.MaxPage = tossMaxPage
	}
	transport := o.Transport
	if transport == nil {
		transport = &http.Transport{IdleConnTimeout: time.Minute}
	}
	s := &Simulator{
		options: o,
		client:  &http.Client{Transport: transport, Timeout: noticeTimeout},
		wake:    make(chan struct{}, 1),
		more:    make(chan struct{}, 1),
		over:    make(chan struct{}),
	}
	s.handler = s.routes()
	s.Reset()
	return s
}

// delay reads a duration option: 0 means usual, negative means none.
func delay(d, usual time.Duration) time.Duration {
	switch {
	case d == 0:
		return usual
	case d < 0:
		return 0
	}
	return d
}

func orElse(s, usual string) string {
	if s == "" {
		return usual
	}
	return s
}

// Handler serves the gateways' interfaces, the page of the payer and /_sim.
func (s *Simulator) Handler() http.Handler { return s.handler }

// Run lets time pass: it lets accounts lapse and slow payments end, and calls about them,
// until ctx ends; then it returns nil. No goroutine stays behind. It runs at most once;
// afterwards the gateways answer 503.
func (s *Simulator) Run(ctx context.Context) error {
	var sender sync.WaitGroup
	sender.Go(func() { s.send(ctx) })
	s.tick(ctx)
	close(s.over)
	sender.Wait()
	s.client.CloseIdleConnections()
	s.mu.Lock()
	s.stopped = true
	s.mu.Unlock()
	return nil
}

// Reset empties everything: payments, stored cards, receipts, waiting notices, idempotency
// keys, faults that had their turn; and the scenario of Options begins again.
func (s *Simulator) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.epoch++
	s.events, s.notices, s.takings = nil, nil, nil
	s.keys = map[string]*entry{}
	s.spent = map[string]bool{}
	s.toss, s.stripe = newTossBooks(), newStripeBooks()
	s.begin(s.options.Scenario)
}

// NoticeTo names where the notices of Toss go from now on, in place of Options.NoticeURL: a
// program that starts both sides knows its own address only later.
func (s *Simulator) NoticeTo(url string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.options.NoticeURL = url
}

// StripeNoticeTo does the same for those of Stripe.
func (s *Simulator) StripeNoticeTo(url string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.options.StripeNoticeURL = url
}

func (s *Simulator) routes() http.Handler {
	mux := http.NewServeMux()
	s.tossRoutes(mux)
	s.stripeRoutes(mux)
	mux.HandleFunc("GET /_sim/checkout", s.getCheckout)
	mux.HandleFunc("POST /_sim/checkout", s.postCheckout)
	mux.HandleFunc("GET /_sim/deposit", s.getDeposit)
	mux.HandleFunc("POST /_sim/deposit", s.postDeposit)
	mux.HandleFunc("GET /_sim/payments", s.getPayments)
	mux.HandleFunc("POST /_sim/payments/reset", func(w http.ResponseWriter, _ *http.Request) {
		s.Reset()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /_sim/payments/scenario", s.getScenario)
	mux.HandleFunc("PUT /_sim/payments/scenario", s.putScenario)
	return s.whileItRuns(mux)
}

// Pages are those of payers alone, at paths of a door that everybody reaches: of an account that
// waits they tell only who names it.
func (s *Simulator) Pages(checkout, deposit string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+checkout, s.getCheckout)
	mux.HandleFunc("POST "+checkout, s.postCheckout)
	mux.HandleFunc("GET "+deposit, s.getOneDeposit)
	mux.HandleFunc("POST "+deposit, s.postDeposit)
	return s.whileItRuns(mux)
}

// whileItRuns refuses what comes after the end of Run.
func (s *Simulator) whileItRuns(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		stopped := s.stopped
		s.mu.Unlock()
		if stopped {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		h.ServeHTTP(w, r)
	})
}
