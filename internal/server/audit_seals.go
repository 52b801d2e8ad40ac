package server

import (
	"context"
	"time"

	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/site"
)

// signersOf gives the installation's signing keys as the audit log wants them.
func signersOf(keys *site.Keys) audit.Signers {
	return func(tx *db.Tx) ([]audit.Signer, error) {
		all, err := keys.Signers(tx)
		out := make([]audit.Signer, len(all))
		for i := range all {
			out[i] = audit.Signer{ID: all[i].ID, Public: all[i].Public, Sign: all[i].Sign}
		}
		return out, err
	}
}

// sealAudit seals the days of the audit log after they are over, until ctx ends. Several
// processes may do it; each seal is written once.
func (p *Program) sealAudit(ctx context.Context) error {
	for through := ""; ; {
		pause := signEvery
		day, err := audit.SealDays(ctx, p.d, signersOf(p.keys), through)
		if err != nil && ctx.Err() == nil {
			p.log.ErrorContext(ctx, "the audit log was not sealed", "error", err)
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
