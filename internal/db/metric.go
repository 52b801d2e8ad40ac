package db

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// meter counts transactions. With a nil registerer it counts for nobody.
type meter struct {
	seconds *prometheus.HistogramVec // by name and engine: one Update, View or Snapshot, reruns included
	writer  *prometheus.HistogramVec // by name: how long one transaction held SQLite's only writer
	reruns  *prometheus.CounterVec   // by name and why
}

func newMeter(r prometheus.Registerer) (*meter, error) {
	buckets := []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10}
	m := &meter{
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "creditmsg_db_seconds", Help: "Duration of database transactions, reruns included.", Buckets: buckets,
		}, []string{"name", "engine"}),
		writer: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "creditmsg_db_sqlite_write_seconds", Help: "How long a transaction held the only writer of SQLite; 0.05 is the limit.", Buckets: buckets,
		}, []string{"name"}),
		reruns: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "creditmsg_db_reruns_total", Help: "Transactions run again, by reason.",
		}, []string{"name", "why"}),
	}
	if r == nil {
		return m, nil
	}
	var err error
	if m.seconds, err = register(r, m.seconds); err != nil {
		return nil, err
	}
	if m.writer, err = register(r, m.writer); err != nil {
		return nil, err
	}
	m.reruns, err = register(r, m.reruns)
	return m, err
}

// register gives the collector that is registered already, so that several
// shards share one.
func register[C prometheus.Collector](r prometheus.Registerer, c C) (C, error) {
	err := r.Register(c)
	if known, ok := errors.AsType[prometheus.AlreadyRegisteredError](err); ok {
		if old, ok := known.ExistingCollector.(C); ok {
			return old, nil
		}
	}
	return c, err
}

func (m *meter) took(name, engine string, start time.Time) {
	m.seconds.WithLabelValues(name, engine).Observe(time.Since(start).Seconds())
}

var whyRerun = map[class]string{again: "conflict", lost: "connection lost"}

func (m *meter) reran(name string, c class) {
	m.reruns.WithLabelValues(name, whyRerun[c]).Inc()
}
