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

// noteRoles tells what roles somebody has now; by is who gave or took them, zero = whoever acts.
func noteRoles(tx *db.Tx, user id.ID, siteID string, was, now []string, by audit.Actor) error {
	return audit.Note(tx, audit.Change{Site: siteID, Action: "user.roles", Ref: user.Text(id.User), By: by,
		Before: audit.Fields{"roles": was}, After: audit.Fields{"roles": now}})
}

// noteInvitation tells what became of an invitation. Who was asked it tells only when he is: an
// account that there may be does not stand beside it.
func noteInvitation(tx *db.Tx, action string, in Invitation, now audit.Fields) error {
	return audit.Note(tx, audit.Change{Site: in.Site, Action: action, Ref: in.ID.Text(id.Invitation), After: now})
}

// noteUser tells of an account itself, which is of no site.
func noteUser(tx *db.Tx, action string, user id.ID, now audit.Fields) error {
	return audit.Note(tx, audit.Change{Action: action, Ref: user.Text(id.User), After: now})
}

// himself is somebody who comes in: nobody had, when the request began.
func himself(tx *db.Tx, user id.ID) audit.Actor {
	who := audit.Acting(tx)
	who.Kind, who.ID, who.Name = audit.Person, user.Text(id.User), ""
	return who
}

func noteSignIn(tx *db.Tx, user id.ID) error {
	who := himself(tx, user)
	return audit.Note(tx, audit.Change{Action: "user.signed_in", Ref: who.ID, By: who})
}
