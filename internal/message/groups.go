package message

import (
	"context"
	"fmt"

	"creditmsg/internal/book"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
)

// Bounds of what a message can be sent to.
const (
	MostGroups     = 100       // of the address book
	MostRecipients = 1_000_000 // of one request, with the members of its groups
	groupPage      = 1000      // members that are read at a time
)

// AddGroups takes everybody who is in groups of the site's address book now, with the consents
// that it has of them, one group after the other, as Take takes recipients: whoever is there
// already, by hand or by another group, is a duplicate. Faults: Invalid with its place for a
// group that is not there or named twice; TooLarge for more than can be sent to.
func (d *Draft) AddGroups(ctx context.Context, groups []id.ID) error {
	if len(groups) == 0 {
		return nil
	}
	if err := d.CheckGroups(ctx, groups); err != nil {
		return err
	}
	for _, g := range groups {
		for after, more := (id.ID{}), true; more; {
			var page []book.Contact
			err := d.s.d.View(ctx, "message_group", func(tx *db.Tx) (err error) {
				page, err = d.s.o.Book.Members(tx, d.Message.Site, g, after, groupPage)
				return err
			})
			if err != nil {
				return err
			}
			for _, c := range page {
				if d.receipt.Total == MostRecipients {
					return tooManyMembers()
				}
				if err := d.Take(ctx, Candidate{To: string(c.To), Variables: c.Values(), ConsentAt: c.Consent.At.Time(), NightConsent: c.Consent.Night}); err != nil {
					return err
				}
				after = c.ID
			}
			more = len(page) == groupPage
		}
	}
	return nil
}

func tooManyMembers() error {
	return fault.New(fault.TooLarge, fault.CodeTooManyRecipients, "one message takes at most %d recipients, with the members of its groups; send to fewer groups at once", MostRecipients)
}

// CheckGroups makes sure that groups can be sent to: with the faults of AddGroups, but nobody is
// added.
func (d *Draft) CheckGroups(ctx context.Context, groups []id.ID) error {
	if d.s.o.Book == nil {
		return fault.New(fault.Invalid, fault.CodeNotSupported, "there is no address book here").At("/groups", "no address book")
	}
	if len(groups) > MostGroups {
		return fault.Check("/groups", "want at most %d groups", MostGroups)
	}
	var found []book.Group
	err := d.s.d.View(ctx, "message_groups", func(tx *db.Tx) (err error) {
		found, err = d.s.o.Book.FindGroups(tx, d.Message.Site, groups)
		return err
	})
	if err != nil {
		return err
	}
	there, total := map[id.ID]bool{}, d.receipt.Total
	for _, g := range found {
		there[g.ID] = true
		total += int64(g.Members)
	}
	for i, g := range groups {
		if !there[g] {
			return fault.Check(fmt.Sprintf("/groups/%d", i), "there is no group %s, or it is named twice", g.Text(id.Group))
		}
		delete(there, g)
	}
	if total > MostRecipients {
		return tooManyMembers()
	}
	return nil
}
