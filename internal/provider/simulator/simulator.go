package simulator

import (
	"context"
	"net/http"
	"sync"
	"time"

	"creditmsg/internal/money"
)

// The account that exists when Options names none, as the contract promises it.
const (
	DefaultKey    = "SIMULATORKEY0001"
	DefaultSecret = "SIMULATORSECRET0123456789ABCDEFGH"
)

// defaultBalance lasts for tens of millions of messages at the default prices.
const defaultBalance = 1_000_000_000 * money.Won

// Options says how the simulated operators behave. The zero value is useful:
// one account with the contract's key, small delays and no webhook.
type Options struct {
	// Seed makes the spread of delays and the faults of a scenario repeatable:
	// the same seed and order of requests give the same ones. Identifiers depend on it and
	// on the moment of New, so that two runs never share one.
	Seed uint64

	// Accounts are the customers of the operator. None = DefaultKey alone.
	Accounts []Account

	// AcceptDelay passes between the hand-over of a message and the moment it
	// is with the carrier (2000 → 3000). 0 = 20 ms, negative = none.
	AcceptDelay time.Duration

	// ReportDelay is the usual time from the carrier to the delivery report;
	// each report takes between half of it and twice as long. 0 = 100 ms,
	// negative = none.
	ReportDelay time.Duration

	// Scenario is in force at the start and after a reset.
	Scenario Scenario

	// Late is how much later than usual a late report comes. 0 = one minute.
	Late time.Duration

	// SENSPage is the most rows of one page of SENS's lists of a request. 0 = 1,000, which its
	// lists of one request have whatever is asked for.
	SENSPage int

	// HangFor is the longest that a request without an answer is kept when its client
	// does not give up. 0 = 30 s.
	HangFor time.Duration

	// InspectDelay is how long the review of a Kakao template takes. 0 = 2 s,
	// negative = none.
	InspectDelay time.Duration

	// ReportURL receives the delivery reports of every account that has no
	// ReportURL of its own; empty = nobody. ReportSecret is its secret.
	ReportURL    string
	ReportSecret string

	// Reports are the addresses of single vendors, by kind, in place of ReportURL.
	Reports map[string]Hook

	// ReportBatch is the most reports in one webhook body. 0 = 100.
	ReportBatch int

	// ReportEnvelope wraps each report as {"eventDataId","data","retryCount"}.
	ReportEnvelope bool

	// ReportSenders is how many webhook calls may be under way at once. 0 = 4.
	ReportSenders int

	// ReportRetry passes between the calls of a webhook that was not answered
	// with 200. 0 = 10 s.
	ReportRetry time.Duration

	// Prices in won by lower-case message type (sms lms mms ata cta cti); those
	// not named keep the default 18, 45, 110, 13, 13, 20.
	Prices map[string]money.Amount

	// Transport carries webhook calls. nil = one of its own.
	Transport http.RoundTripper
}

// Account is one customer of the operator.
type Account struct {
	Key, Secret string
	ID          string       // numeric account id; empty = made from the key
	Balance     money.Amount // 0 = one billion won, negative = empty
	DailyQuota  int          // messages a day (Korean time) before a group fails; 0 = none
	Senders     []string     // the registered sender numbers; none = every well-formed number is taken

	// ReportURL and ReportSecret replace those of Options for this account.
	ReportURL    string
	ReportSecret string
}

