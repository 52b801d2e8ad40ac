package webhook

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"creditmsg/internal/db"
	"creditmsg/internal/queue"
	"creditmsg/internal/site"
)

// Options are the settings; zero values are the defaults named.
type Options struct {
	Allow         []netip.Prefix // networks that may be called although they are not public; nil = none
	Timeout       time.Duration  // of one request; 0 = 15 s
	DisableAfter  time.Duration  // an endpoint that failed for so long is disabled; 0 = 120 h
	KeepAttempts  time.Duration  // how long deliveries are kept that ended, with their attempts, or wait for an endpoint that is disabled; 0 = 30 days
	SecretOverlap time.Duration  // how long an old secret signs along; 0 = 24 h
	Registerer    prometheus.Registerer
	Log           *slog.Logger // nil = nothing is logged
}

// The defaults.
const (
	DefaultTimeout       = 15 * time.Second
	DefaultDisableAfter  = 120 * time.Hour
	DefaultKeepAttempts  = 30 * 24 * time.Hour
	DefaultSecretOverlap = 24 * time.Hour
)

// Service hands events to the endpoints of sites. It is safe for concurrent use, by several
// processes too.
type Service struct {
	d     *db.DB
	keys  *site.Keys
	queue *queue.Queue
	o     Options
	log   *slog.Logger
	meter *meter

	tls, plain *http.Client // to https and to http
	reads      *db.Group[place, task]
	ends       *db.Group[ending, struct{}]
}

// New makes the service.
func New(d *db.DB, keys *site.Keys, q *queue.Queue, o Options) (*Service, error) {
	orDefault := func(v *time.Duration, usual time.Duration) {
		if *v <= 0 {
			*v = usual
		}
	}
	orDefault(&o.Timeout, DefaultTimeout)
	orDefault(&o.DisableAfter, DefaultDisableAfter)
	orDefault(&o.KeepAttempts, DefaultKeepAttempts)
	orDefault(&o.SecretOverlap, DefaultSecretOverlap)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Service{d: d, keys: keys, queue: q, o: o, log: o.Log}
	s.tls, s.plain = client(dialer(o.Allow, true)), client(dialer(o.Allow, false))
	s.reads = db.NewReadGroup(d, "webhook_read", s.readTasks)
	s.ends = db.NewGroup(d, "webhook_end", db.GroupOptions{}, func(ending) (int, int) { return 8, 4096 }, s.endAll)
	var err error
	if s.meter, err = newMeter(o.Registerer); err != nil {
		return nil, fmt.Errorf("register the metrics of webhooks: %w", err)
	}
	return s, nil
}

// The kinds of jobs. Their key is an endpoint's id; it has one of either, by how it does.
const (
	kindSend = "webhook"
	kindSlow = "webhook_slow"
)

// How many endpoints are served at once. Nearly all of that time is waiting for their answers.
const (
	senders     = 512
	slowSenders = 256
	claimed     = 64 // at once
)

// Works are the kinds of jobs that webhooks handle. Endpoints that let who asks wait have
// workers of their own, so that the others never wait for these.
func (s *Service) Works() []queue.Work {
	work := func(kind string, workers int, slow flag) queue.Work {
		return queue.Work{Lane: queue.Webhooks, Kind: kind, Max: claimed, Workers: workers, Apart: true,
			Handle: func(ctx context.Context, jobs []queue.Claimed) error { return s.serve(ctx, jobs[0], slow) }}
	}
	return []queue.Work{work(kindSend, senders, false), work(kindSlow, slowSenders, true)}
}

// Drain waits for what was sent to be written down.
func (s *Service) Drain(ctx context.Context) error { return s.ends.Drain(ctx) }

// job is the job of an endpoint, due at once unless it says otherwise.
func (e *Endpoint) job(due db.Time) queue.Job {
	kind := kindSend
	if e.slow {
		kind = kindSlow
	}
	return queue.Job{Lane: queue.Webhooks, Kind: kind, Key: e.ID.String(), Site: e.Site, Due: max(due, e.restingUntil)}
}

// meter is what is measured.
type meter struct {
	attempts *prometheus.CounterVec // by result
	lag      prometheus.Gauge
	first    prometheus.Histogram
}

func newMeter(r prometheus.Registerer) (*meter, error) {
	m := &meter{
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "creditmsg_webhook_attempts_total", Help: "Requests to endpoints of sites, by what they came to."}, []string{"result"}),
		lag: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "creditmsg_webhook_lag_seconds", Help: "Age of the oldest event that was not given to endpoints yet."}),
		first: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "creditmsg_webhook_first_attempt_seconds", Help: "From an event to the answer to its first delivery.",
			Buckets: []float64{0.05, 0.1, 0.25, 0.5, 1, 2, 5, 15, 60, 300}}),
	}
	for _, result := range results {
		m.attempts.WithLabelValues(string(result))
	}
	if r == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.attempts, m.lag, m.first} {
		if err := r.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}
