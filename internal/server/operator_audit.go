package server

import (
	"context"

	"creditmsg/internal/audit"
)

// AsCommand gives a context in which changes are noted as those of somebody at the command
// line: the name of the account on this machine, and the verb.
func AsCommand(ctx context.Context, account, verb string) context.Context {
	return audit.By(ctx, audit.Actor{Kind: audit.Command, Name: account, Operation: verb})
}
