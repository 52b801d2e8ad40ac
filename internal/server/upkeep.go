package server

import (
	"context"
	"errors"
	"time"

	"creditmsg/internal/access"
	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/idem"
	"creditmsg/internal/identity"
	"creditmsg/internal/site"
	"creditmsg/internal/stat"
)

const (
	clockEvery = time.Minute     // between two measurements of the database's clock
	clockAgain = 2 * time.Second // when the last one is in doubt
	sweepEvery = time.Hour
	foldEvery  = time.Minute
)

// upkeep measures the database's clock and, where the process works on jobs, folds the
// statistics, deletes what is over and has days compared with the payment gateways. Several
// processes may do so at once. Nothing of it is urgent: what fails is logged and done the
// next time.
func (p *Program) upkeep(sweeps bool) runner {
	return func(ctx context.Context) error {
		var swept, folded, refreshed time.Time
		if sweeps {
			p.plan(ctx)
		}
		for {
			if sweeps && time.Since(folded) >= foldEvery {
				folded = time.Now()
				p.fold(ctx)
			}
			if sweeps && time.Since(swept) >= sweepEvery {
				swept = time.Now()
				p.sweep(ctx)
				p.compare(ctx)
			}
			wait := clockEvery
			if !p.d.ClockOK() {
				wait = clockAgain
			}
			rest := time.NewTimer(wait)
			select {
			case <-ctx.Done():
				rest.Stop()
				return nil
			case <-rest.C:
			}
			if time.Since(refreshed) >= sweepEvery {
				refreshed = time.Now()
				if err := p.keys.Refresh(ctx); err != nil && ctx.Err() == nil {
					p.log.WarnContext(ctx, "keys of sites that were erased not looked for", "error", err)
				}
			}
			if err := p.d.Clock(ctx); err != nil && ctx.Err() == nil {
				p.log.WarnContext(ctx, "clock not measured", "error", err)
			}
			if !p.d.ClockOK() {
				p.log.ErrorContext(ctx, "the database's clock or ours has jumped; no job is claimed until it is confirmed")
			}
		}
	}
}

// plan has the provider accounts asked for what they have besides messages, from now on.
func (p *Program) plan(ctx context.Context) {
	if err := errors.Join(p.vendors.Plan(ctx), p.kakao.Plan(ctx)); err != nil && ctx.Err() == nil {
		p.log.WarnContext(ctx, "questions to provider accounts not planned", "error", err)
	}
}

// fold keeps the reading of statistics fast; without it they are as exact.
func (p *Program) fold(ctx context.Context) {
	if _, err := stat.FoldAll(ctx, p.d); err != nil && ctx.Err() == nil {
		p.log.WarnContext(ctx, "statistics not folded", "error", err)
	}
}

// sweep deletes what is over: marks of transactions, idempotency keys, drafts that
// nobody accepted, pictures that no message needs.
func (p *Program) sweep(ctx context.Context) {
	for _, s := range []struct {
		what  string
		sweep func(context.Context) error
	}{
		{"transaction marks", func(ctx context.Context) error { _, err := p.d.Sweep(ctx); return err }},
		{"idempotency keys", func(ctx context.Context) error { _, err := idem.Sweep(ctx, p.d); return err }},
		{"drafts", p.messages.SweepDrafts},
		{"attachments", p.pictures.Sweep},
		{"uploads", p.uploads.Sweep},
		{"whom old messages went to", p.privacy.Sweep},
		{"what was sent recently", p.messages.SweepRecent},
		{"who was no Kakao user", p.messages.SweepOffKakao},
		{"what proves forgotten numbers", p.messages.SweepForgotten},
		{"audit log", func(ctx context.Context) error {
			return audit.Sweep(ctx, p.d, signersOf(p.keys), p.config.Audit.kept())
		}},
		{"sessions and old secrets", func(ctx context.Context) error { return p.sweepAll(ctx, "sweep_tokens", site.SweepTokens) }},
		{"invitations", func(ctx context.Context) error { return p.sweepAll(ctx, "sweep_invitations", access.Sweep) }},
		{"mails to people", func(ctx context.Context) error { return p.sweepAll(ctx, "sweep_letters", access.SweepLetters) }},
		{"ways in by a provider", func(ctx context.Context) error { return p.sweepAll(ctx, "sweep_identity", identity.Sweep) }},
		{"what was done of jobs", p.queue.Sweep},
		{"delivery reports", p.delivery.SweepReports},
		{"differences of runs", p.reruns.Sweep},
		{"webhooks", p.webhooks.Sweep},
	} {
		if err := s.sweep(ctx); err != nil && ctx.Err() == nil {
			p.log.WarnContext(ctx, "not swept", "what", s.what, "error", err)
		}
	}
}

// sweepAll sweeps in transactions until there is no more.
func (p *Program) sweepAll(ctx context.Context, name string, sweep func(*db.Tx) (more bool, err error)) error {
	for more := true; more; {
		err := p.d.Update(ctx, name, func(tx *db.Tx) (err error) {
			more, err = sweep(tx)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// compare has the last days held against what the payment gateways list, each once a day. A
// simulator in this process forgets them when it stops, so there is nothing to compare with.
func (p *Program) compare(ctx context.Context) {
	if p.till != nil {
		return
	}
	if err := p.billing.Daily(ctx); err != nil && ctx.Err() == nil {
		p.log.WarnContext(ctx, "comparison with payment gateways not planned", "error", err)
	}
}
