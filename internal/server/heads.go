package server

import (
	"context"
	"time"
)

const (
	signEvery = time.Minute      // a day is signed some minutes after its midnight
	signAgain = 10 * time.Minute // after a failure: a broken chain does not mend itself
)

// signHeads signs the ends of the sites' chains after each day, until ctx ends. Several
// processes may do it; each head is signed once.
func (p *Program) signHeads(ctx context.Context) error {
	for through := ""; ; {
		pause := signEvery
		day, err := p.ledger.SignHeads(ctx, p.d, through)
		if err != nil && ctx.Err() == nil {
			p.log.ErrorContext(ctx, "not every ledger was signed", "error", err)
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
