package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/paper"
	"creditmsg/internal/site"
)

// auditView is a change as the log has it.
type auditView struct {
	ID         string         `json:"id"`
	At         instant        `json:"at"`
	Site       *string        `json:"site" doc:"null for a change of the installation."`
	Actor      auditActor     `json:"actor"`
	Action     string         `json:"action" doc:"The thing and what was done to it: template.updated."`
	Ref        string         `json:"ref" doc:"Public id or name of the thing. Numbers are masked."`
	Before     map[string]any `json:"before" doc:"What of it was another before."`
	After      map[string]any `json:"after" doc:"What it became."`
	AskedBy    *string        `json:"asked_by" doc:"Who wanted it, where a second person decides."`
	ApprovedBy *string        `json:"approved_by" doc:"Who let it happen."`
}

type auditActor struct {
	Kind      string `json:"kind" enum:"token,person,command,provider,gateway,system" doc:"system is the program itself."`
	ID        string `json:"id" doc:"Of the token or person, or the name of the account."`
	Name      string `json:"name" doc:"As it was shown then."`
	Address   string `json:"address"`
	RequestID string `json:"request_id"`
	Operation string `json:"operation" doc:"The operationId, the verb of the command line, or the job."`
}

func showAudit(e audit.Entry) (v auditView, err error) {
	a := e.Actor
	v = auditView{ID: e.ID.Text(id.Entry), At: instant(e.At), Site: orNull(e.Site), Action: e.Action, Ref: e.Ref, AskedBy: orNull(e.AskedBy), ApprovedBy: orNull(e.ApprovedBy),
		Actor: auditActor{string(a.Kind), a.ID, a.Name, a.Address, a.Request, a.Operation}}
	for _, side := range []struct {
		text json.RawMessage
		into *map[string]any
	}{{e.Before, &v.Before}, {e.After, &v.After}} {
		if err := json.Unmarshal(side.text, side.into); err != nil {
			return v, fmt.Errorf("read audit entry %s: %w", v.ID, err)
		}
	}
	return v, nil
}

// AuditFilter is the parameters that narrow the log.
type AuditFilter struct {
	Action       string `query:"action" doc:"An action, or its first words: template, template.updated."`
	Actor        string `query:"actor" doc:"Whose changes: an id, a name, or a kind."`
	Ref          string `query:"ref" doc:"Of which thing."`
	From         string `query:"from" doc:"A time, or a Korean day."`
	Until        string `query:"until" doc:"A time, before which, or a Korean day, which is included."`
	Installation bool   `query:"installation" doc:"With site=*: only changes of the installation itself, which are of no site."`
}

// filter is what the parameters ask for.
func (in *AuditFilter) filter(x *exchange) (audit.Filter, error) {
	f := audit.Filter{Site: x.site, Action: in.Action, Actor: in.Actor, Ref: in.Ref}
	switch {
	case x.site == everySite:
		f.Site, f.All = "", !in.Installation
	case in.Installation:
		return f, fault.Check("/installation", "changes of the installation are the operator's to see: with site=*")
	}
	return f, f.Between(in.From, in.Until)
}

type auditListed struct {
	AuditFilter
	Paging
}

type sealView struct {
	Day       string `json:"day" doc:"Korean."`
	Entries   int64  `json:"entries"`
	Digest    string `json:"digest" doc:"Over the entries of the day and the seal before; hexadecimal."`
	KeyID     string `json:"key_id"`
	Signature []byte `json:"signature" doc:"Ed25519, of the lines \"creditmsg audit 1\", site, day, entries, digest and key id; base64."`
}

type sealsListed struct {
	From  string `query:"from" doc:"The first Korean day."`
	Until string `query:"until" doc:"The last Korean day, included."`
	Paging
}

