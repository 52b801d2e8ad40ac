package client

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"time"
)

// AuditEntry is a change that somebody made.
type AuditEntry struct {
	ID         string                     `json:"id"`
	At         time.Time                  `json:"at"`
	Site       string                     `json:"site"` // "" = the installation
	Actor      AuditActor                 `json:"actor"`
	Action     string                     `json:"action"` // the thing and what was done to it: template.updated
	Ref        string                     `json:"ref"`    // public id or name of the thing
	Before     map[string]json.RawMessage `json:"before"` // what of it was another before
	After      map[string]json.RawMessage `json:"after"`  // what it became
	AskedBy    string                     `json:"asked_by"`
	ApprovedBy string                     `json:"approved_by"`
}

// AuditActor is who made a change, and from where.
type AuditActor struct {
	Kind      string `json:"kind"` // token, person, command, provider, gateway or system
	ID        string `json:"id"`
	Name      string `json:"name"`
	Address   string `json:"address"`
	RequestID string `json:"request_id"`
	Operation string `json:"operation"`
}

// AuditFilter narrows the audit log; zero values narrow nothing.
type AuditFilter struct {
	Paging
	Action      string // an action, or its first words
	Actor       string // an id, a name, or a kind
	Ref         string
	From, Until time.Time

	// Installation leaves changes of sites out. It is for operators, who ask ForSite("*").
	Installation bool
}

func (f AuditFilter) pairs() []string {
	installation := ""
	if f.Installation {
		installation = "true"
	}
	return []string{"action", f.Action, "actor", f.Actor, "ref", f.Ref, "from", stamp(f.From), "until", stamp(f.Until), "installation", installation}
}

// Audit lists who changed what, the newest first. ForSite("*") lists what was changed on all
// sites and on the installation.
func (c *Client) Audit(ctx context.Context, f AuditFilter) (Page[AuditEntry], error) {
	return get[Page[AuditEntry]](ctx, c, f.query(f.pairs()...), "v1", "audit")
}

// ExportAudit writes the audit log as CSV, in constant memory; the paging of the filter is left
// aside. When it fails, what was written is not all there is.
func (c *Client) ExportAudit(ctx context.Context, f AuditFilter, w io.Writer) error {
	return c.do(ctx, call{method: http.MethodGet, path: []string{"v1", "audit", "export"}, query: Paging{}.query(f.pairs()...), to: w})
}

// AuditSeal is what a day of the audit log was signed as. Whoever keeps it can prove later that
// the log was changed.
type AuditSeal struct {
	Day       string `json:"day"` // Korean
	Entries   int64  `json:"entries"`
	Digest    string `json:"digest"`
	KeyID     string `json:"key_id"`
	Signature []byte `json:"signature"`
}

// AuditSeals lists the seals from one Korean day to another, both included, oldest first; "" =
// from the first, up to the last. ForSite("*") lists those of the installation.
func (c *Client) AuditSeals(ctx context.Context, from, until string, p Paging) (Page[AuditSeal], error) {
	return get[Page[AuditSeal]](ctx, c, p.query("from", from, "until", until), "v1", "audit", "seals")
}
