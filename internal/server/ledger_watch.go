package server

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
)

// The whole ledger is proven by a job of the installation, in one process at a time. What was
// found is a row; each process with the API looks at it, since its metrics can be read.
const lookEvery = time.Minute

// newBrokenRows makes the counter that dashboards watch: it stands at 0 as long as
// every law of the ledger holds.
func newBrokenRows(reg prometheus.Registerer) prometheus.Counter {
	c := prometheus.NewCounter(prometheus.CounterOpts{
		Name: "creditmsg_ledger_broken_total",
		Help: "Rows that broke a law of the ledger in the proofs that this process heard of; those that stay broken count in each."})
	reg.MustRegister(c)
	return c
}

// planProofs has the ledger proven from now on. It belongs to processes that work on jobs.
func (p *Program) planProofs(ctx context.Context) error {
	if err := p.d.Update(ctx, "ledger_plan", func(tx *db.Tx) error { return p.ledger.PlanProof(tx) }); err != nil && ctx.Err() == nil {
		p.log.WarnContext(ctx, "proofs of the ledger not planned", "error", err)
	}
	<-ctx.Done()
	return nil
}

// watchLedger counts what the proofs of the ledger find until ctx ends, beginning with the last
// one. It belongs to processes that have the API.
func (p *Program) watchLedger(ctx context.Context) error {
	for heard := db.Time(0); ; {
		heard = p.hear(ctx, heard)
		rest := time.NewTimer(lookEvery)
		select {
		case <-ctx.Done():
			rest.Stop()
			return nil
		case <-rest.C:
		}
	}
}

// hear counts what the last proof found, unless it is the one that ended at heard, and gives when
// it ended.
func (p *Program) hear(ctx context.Context, heard db.Time) db.Time {
	var last credit.Proven
	err := p.d.View(ctx, "ledger_watch", func(tx *db.Tx) (err error) {
		last, err = p.ledger.Proven(tx)
		return err
	})
	if err != nil {
		if ctx.Err() == nil {
			p.log.WarnContext(ctx, "the last proof of the ledger not read", "error", err)
		}
		return heard
	}
	if last.EndedAt > heard {
		p.broken.Add(float64(last.Broken))
		heard = last.EndedAt
	}
	return heard
}

// tellBroken tells the log what a proof found broken.
func (p *Program) tellBroken(ctx context.Context, proof credit.Proof) {
	for _, b := range proof.Broken {
		p.log.ErrorContext(ctx, "a law of the ledger is broken", "site_id", b.Site, "law", b.Law, "entry_seq", b.EntrySeq, "detail", b.Row+": "+b.Detail)
	}
}
