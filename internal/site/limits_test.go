package site

import (
	"testing"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/fault"
)

// Limits come with the token, so that nobody asks for them, and raise the Rev, so that who
// remembers a token learns of them.
func TestLimitsAreReadWithTheToken(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		create(t, d, NewKeys(d, nil), "demo", "other")
		var secret, operators string
		var made Token
		update(t, d, func(tx *db.Tx) (err error) {
			if made, secret, err = NewToken(tx, "demo", "t", []string{All}, 0); err == nil {
				_, operators, err = NewToken(tx, "", "t", []string{Operator}, 0)
			}
			return err
		})
		read := func(secret string) (token Token) {
			t.Helper()
			update(t, d, func(tx *db.Tx) (err error) { token, err = Authenticate(tx, secret); return err })
			return token
		}
		before := read(secret)
		equal(t, "at first", []Limits{before.Limits, before.SiteLimits}, []Limits{NoLimits, NoLimits})
		update(t, d, func(tx *db.Tx) error { return SetLimits(tx, "demo", Limits{60, 0}) })
		update(t, d, func(tx *db.Tx) error { return SetTokenLimits(tx, "demo", made.ID, Limits{Inherited, 5}) })
		after := read(secret)
		equal(t, "set", []Limits{after.Limits, after.SiteLimits}, []Limits{{Inherited, 5}, {60, 0}})
		if after.SiteRev < before.SiteRev+2 {
			t.Errorf("the Rev went from %d to %d, want two changes", before.SiteRev, after.SiteRev)
		}
		update(t, d, func(tx *db.Tx) error {
			ofSite, err := LimitsOf(tx, "demo")
			if err != nil {
				return err
			}
			ofToken, err := TokenLimitsOf(tx, "demo", made.ID)
			equal(t, "read", []Limits{ofSite, ofToken}, []Limits{{60, 0}, {Inherited, 5}})
			return err
		})
		house := read(operators)
		equal(t, "the operator's", []Limits{house.Limits, house.SiteLimits}, []Limits{NoLimits, NoLimits})
		for what, act := range map[string]func(tx *db.Tx) error{
			"another site's token":       func(tx *db.Tx) error { return SetTokenLimits(tx, "other", made.ID, NoLimits) },
			"another site's, to read":    func(tx *db.Tx) error { _, err := TokenLimitsOf(tx, "other", made.ID); return err },
			"the operator's token":       func(tx *db.Tx) error { return SetTokenLimits(tx, "", house.ID, NoLimits) },
			"the operator's, to read":    func(tx *db.Tx) error { _, err := TokenLimitsOf(tx, "", house.ID); return err },
			"a site that is not":         func(tx *db.Tx) error { return SetLimits(tx, "nobody", NoLimits) },
			"a site that is not to read": func(tx *db.Tx) error { _, err := LimitsOf(tx, "nobody"); return err },
		} {
			if err := d.Update(t.Context(), "test", act); !fault.Is(err, fault.NotFound) {
				t.Errorf("%s: got %v, want that it is not found", what, err)
			}
		}
		for _, l := range []Limits{{-2, 0}, {0, -2}, {10_000_001, 0}} {
			if err := d.Update(t.Context(), "test", func(tx *db.Tx) error { return SetLimits(tx, "demo", l) }); !fault.Is(err, fault.Invalid) {
				t.Errorf("%v: got %v, want that it is invalid", l, err)
			}
		}
	})
}
