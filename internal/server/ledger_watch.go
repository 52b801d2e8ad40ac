package server

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// The whole ledger is proven again and again while the API runs: a proof reads every
// entry, which is seconds of work for millions, and what it finds is never urgent by
// minutes.
const (
	proveFirst = 10 * time.Minute
	proveAgain = 6 * time.Hour
)

// newBrokenRows makes the counter that dashboards watch: it stands at 0 as long as
// every law of the ledger holds.
func newBrokenRows(reg prometheus.Registerer) prometheus.Counter {
	c := prometheus.NewCounter(prometheus.CounterOpts{
		Name: "creditmsg_ledger_broken_total",
		Help: "Rows that broke a law of the ledger in the proofs of this process; those that stay broken count in each."})
	reg.MustRegister(c)
	return c
}

// watchLedger proves the ledger until ctx ends. It belongs to processes that have the
// API, since their metrics can be read.
func (p *Program) watchLedger(ctx context.Context) error {
	for pause := proveFirst; ; pause = proveAgain {
		rest := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			rest.Stop()
			return nil
		case <-rest.C:
		}
		p.checkLaws(ctx)
	}
}

// checkLaws proves the ledger once, and tells what is broken.
func (p *Program) checkLaws(ctx context.Context) {
	proof, err := p.Prove(ctx)
	if err != nil {
		if ctx.Err() == nil {
			p.log.WarnContext(ctx, "ledger not proven", "error", err)
		}
		return
	}
	p.tellBroken(ctx, proof)
}

// tellBroken tells the metrics and the log what a proof found broken.
func (p *Program) tellBroken(ctx context.Context, proof Proof) {
	p.broken.Add(float64(len(proof.Broken)))
	for _, b := range proof.Broken {
		p.log.ErrorContext(ctx, "a law of the ledger is broken", "site_id", b.Site, "law", b.Law, "entry_seq", b.EntrySeq, "detail", b.Detail)
	}
}
