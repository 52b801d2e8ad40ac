package site

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
)

// Entered is the word of somebody of the installation that he looks at a site, or acts for it,
// from now on. It stands in the log of the site, for its people to read.
type Entered struct {
	Site   string
	Entry  id.ID // of the log
	At     db.Time
	Until  db.Time // before which the same person does not say it again
	Reason string  // as it stands there: numbers are masked
}

// MostEnterReason is the longest reason for entering a site, in characters: what an entry of the
// audit log takes.
const MostEnterReason = 200

const (
	enteredAction = "site.entered"
	enteredFor    = time.Hour // each of the clock
)

// Enter notes in a site's log that whoever acts enters it, and why. In the same hour it is noted
// of him once: the first word stands, and is what he is told again. Faults: Invalid, NotFound.
func Enter(tx *db.Tx, siteID, reason string) (Entered, error) {
	reason = strings.TrimSpace(reason)
	n := utf8.RuneCountInString(reason)
	if n == 0 || n > MostEnterReason || !utf8.ValidString(reason) || strings.ContainsFunc(reason, unicode.IsControl) {
		return Entered{}, fault.Check("/reason", "want 1 to %d characters without line breaks or other control characters", MostEnterReason)
	}
	if _, err := lockSite(tx, siteID); err != nil { // two requests of one person write one entry
		return Entered{}, err
	}
	who := audit.Acting(tx)
	hour := tx.Now - tx.Now%db.Time(enteredFor.Microseconds())
	filter := audit.Filter{Site: siteID, Action: enteredAction, Actor: who.ID, From: hour}
	found, err := audit.List(tx, filter, id.ID{}, 1)
	if err == nil && len(found) == 0 {
		err = audit.Note(tx, audit.Change{Site: siteID, Action: enteredAction, Ref: siteID, After: audit.Fields{"reason": korea.MaskIn(reason)}})
		if err == nil {
			found, err = audit.List(tx, filter, id.ID{}, 1)
		}
	}
	if err != nil || len(found) == 0 {
		return Entered{}, fmt.Errorf("note who enters site %s: %w", siteID, err)
	}
	var said struct{ Reason string }
	if err := json.Unmarshal(found[0].After, &said); err != nil {
		return Entered{}, fmt.Errorf("read who entered site %s: %w", siteID, err)
	}
	return Entered{Site: siteID, Entry: found[0].ID, At: found[0].At, Until: hour.Add(enteredFor), Reason: said.Reason}, nil
}
