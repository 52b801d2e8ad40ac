package book

import (
	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/id"
)

// This file says what the audit log is told of an address book: ids, names of fields and
// counts. What a contact or a group is called, and all else of it, is sealed, and not in it.

// parts are what may change of a contact, to be told apart and not to be told.
func (c *Contact) parts() audit.Fields {
	return audit.Fields{"to": string(c.To), "name": c.Name, "variables": c.Variables, "consent": c.Consent}
}

func noteContact(tx *db.Tx, action string, was, now *Contact) error {
	c := audit.Change{Site: now.Site, Action: action, Ref: now.ID.Text(id.Contact)}
	if was != nil {
		fields := audit.Names(was.parts(), now.parts())
		if len(fields) == 0 {
			return nil
		}
		c.After = audit.Fields{"fields": fields}
	}
	return audit.Note(tx, c)
}

func noteGroup(tx *db.Tx, siteID, action string, group id.ID, after audit.Fields) error {
	return audit.Note(tx, audit.Change{Site: siteID, Action: action, Ref: group.Text(id.Group), After: after})
}

// note tells of some rows of a list that changed something.
func (o *outcome) note(tx *db.Tx, l *taking) error {
	if o.created+o.updated+o.joined == 0 {
		return nil
	}
	f := audit.Fields{"created": o.created, "updated": o.updated}
	if len(l.list.Groups) > 0 {
		groups := make([]string, len(l.list.Groups))
		for i, g := range l.list.Groups {
			groups[i] = g.Text(id.Group)
		}
		f["joined"], f["groups"] = o.joined, groups
	}
	return audit.Note(tx, audit.Change{Site: l.site, Action: "contacts.imported", After: f})
}
