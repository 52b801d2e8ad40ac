package main

import (
	"context"
	"fmt"

	"creditmsg/internal/server"
)

// ledgerVerb works on the ledger.
type ledgerVerb struct {
	Verify ledgerVerify `cmd:"" help:"Prove the laws of the ledger."`
}

type ledgerVerify struct {
	Site string `placeholder:"SITE" help:"The site to prove; without it all."`
	database
}

// Help is shown below the flags' own help.
func (ledgerVerify) Help() string {
	return `Exit code 0: every law holds. 1: one is broken, and the first broken row is named.`
}

// Run proves the ledger.
func (v *ledgerVerify) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		proof, err := p.VerifyLedger(ctx, v.Site)
		if err != nil {
			return nil, nil, err
		}
		if !proof.OK {
			first := proof.Broken[0]
			err = fmt.Errorf("the ledger is broken in %d places; the first: site %s, law %d, %s", len(proof.Broken), first.Site, first.Law, first.Detail)
		}
		return proof, func(t *table) { showProof(t, proof) }, err
	})
}

func showProof(t *table, p server.Proof) {
	if p.OK {
		t.row(fmt.Sprintf("every law holds: %s, %s", count(int64(p.Sites), "site"), count(p.Entries, "entry")))
		return
	}
	t.row("SITE", "LAW", "ENTRY", "BROKEN")
	for _, b := range p.Broken {
		t.row(b.Site, b.Law, b.EntrySeq, b.Detail)
	}
}
