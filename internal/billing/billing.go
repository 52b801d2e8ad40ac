package billing

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/money"
	"creditmsg/internal/payment"
	"creditmsg/internal/queue"
	"creditmsg/internal/site"
)

// Gateway is one configured merchant account with the adapter that speaks to it.
type Gateway struct {
	payment.Account
	Adapter payment.Gateway
	Allow   []netip.Prefix // networks that notices may come from; none = any
}

// Tier is bonus that comes with a payment.
type Tier struct {
	From    money.Amount // of the credit paid for
	Percent int          // of it, given on top
	Days    int          // until the bonus expires; 0 = never
}

// Options are the settings; zero values are useful.
type Options struct {
	VATIncluded bool   // what is asked for is what the payer is charged, VAT within
	Bonus       []Tier // the highest tier that a payment reaches counts
	// RequestTimeout bounds what one request to a gateway may take, whatever its adapter
	// allows. A payment whose request was lost is asked about after twice that. 0 = 90 s.
	RequestTimeout time.Duration
	Withdrawal     WithdrawalTerms
	Registerer     prometheus.Registerer
	Log            *slog.Logger
}

// Service is the use cases of payments over one database. It is safe for concurrent use,
// by several processes too.
type Service struct {
	d        *db.DB
	keys     *site.Keys
	ledger   *credit.Ledger
	queue    *queue.Queue
	gateways []Gateway // as configured
	o        Options
	meter    *meter
	log      *slog.Logger
}

// New makes the service. Gateways have names of their own.
func New(d *db.DB, keys *site.Keys, ledger *credit.Ledger, q *queue.Queue, gateways []Gateway, o Options) (*Service, error) {
	s := &Service{d: d, keys: keys, ledger: ledger, queue: q, gateways: gateways, o: o, log: o.Log}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.o.RequestTimeout <= 0 {
		s.o.RequestTimeout = 90 * time.Second
	}
	if s.o.Withdrawal.Least <= 0 {
		s.o.Withdrawal.Least = LeastAmount
	}
	slices.SortFunc(s.o.Bonus, func(a, b Tier) int { return cmp.Compare(b.From, a.From) })
	m, err := newMeter(o.Registerer)
	if err != nil {
		return nil, fmt.Errorf("register the metrics of payments: %w", err)
	}
	s.meter = m
	return s, nil
}

// Offer is a gateway and the ways to pay there.
type Offer struct {
	Gateway string
	Kind    string
	payment.Capabilities
	VATIncluded bool // what is asked for is what the payer is charged, VAT within
}

// Offers lists the gateways that a site may use, in the order of the configuration.
func (s *Service) Offers(siteID string) []Offer {
	var all []Offer
	for _, g := range s.offered(siteID) {
		all = append(all, Offer{g.Name, g.Kind, g.Adapter.Capabilities(), s.o.VATIncluded})
	}
	return all
}

// offered are the gateways that a site may use: of a test site those at which nobody is
// charged, of any other the others.
func (s *Service) offered(siteID string) (list []*Gateway) {
	for i := range s.gateways {
		if s.gateways[i].Test == site.IsTest(siteID) {
			list = append(list, &s.gateways[i])
		}
	}
	return list
}

// gateway finds one by its name; nil = it is not configured (any more).
func (s *Service) gateway(name string) *Gateway {
	for i := range s.gateways {
		if s.gateways[i].Name == name {
			return &s.gateways[i]
		}
	}
	return nil
}

// The kinds of jobs.
const (
	kindPayment = "payment" // one payment: to charge, to ask about, to give back of
	kindCard    = "card"    // one card that is to be removed at its gateway
	kindCompare = "compare" // one day of one gateway, held against the rows

	kindWithdrawal = "withdrawal" // one that was approved: its payments' jobs are to be put
)

// Works are the kinds of jobs that billing handles.
func (s *Service) Works() []queue.Work {
	each := func(kind string, workers int, do func(context.Context, queue.Claimed) error) queue.Work {
		handle := func(ctx context.Context, jobs []queue.Claimed) error {
			for _, j := range jobs {
				if err := do(ctx, j); err != nil {
					return err
				}
			}
			return nil
		}
		return queue.Work{Lane: queue.Default, Kind: kind, Max: 1, Workers: workers, Handle: handle}
	}
	return []queue.Work{
		each(kindPayment, 4, s.work),
		each(credit.KindLevel, 2, s.look),
		each(kindCard, 1, s.removing),
		each(kindCompare, 1, s.comparing),
		each(kindWithdrawal, 1, s.sending),
	}
}

// jobOf is the job that looks after a payment from a time on.
func jobOf(p *row, due db.Time) queue.Job {
	return queue.Job{Lane: queue.Default, Kind: kindPayment, Key: p.text(), Site: p.Site, Due: due}
}

// meter counts what became of payments and notices.
type meter struct {
	payments *prometheus.CounterVec
	notices  *prometheus.CounterVec
	strange  *prometheus.CounterVec
}

func newMeter(r prometheus.Registerer) (*meter, error) {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "creditmsg_" + name, Help: help}, labels)
	}
	m := &meter{
		payments: counter("payments_total", "Payments that came to a state.", "gateway", "state"),
		notices:  counter("payment_notices_total", "Calls of gateways about payments.", "gateway", "outcome"),
		strange:  counter("payment_strange_total", "Words of gateways that do not fit what is known of a payment.", "gateway"),
	}
	if r == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.payments, m.notices, m.strange} {
		if err := r.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}
