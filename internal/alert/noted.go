package alert

import (
	"strings"

	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/korea"
)

// noteContacts tells the audit log who is told of what from now on. Addresses and the number
// are masked.
func noteContacts(tx *db.Tx, siteID string, was, now Contacts) error {
	of := func(c Contacts) audit.Fields {
		return audit.Fields{"topics": append([]Topic{}, c.Topics...), "language": string(c.Language)}
	}
	before, after := of(was), of(now)
	audit.Masked(before, after, "emails", strings.Join(was.Emails, " "), strings.Join(now.Emails, " "), func(list string) string {
		masked := strings.Fields(list)
		for i, address := range masked {
			masked[i] = audit.Mail(address)
		}
		return strings.Join(masked, " ")
	})
	audit.Masked(before, after, "mobile", string(was.Mobile), string(now.Mobile), korea.Mask)
	return audit.Note(tx, audit.Change{Site: siteID, Action: "alert_contacts.updated", Ref: siteID, Before: before, After: after})
}
