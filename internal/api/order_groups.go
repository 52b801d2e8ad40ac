package api

import (
	"context"

	"creditmsg/internal/id"
	"creditmsg/internal/message"
)

// readGroups reads the groups of the address book that a message also goes to.
func (o *order) readGroups(r *reading) {
	r.elements(func(i int) {
		before := r.wrong
		g, err := id.Parse(id.Group, r.text())
		switch {
		case i == message.MostGroups:
			r.complain("want at most %d groups", message.MostGroups)
		case i < message.MostGroups && err != nil && r.wrong == before:
			r.complain("want the id of a group: grp_…")
		}
		o.groups = append(o.groups, g)
	})
}

// addGroups adds the members of the order's groups to a draft, behind its own recipients.
func (o *order) addGroups(ctx context.Context, d *message.Draft) error {
	return d.AddGroups(ctx, o.groups)
}

// nobody reports whether a body of one piece names no recipient.
func (o *order) nobody() bool { return o.named == 0 && len(o.groups) == 0 && o.list == nil }
