package server

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/site"
)

// AsCommand gives a context in which changes are noted as those of somebody at the command
// line: the name of the account on this machine, and the verb.
func AsCommand(ctx context.Context, account, verb string) context.Context {
	return audit.By(ctx, audit.Actor{Kind: audit.Command, Name: account, Operation: verb})
}

// AuditEntry is a change as the log has it, in the form of the API.
type AuditEntry struct {
	ID         string          `json:"id"`
	At         time.Time       `json:"at"`
	Site       string          `json:"site"` // "" = the installation
	Actor      AuditActor      `json:"actor"`
	Action     string          `json:"action"`
	Ref        string          `json:"ref"`
	Before     json.RawMessage `json:"before"`
	After      json.RawMessage `json:"after"`
	AskedBy    string          `json:"asked_by"`
	ApprovedBy string          `json:"approved_by"`
}

// AuditActor is who made a change.
type AuditActor struct {
	Kind      string `json:"kind"`
	ID        string `json:"id"`
	Name      string `json:"name"`
	Address   string `json:"address"`
	RequestID string `json:"request_id"`
	Operation string `json:"operation"`
}

// AuditQuery says which entries are wanted.
type AuditQuery struct {
	Site         string // a site, or operator for the installation's; "" = all
	Action       string // or its first words
	Actor        string // id, name or kind
	Ref          string
	Since, Until string // times, or Korean days, both included
	Limit        int    // of the newest
}

// mostAudited bounds a list of entries.
const mostAudited = 100_000

func (q AuditQuery) filter() (audit.Filter, error) {
	f := audit.Filter{Site: q.Site, All: q.Site == "", Action: q.Action, Actor: q.Actor, Ref: q.Ref}
	if q.Site == site.Operator {
		f.Site = ""
	}
	if q.Limit < 1 || q.Limit > mostAudited {
		return f, fault.Check("--limit", "want 1 to %d", mostAudited)
	}
	err := f.Between(q.Since, q.Until)
	if wrong := fault.Of(err); err != nil {
		flag := map[string]string{"/from": "--since", "/until": "--until"}[wrong.Fields[0].Pointer]
		return f, fault.Check(flag, "%s", wrong.Fields[0].Detail)
	}
	return f, nil
}

// Audit lists who changed what, the newest first. Faults: Invalid, NotFound.
func (p *Operator) Audit(ctx context.Context, q AuditQuery) (list List[AuditEntry], err error) {
	f, err := q.filter()
	if err != nil {
		return list, err
	}
	err = p.d.Snapshot(ctx, "operator_audit", func(tx *db.Tx) error {
		list.Data = []AuditEntry{}
		if f.Site != "" {
			if _, err := site.Find(tx, f.Site); err != nil {
				return err
			}
		}
		rows, err := audit.List(tx, f, id.ID{}, q.Limit)
		for _, e := range rows {
			a := e.Actor
			list.Data = append(list.Data, AuditEntry{e.ID.Text(id.Entry), e.At.Time(), e.Site, AuditActor{string(a.Kind), a.ID, a.Name, a.Address, a.Request, a.Operation},
				e.Action, e.Ref, e.Before, e.After, e.AskedBy, e.ApprovedBy})
		}
		return err
	})
	return list, err
}

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

// checkAudit tells whether the days of the audit log are sealed. Verify is for the entries.
func checkAudit(tx *db.Tx) (Check, error) {
	day, err := audit.Unsealed(tx)
	if err != nil || day == "" {
		return Check{"audit", CheckOK, "the days of the audit log are signed; creditmsg audit verify proves them"}, err
	}
	return Check{"audit", CheckWrong, "the audit log of " + day + " is not signed; does a worker run?"}, nil
}

type (
	// AuditProof is what a verification of the log found.
	AuditProof = audit.Proof
	// AuditWrong is something that is not as it was sealed.
	AuditWrong = audit.Wrong
)

// VerifyAudit holds the audit log against its seals: of a site, of the installation (operator),
// or of all (""). NotFound.
func (p *Operator) VerifyAudit(ctx context.Context, siteID string) (AuditProof, error) {
	var only *string
	switch siteID = strings.TrimSpace(siteID); siteID {
	case "":
	case site.Operator:
		only = new("")
	default:
		if err := p.d.Snapshot(ctx, "operator_audit_site", func(tx *db.Tx) error { _, err := site.Find(tx, siteID); return err }); err != nil {
			return AuditProof{}, err
		}
		only = &siteID
	}
	return audit.Verify(ctx, p.d, signersOf(p.keys), only)
}
