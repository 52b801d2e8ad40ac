package optout

import (
	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/id"
)

// noteAdded tells the audit log of one opt-out by its id, of many by their number. account is
// the provider account that reported them, "" when somebody put them on the list.
func noteAdded(tx *db.Tx, siteID, source, account string, list []row, c Counts) error {
	n := audit.Change{Site: siteID, Action: "opt_outs.imported", After: audit.Fields{"source": source, "added": c.Added, "widened": c.Widened}}
	if len(list) == 1 {
		n.Action, n.Ref, n.After = "opt_out.added", list[0].ID.Text(id.OptOut), audit.Fields{"source": source, "scope": string(list[0].Scope)}
	}
	if account != "" {
		n.By = audit.Actor{Kind: audit.Provider, ID: account}
	}
	return audit.Note(tx, n)
}
