package main

import (
	"context"
	"fmt"

	"creditmsg/internal/server"
)

// ledgerVerb works on the ledger.
type ledgerVerb struct {
	Verify ledgerVerify `cmd:"" help:"Prove the laws of the ledger, or a statement without any database."`
	Key    ledgerKey    `cmd:"" help:"Show the public keys that statements are signed with."`
	Export ledgerExport `cmd:"" help:"Write the entries of a site."`
}

type ledgerVerify struct {
	Site      string   `placeholder:"SITE" help:"The site to prove; without it all."`
	Statement string   `placeholder:"FILE" help:"A statement in JSON: it is proven by itself, and no database is asked."`
	Entries   string   `placeholder:"FILE" help:"The exported entries of the statement's month, which are proven with it."`
	Key       []string `placeholder:"KEY" help:"The public key that was noted earlier; several where it was changed."`
	database
}

// Help is shown below the flags' own help.
func (ledgerVerify) Help() string {
	return `Exit code 0: every law holds. 1: one is broken, and the first broken row is named.

With --statement a tenant proves what he was given: the signatures, that all sums add up, and,
with --entries, that they lead from the opening balance over each signed day to the closing one.`
}

// Run proves the ledger, or a statement.
func (v *ledgerVerify) Run(ctx context.Context, s *streams) error {
	switch {
	case v.Statement != "" && v.Site != "":
		return usageError{"--site and --statement exclude each other: a statement says whose it is"}
	case v.Statement != "":
		return v.verifyStatement(s)
	case v.Entries != "" || len(v.Key) > 0:
		return usageError{"--entries and --key go with --statement"}
	}
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
