package site

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/fault"
	"creditmsg/internal/korea"
)

func TestNoIDThatPeopleChooseIsATestSites(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		id := rapid.StringMatching(slug.String()).Draw(rt, "id")
		test := TestID(id)
		if IsTest(id) || !IsTest(test) || IsSlug(test) || LiveID(test) != id || LiveID(id) != id || TestID(test) != test {
			rt.Fatalf("%q and %q are not told apart", id, test)
		}
	})
}

func TestATestSiteIsMadeOnceWithTheRulesOfItsLiveSite(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		keys := NewKeys(d, nil)
		create(t, d, keys, "demo")
		number, window := "080-123-4567", 10*time.Minute
		update(t, d, func(tx *db.Tx) error {
			_, err := SetRules(tx, "demo", RulesChange{OptOutNumber: &number, DuplicateWindow: &window})
			return err
		})
		update(t, d, func(tx *db.Tx) error {
			s, err := CreateTest(tx, keys, "demo")
			equal(t, "id and name", s.ID+" "+s.Name, "demo.test 사이트 demo (test)")
			return err
		})
		update(t, d, func(tx *db.Tx) error {
			s, err := Find(tx, "demo.test")
			equal(t, "rules", s.Rules, Rules{OptOutNumber: "0801234567", DuplicateWindow: window, Words: s.Rules.Words})
			if _, err := keys.Site(tx, s.ID); err != nil {
				t.Errorf("it has no key of its own: %v", err)
			}
			return err
		})
		update(t, d, func(tx *db.Tx) error {
			of, err := OfOptOutNumbers(tx, []korea.Number{"0801234567"})
			equal(t, "whose advertising one opts out of", of, []OptOutNumber{{"demo", "0801234567"}})
			return err
		})
		refused(t, d, "a second one", fault.Conflict, fault.CodeAlreadyExists, func(tx *db.Tx) error { _, err := CreateTest(tx, keys, "demo"); return err })
		refused(t, d, "of a test site", fault.Invalid, fault.CodeValidation, func(tx *db.Tx) error { _, err := CreateTest(tx, keys, "demo.test"); return err })
		refused(t, d, "of nobody", fault.NotFound, fault.CodeNotFound, func(tx *db.Tx) error { _, err := CreateTest(tx, keys, "nobody"); return err })
		refused(t, d, "by hand", fault.Invalid, fault.CodeValidation, func(tx *db.Tx) error { _, err := Create(tx, keys, "other.test", "x"); return err })
	})
}

func TestTheTokensOfATestSiteBeginOtherwise(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		keys := NewKeys(d, nil)
		create(t, d, keys, "demo")
		update(t, d, func(tx *db.Tx) error { _, err := CreateTest(tx, keys, "demo"); return err })
		for id, prefix := range map[string]string{"demo": "cm_live_", "demo.test": "cm_test_", "": "cm_live_"} {
			update(t, d, func(tx *db.Tx) error {
				ability := All
				if id == "" {
					ability = Operator
				}
				_, secret, err := NewToken(tx, id, "program", []string{ability}, 0)
				if err != nil {
					return err
				}
				if !strings.HasPrefix(secret, prefix) {
					t.Errorf("a secret of %q begins with %s, want %s", id, secret[:8], prefix)
				}
				found, err := Authenticate(tx, secret)
				equal(t, "whose it is", found.Site, id)
				other := strings.Replace(strings.Replace(secret, "_live_", "_?_", 1), "_test_", "_live_", 1)
				if _, err := Authenticate(tx, strings.Replace(other, "_?_", "_test_", 1)); !fault.Is(err, fault.Unauthenticated) {
					t.Errorf("with the other prefix: %v", err)
				}
				return err
			})
		}
	})
}

func TestTheClockOfATestSiteGoesForwardOnly(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		keys := NewKeys(d, nil)
		create(t, d, keys, "demo")
		update(t, d, func(tx *db.Tx) error { _, err := CreateTest(tx, keys, "demo"); return err })
		for _, want := range []time.Duration{73 * time.Hour, 146 * time.Hour} {
			update(t, d, func(tx *db.Tx) error {
				got, err := Advance(tx, "demo.test", 73*time.Hour)
				equal(t, "ahead", got, want)
				return err
			})
			update(t, d, func(tx *db.Tx) error {
				got, err := Ahead(tx, "demo.test")
				equal(t, "ahead, read again", got, want)
				return err
			})
		}
		refused(t, d, "a live site", fault.Conflict, fault.CodeStateConflict, func(tx *db.Tx) error { _, err := Advance(tx, "demo", time.Hour); return err })
		refused(t, d, "too far", fault.Conflict, fault.CodeStateConflict, func(tx *db.Tx) error { _, err := Advance(tx, "demo.test", MostAhead); return err })
		refused(t, d, "nobody", fault.NotFound, fault.CodeNotFound, func(tx *db.Tx) error { _, err := Advance(tx, "nobody.test", 1); return err })
	})
}
