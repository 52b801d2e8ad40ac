package access

import (
	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/id"
)

// This file says what the audit log is told of people and their roles: never a password, a code
// or a whole address.

func noteRole(tx *db.Tx, action string, r Role, was, now audit.Fields) error {
	return audit.Note(tx, audit.Change{Site: r.Site, Action: action, Ref: r.Name, Before: was, After: now})
}

func (r Role) parts() audit.Fields { return audit.Fields{"permissions": r.Patterns.Texts()} }

func noteRoles(tx *db.Tx, user id.ID, siteID string, was, now []string) error {
	return audit.Note(tx, audit.Change{Site: siteID, Action: "user.roles", Ref: user.Text(id.User),
		Before: audit.Fields{"roles": was}, After: audit.Fields{"roles": now}})
}

// noteUser tells of an account itself, which is of no site.
func noteUser(tx *db.Tx, action string, user id.ID, now audit.Fields) error {
	return audit.Note(tx, audit.Change{Action: action, Ref: user.Text(id.User), After: now})
}

// noteSignIn tells that somebody came in: nobody had, when the request began.
func noteSignIn(tx *db.Tx, user id.ID) error {
	who := audit.Acting(tx)
	who.Kind, who.ID = audit.Person, user.Text(id.User)
	return audit.Note(tx, audit.Change{Action: "user.signed_in", Ref: who.ID, By: who})
}
