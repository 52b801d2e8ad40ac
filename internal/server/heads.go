package server

import (
	"context"
	"time"

	"creditmsg/internal/audit"
)

const (
	signEvery = time.Minute      // a day is signed some minutes after its midnight
	signAgain = 10 * time.Minute // after a failure: a broken chain does not mend itself
)

// signHeads signs the ends of the sites' chains after each day, until ctx ends. Several
// processes may do it; each head is signed once.
func (p *Program) signHeads(ctx context.Context) error {
	return p.signDays(ctx, "not every ledger was signed", func(through string) (string, error) { return p.ledger.SignHeads(ctx, p.d, through) })
}

// sealAudit does the same for the days of the audit log.
func (p *Program) sealAudit(ctx context.Context) error {
	return p.signDays(ctx, "the audit log was not sealed", func(through string) (string, error) {
		return audit.SealDays(ctx, p.d, signersOf(p.keys), through)
	})
}

// signDays has the days that are over signed, now and then, until ctx ends. sign is told
// through which day all are, as it said the last time.
func (p *Program) signDays(ctx context.Context, trouble string, sign func(through string) (string, error)) error {
	for through := ""; ; {
		pause := signEvery
		day, err := sign(through)
		if err != nil && ctx.Err() == nil {
			p.log.ErrorContext(ctx, trouble, "error", err)
			pause = signAgain
		}
		through = day
		rest := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			rest.Stop()
			return nil
		case <-rest.C:
		}
	}
}
