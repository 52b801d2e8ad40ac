package site

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
)

// A site has at most one sibling, its test site, which is a site like any other but for its
// id. No id that people choose has a dot, so the id alone says whose sibling it is: nobody
// has to be asked, and no row can say something else than another.
const testMark = ".test"

// TestID is the id of the test site of a site; of a test site it is its own.
func TestID(id string) string { return LiveID(id) + testMark }

// LiveID is the id of the site that a test site belongs to; of any other it is its own.
func LiveID(id string) string { return strings.TrimSuffix(id, testMark) }

// IsTest reports whether an id is a test site's.
func IsTest(id string) bool { return strings.HasSuffix(id, testMark) }

// TestPattern is what ids of test sites are like, in SQL.
const TestPattern = "%" + testMark

// CreateTest makes the test site of a live one, with what the live site's messages go by
// now. Faults: NotFound for the live site, Conflict already_exists.
func CreateTest(tx *db.Tx, keys *Keys, live string) (Site, error) {
	of, err := lockNotErased(tx, live) // two that make it at once make one
	if err != nil {
		return Site{}, err
	}
	if IsTest(live) {
		return Site{}, fault.Check("/site", "%s is a test site already", live)
	}
	if _, err := Find(tx, TestID(live)); err == nil {
		return Site{}, exists("site", TestID(live))
	} else if !fault.Is(err, fault.NotFound) {
		return Site{}, err
	}
	s, err := newSite(tx, keys, TestID(live), testName(of.Name))
	if err != nil {
		return Site{}, err
	}
	return s, CopyRules(tx, of)
}

// testName is the name of the test site of a site.
func testName(live string) string {
	const mark, most = " (test)", 100
	runes := []rune(live)
	return string(runes[:min(len(runes), most-len(mark))]) + mark
}

// CopyRules gives the test site of a live one the rules that people set there. What others
// find out about people, such as who opted out, is not copied.
func CopyRules(tx *db.Tx, live Site) error {
	number := string(live.Rules.OptOutNumber)
	_, err := SetRules(tx, TestID(live.ID), RulesChange{OptOutNumber: &number,
		DuplicateWindow: &live.Rules.DuplicateWindow, ReviewAbove: &live.Rules.ReviewAbove})
	return err
}

// MostAhead is the farthest that the clock of a test site can be advanced in all. It keeps
// every time of its rows far above zero, which stands for none.
const MostAhead = 10 * 365 * 24 * time.Hour

// Ahead is by how much the clock of a test site is ahead of the true time. NotFound.
func Ahead(tx *db.Tx, id string) (time.Duration, error) {
	var us int64
	err := tx.QueryRow(`SELECT clock_ahead FROM site WHERE id = ?`, id).Scan(&us)
	if errors.Is(err, db.ErrNoRows) {
		return 0, fault.Missing("site", id)
	}
	if err != nil {
		return 0, fmt.Errorf("read the clock of site %s: %w", id, err)
	}
	return time.Duration(us) * time.Microsecond, nil
}

// Advance sets the clock of a test site forward, and gives by how much it is ahead of the
// true time then. The site's row stays locked: of two that advance it at once one comes
// after the other. Whoever calls it shifts what is open of the site in the same transaction.
// Faults: NotFound, Conflict state_conflict for a live site or beyond MostAhead.
func Advance(tx *db.Tx, id string, by time.Duration) (time.Duration, error) {
	if !IsTest(id) {
		return 0, fault.New(fault.Conflict, fault.CodeStateConflict,
			"%s is a live site, and time cannot be moved there; its test site can: use a token that begins with cm_test_", id)
	}
	if err := Lock(tx, id); err != nil {
		return 0, err
	}
	before, err := Ahead(tx, id)
	if err != nil {
		return 0, err
	}
	if by > MostAhead-before {
		return 0, fault.New(fault.Conflict, fault.CodeStateConflict,
			"the clock of %s is %s ahead already, and can be %s at most", id, before, MostAhead)
	}
	after := before + by.Truncate(time.Microsecond)
	if _, err := tx.Exec(`UPDATE site SET clock_ahead = ? WHERE id = ?`, after.Microseconds(), id); err != nil {
		return 0, fmt.Errorf("advance the clock of site %s: %w", id, err)
	}
	return after, nil
}