// Simulator is a set of simulated operators behind one HTTP handler. Its methods
// may be called at the same time.
type Simulator struct {
	options Options
	prices  [kinds]money.Amount
	handler http.Handler
	client  *http.Client
	wake    chan struct{} // one pending wake-up of the clock loop
	more    chan struct{} // one pending wake-up of a webhook sender
	over    chan struct{} // closed when Run ends

	mu         sync.Mutex // guards everything below
	stopped    bool       // Run has ended: requests are answered 503
	epoch      uint64     // counts resets, so that late work of an earlier one is dropped
	ids        identifiers
	accounts   map[string]*account // by API key
	order      []*account
	messages   slab
	groups     map[string]*group
	legs       []leg // in order of hand-over
	signatures signatures
	contrary   map[phone][]*message // Alimtalk that failed and will be reported delivered
	wheel      wheel
	reports    fifo[report]
	deliveries fifo[*delivery]

	scenario     Scenario // in force, complete
	refuse, fail shares
	met          map[phone]times
	spent        map[phone]struct{} // numbers whose fault had its turn
	early        map[*message]*early
}

// New returns a simulator. Requests are served at once; time passes for what was
// handed over only while Run runs.
func New(o Options) *Simulator {
	o.AcceptDelay = delay(o.AcceptDelay, 20*time.Millisecond)
	o.ReportDelay = delay(o.ReportDelay, 100*time.Millisecond)
	o.InspectDelay = delay(o.InspectDelay, 2*time.Second)
	o.ReportRetry = delay(o.ReportRetry, 10*time.Second)
	o.Late = delay(o.Late, time.Minute)
	o.HangFor = delay(o.HangFor, 30*time.Second)
	if o.ReportBatch <= 0 {
		o.ReportBatch = 100
	}
	if o.ReportSenders <= 0 {
		o.ReportSenders = 4
	}
	if len(o.Accounts) == 0 {
		o.Accounts = []Account{{Key: DefaultKey, Secret: DefaultSecret}}
	}
	transport := o.Transport
	if transport == nil {
		transport = &http.Transport{MaxIdleConnsPerHost: o.ReportSenders, IdleConnTimeout: time.Minute}
	}
	s := &Simulator{
		options: o,
		prices:  priceTable(o.Prices),
		client:  &http.Client{Transport: transport, Timeout: reportTimeout},
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

// Handler serves the operators' interfaces and /_sim.
func (s *Simulator) Handler() http.Handler { return s.handler }

// Run lets time pass: it moves messages through their states and calls webhooks
// until ctx ends, then stops both and returns nil. No goroutine stays behind.
// It runs at most once; afterwards the operators answer 503.
func (s *Simulator) Run(ctx context.Context) error {
	var senders sync.WaitGroup
	for range s.options.ReportSenders {
		senders.Go(func() { s.send(ctx) })
	}
	s.tick(ctx)
	close(s.over)
	senders.Wait()
	s.client.CloseIdleConnections()
	s.mu.Lock()
	s.stopped = true
	s.mu.Unlock()
	return nil
}

// Reset empties everything: messages, groups, files, channels, templates,
// registered webhooks, waiting reports, used signatures, numbers whose fault had its
// turn; balances start again, and so does the scenario of Options.
func (s *Simulator) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.epoch++
	s.ids = identifiers{key: mix(s.options.Seed ^ mix(s.epoch^mix(uint64(time.Now().UnixNano()))))}
	s.accounts, s.order = map[string]*account{}, nil
	for _, a := range s.options.Accounts {
		opened := newAccount(a)
		s.accounts[a.Key] = opened
		s.order = append(s.order, opened)
	}
	s.messages = slab{}
	s.groups = map[string]*group{}
	s.legs = nil
	s.signatures = signatures{}
	s.contrary = map[phone][]*message{}
	s.wheel = wheel{}
	s.reports, s.deliveries = fifo[report]{}, fifo[*delivery]{}
	s.spent = map[phone]struct{}{}
	for _, e := range s.early {
		if e.left > 0 {
			e.left = 0
			close(e.done)
		}
	}
	s.early = map[*message]*early{}
	s.begin(s.options.Scenario)
}

// ReportTo names where reports go from now on, in place of Options.ReportURL: a
// program that starts both sides knows its own address only later.
func (s *Simulator) ReportTo(url, secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.options.ReportURL, s.options.ReportSecret = url, secret
}
