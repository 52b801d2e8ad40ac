package site

import (
	"database/sql"
	"fmt"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/korea"
)

// Rules are what a site's messages go by besides its senders, templates and prices. They
// are columns of the site's row, so that whoever reads the site knows them, and the Rev
// counts their changes.
type Rules struct {
	OptOutNumber korea.Number // the 080 number to opt out of its advertising by; "" = none
	OptOuts      OptOuts

	// DuplicateWindow is for how long the same words do not go to the same number again;
	// 0 = they do. Whole seconds, at most MostDuplicateWindow.
	DuplicateWindow time.Duration

	Words Words

	ReviewAbove int64 // messages to more recipients wait until a second person has approved them; 0 = none does
}

// MostDuplicateWindow bounds what a site remembers of what it sent.
const MostDuplicateWindow = 7 * 24 * time.Hour

// mostReviewAbove bounds the size above which messages have to be approved.
const mostReviewAbove = 1_000_000

// OptOuts says what opt-outs a site has, so that one without them is not asked for any.
type OptOuts int64

// What a site may have.
const (
	NoOptOuts    OptOuts = 0
	OptOutsOfAds OptOuts = 1 // of advertising alone
	OptOutsOfAll OptOuts = 3 // some of everything
)

// Matter reports whether somebody may have opted out of a message.
func (o OptOuts) Matter(advertising bool) bool {
	return o == OptOutsOfAll || o != NoOptOuts && advertising
}

var ruleColumns = []string{"opt_out_number", "opt_outs", "duplicate_window", "words_own", "words_all", "review_above"}

func (r *Rules) fields() []any {
	return []any{&r.OptOutNumber, &r.OptOuts, (*seconds)(&r.DuplicateWindow), &r.Words.Own, &r.Words.All, &r.ReviewAbove}
}

// seconds reads a time that is stored in seconds.
type seconds time.Duration

// Scan implements sql.Scanner.
func (s *seconds) Scan(src any) error {
	var n sql.Null[int64]
	err := n.Scan(src)
	*s = seconds(time.Duration(n.V) * time.Second)
	return err
}

// RulesChange is what is to become of rules; what is nil keeps its value.
type RulesChange struct {
	OptOutNumber    *string        // "" = none
	DuplicateWindow *time.Duration // 0 = none
	ReviewAbove     *int64         // 0 = none
}

// SetRules changes what a site's messages go by. Faults: Invalid with the place of what is
// wrong, NotFound.
func SetRules(tx *db.Tx, id string, ch RulesChange) (Rules, error) {
	s, err := lockSite(tx, id)
	if err != nil {
		return Rules{}, err
	}
	r := s.Rules
	if ch.OptOutNumber != nil {
		r.OptOutNumber = ""
		if *ch.OptOutNumber != "" {
			if r.OptOutNumber, err = korea.ParseOptOut(*ch.OptOutNumber); err != nil {
				return s.Rules, fault.Check("/opt_out_number", "%s", err)
			}
		}
	}
	if ch.DuplicateWindow != nil {
		r.DuplicateWindow = *ch.DuplicateWindow
		if r.DuplicateWindow < 0 || r.DuplicateWindow > MostDuplicateWindow || r.DuplicateWindow%time.Second != 0 {
			return s.Rules, fault.Check("/duplicate_window", "want whole seconds from 0 to %d", int64(MostDuplicateWindow/time.Second))
		}
	}
	if ch.ReviewAbove != nil {
		if r.ReviewAbove = *ch.ReviewAbove; r.ReviewAbove < 0 || r.ReviewAbove > mostReviewAbove {
			return s.Rules, fault.Check("/review_above", "want 0 to %d recipients; 0 = no message has to be approved", mostReviewAbove)
		}
	}
	if r.OptOutNumber != s.Rules.OptOutNumber {
		if err := NoteOptOutNumbers(tx, id, r.OptOutNumber, s.Rules.OptOutNumber); err != nil {
			return s.Rules, err
		}
	}
	_, err = tx.Exec(`UPDATE site SET opt_out_number = ?, duplicate_window = ?, review_above = ? WHERE id = ?`,
		string(r.OptOutNumber), int64(r.DuplicateWindow/time.Second), r.ReviewAbove, id)
	if err != nil {
		return s.Rules, fmt.Errorf("set the rules of site %s: %w", id, err)
	}
	if err := noteRules(tx, id, s.Rules, r); err != nil {
		return s.Rules, err
	}
	return r, Changed(tx, id)
}

// Lock locks a site's row until the transaction ends. NotFound.
func Lock(tx *db.Tx, id string) error {
	_, err := lockSite(tx, id)
	return err
}

// SetOptOuts notes that the opt-outs of a site, whose row is locked, have changed, and what
// there are now.
func SetOptOuts(tx *db.Tx, id string, o OptOuts) error {
	if _, err := tx.Exec(`UPDATE site SET opt_outs = ? WHERE id = ?`, int64(o), id); err != nil {
		return fmt.Errorf("note the opt-outs of site %s: %w", id, err)
	}
	return Changed(tx, id)
}

// lockSite reads a site for a change. NotFound.
func lockSite(tx *db.Tx, id string) (Site, error) {
	var found []Site
	row := db.Gather(&found, func(r *sql.Rows) (s Site, err error) { return s, r.Scan(s.fields()...) })
	err := tx.Ask(db.Question{Table: "site", Cols: siteColumns, Key: []db.Column{db.Col("id", []string{id})}, Lock: true, Row: row})
	if err != nil {
		return Site{}, fmt.Errorf("lock site %s: %w", id, err)
	}
	if len(found) == 0 {
		return Site{}, fault.Missing("site", id)
	}
	return found[0], nil
}
