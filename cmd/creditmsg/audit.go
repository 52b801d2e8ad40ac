package main

import (
	"context"
	"fmt"
	"strings"

	"creditmsg/internal/server"
)

// auditVerb tells who changed what.
type auditVerb struct {
	List   auditList   `cmd:"" default:"withargs" help:"List who changed what, the newest first."`
	Verify auditVerify `cmd:"" help:"Hold the log against what its days were signed as."`
}

type auditList struct {
	Site   string `arg:"" optional:"" help:"The site, or operator for the installation; without it all."`
	Since  string `placeholder:"TIME" help:"From when on: a Korean day such as 2026-12-01, or 2026-12-01 09:00, or RFC 3339."`
	Until  string `placeholder:"TIME" help:"Up to when; a day is included."`
	Action string `placeholder:"WORDS" help:"Only these changes, by their first words: template, or template.updated."`
	Actor  string `placeholder:"WHO" help:"Only those of an id, a name, or a kind: token, person, command, provider, gateway, system."`
	Ref    string `placeholder:"REF" help:"Only those of a thing."`
	Limit  int    `default:"50" placeholder:"50" help:"How many, of the newest; 100000 at most."`
	database
}

// Run lists the entries.
func (v *auditList) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		list, err := p.Audit(ctx, server.AuditQuery{Site: v.Site, Action: v.Action, Actor: v.Actor, Ref: v.Ref, Since: v.Since, Until: v.Until, Limit: v.Limit})
		return shown(list, err, showAudit)
	})
}

func showAudit(t *table, list server.List[server.AuditEntry]) {
	if len(list.Data) == 0 {
		t.say("nothing was changed")
		return
	}
	t.row("AT", "SITE", "WHO", "FROM", "ACTION", "THING", "CHANGE")
	for _, e := range list.Data {
		t.row(day(e.At), orDash(&e.Site), whoOf(e.Actor), orDash(&e.Actor.Address), e.Action, orDash(&e.Ref), changeOf(e))
	}
}

// whoOf names an actor as people know him.
func whoOf(a server.AuditActor) string {
	name := a.Name
	if name == "" {
		name = a.ID
	}
	if name == "" {
		return a.Kind
	}
	return a.Kind + " " + name
}

// changeOf is what was before and is now, in one cell.
func changeOf(e server.AuditEntry) string {
	var parts []string
	before, after := string(e.Before), string(e.After)
	switch {
	case before != "{}" && after != "{}":
		parts = append(parts, before+" -> "+after)
	case before != "{}":
		parts = append(parts, "was "+before)
	case after != "{}":
		parts = append(parts, after)
	}
	if e.AskedBy != "" {
		parts = append(parts, "asked by "+e.AskedBy)
	}
	if e.ApprovedBy != "" {
		parts = append(parts, "approved by "+e.ApprovedBy)
	}
	text := strings.Join(parts, ", ")
	return orDash(&text)
}

type auditVerify struct {
	Site string `arg:"" optional:"" help:"The site, or operator for the installation; without it all."`
	database
}

// Help is shown below the flags' own help.
func (auditVerify) Help() string {
	return `Exit code 0: the log is as it was signed. 1: something is not, and it is named.

Each Korean day is signed a quarter of an hour after it is over. What was changed on a day
before that is not noticed; a worker has to run for it to be signed at all.`
}

// Run verifies the log.
func (v *auditVerify) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		proof, err := p.VerifyAudit(ctx, v.Site)
		if err != nil {
			return nil, nil, err
		}
		if n := len(proof.Wrong); n > 0 {
			first := proof.Wrong[0]
			err = fmt.Errorf("the audit log is not as it was signed in %d places; the first: %s, %s: %s", n, siteOr(first.Site), first.Day, first.Detail)
		}
		return proof, func(t *table) { showAuditProof(t, proof) }, err
	})
}

func siteOr(site string) string {
	if site == "" {
		return "the installation"
	}
	return "site " + site
}

func showAuditProof(t *table, p server.AuditProof) {
	if len(p.Wrong) == 0 {
		t.say("the log is as it was signed: %s, %s", count(p.Entries, "entry"), count(p.Seals, "seal"))
		if p.Since != "" {
			t.say("entries of before %s were deleted for their age", p.Since)
		}
		return
	}
	t.row("SITE", "DAY", "WRONG")
	for _, w := range p.Wrong {
		t.row(siteOr(w.Site), w.Day, w.Detail)
	}
}