// auditing declares the routes that tell who changed what.
func auditing(a *api) {
	const path, tag, ability = "/v1/audit", "Audit", "audit:read"
	read(a, operation{
		id: "listAudit", method: http.MethodGet, path: path, tag: tag, ability: ability, status: http.StatusOK, everySite: true,
		summary: "List who changed what, newest first",
		about: "Every change of settings, money, templates, contacts and messages, as it was made. Sending and delivery are not in it: a message tells that by itself. " +
			"Numbers, texts and secrets are masked, or only said to be others. Operators, and people with a role on all sites, may ask for all sites and the installation with `site=*`.",
	}, a.listAudit)
	a.paper(operation{
		id: "exportAudit", path: path + "/export", tag: tag, ability: ability, everySite: true,
		summary: "Export who changed what, newest first", about: "CSV with the parameters of the list. It is streamed; an export that breaks off is not ended in order.",
		params: []*huma.Param{textParam("action"), textParam("actor"), textParam("ref"), textParam("from"), textParam("until"), choice("installation", "With site=*: only changes of the installation.", "true", "false")},
	}, []string{paper.CSV}, nil, a.exportAudit)
	read(a, operation{
		id: "listAuditSeals", method: http.MethodGet, path: path + "/seals", tag: tag, ability: ability, status: http.StatusOK, everySite: true,
		summary: "List what the days of the log were signed as, oldest first",
		about:   "A seal that is kept elsewhere proves later that the log was changed. With `site=*` those of the installation, which count in the seals of all sites.",
	}, a.listSeals)
}

// textParam is a parameter that a route reads by itself.
func textParam(name string) *huma.Param {
	return &huma.Param{Name: name, In: "query", Schema: &huma.Schema{Type: huma.TypeString}}
}

func (a *api) listAudit(tx *db.Tx, x *exchange, in *auditListed) (out listOf[auditView], err error) {
	f, err := in.filter(x)
	if err != nil {
		return out, err
	}
	l, err := a.list(tx, x, "audit", in.Action, in.Actor, in.Ref, in.From, in.Until, fmt.Sprint(in.Installation))
	if err != nil {
		return out, err
	}
	var before id.ID
	if err := l.after(in.Cursor, &before); err != nil {
		return out, err
	}
	rows, err := audit.List(tx, f, before, in.Limit+1)
	if err != nil {
		return out, err
	}
	return pageOf(l, rows, in.Limit, showAudit, func(e audit.Entry) any { return e.ID })
}

func (a *api) exportAudit(w http.ResponseWriter, r *http.Request, x *exchange) error {
	q := r.URL.Query()
	in := AuditFilter{q.Get("action"), q.Get("actor"), q.Get("ref"), q.Get("from"), q.Get("until"), q.Get("installation") == "true"}
	f, err := in.filter(x)
	if err != nil {
		return err
	}
	file := "audit-" + x.site
	if x.site == everySite {
		file = "audit-" + site.Operator
	}
	w.Header().Set("Content-Type", paperMedia[paper.CSV])
	name(w, file, paper.CSV)
	a.stream(w, r, x, func(ctx context.Context, out io.Writer) error { return audit.WriteCSV(ctx, a.DB, f, out) })
	return nil
}

func (a *api) listSeals(tx *db.Tx, x *exchange, in *sealsListed) (out listOf[sealView], err error) {
	l, err := a.list(tx, x, "audit-seals", in.From, in.Until)
	if err != nil {
		return out, err
	}
	for at, day := range map[string]string{"/from": in.From, "/until": in.Until} {
		if _, err := korea.ParseDay(day); day != "" && err != nil {
			return out, fault.Check(at, "want a Korean day such as 2026-12-01")
		}
	}
	from, until, owner := in.From, "9999-12-31", x.site
	if err := l.after(in.Cursor, &from); err != nil {
		return out, err
	}
	if in.Until != "" {
		until = in.Until
	}
	if owner == everySite {
		owner = ""
	}
	rows, err := audit.Seals(tx, owner, from, until)
	if err != nil {
		return out, err
	}
	if in.Cursor != "" && len(rows) > 0 && rows[0].Day == from {
		rows = rows[1:] // the last one of the page before
	}
	return pageOf(l, rows, in.Limit, func(s audit.Seal) (sealView, error) {
		return sealView{s.Day, s.Entries, s.Digest, s.KeyID, s.Signature}, nil
	}, func(s audit.Seal) any { return s.Day })
}
