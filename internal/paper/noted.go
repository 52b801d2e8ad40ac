package paper

import (
	"encoding/json"

	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/site"
)

// noteProfile tells the audit log which parts of a billing profile are others now. What is in
// them is sealed, but for the kind of paper.
func noteProfile(tx *db.Tx, owner string, was, now Profile) error {
	before, after := was.parts(), now.parts()
	c := audit.Change{Site: owner, Action: "billing_profile.updated", Ref: owner, Before: audit.Fields{"paper": was.Paper},
		After: audit.Fields{"paper": now.Paper}}
	if fields := audit.Names(before, after); len(fields) > 0 {
		c.After["fields"] = fields
	}
	if owner == site.Operator {
		c.Site = ""
	}
	return audit.Note(tx, c)
}

// parts are the members of a profile by their names.
func (p *Profile) parts() (out audit.Fields) {
	text, _ := json.Marshal(p)     // plain texts always marshal,
	_ = json.Unmarshal(text, &out) // and are read again
	return out
}
