package site

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
)

func newToken(t testing.TB, d *db.DB, site string, expires db.Time, abilities ...string) (token Token, secret string) {
	t.Helper()
	update(t, d, func(tx *db.Tx) (err error) {
		token, secret, err = NewToken(tx, site, "t", abilities, expires)
		return err
	})
	return token, secret
}

// authenticate is Authenticate at a time.
func authenticate(t testing.TB, d *db.DB, now db.Time, secret string) (token Token, err error) {
	t.Helper()
	err = d.View(t.Context(), "test", func(tx *db.Tx) (err error) {
		if now != 0 {
			tx.Now = now
		}
		token, err = Authenticate(tx, secret)
		return err
	})
	return token, err
}

func TestTheChecksumIsTheUsualOne(t *testing.T) {
	for random, want := range map[string]string{
		"zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ": "0mLq17", "0123456789ABCDEFGHIJKLMNOPQRST": "4PMbyp",
	} {
		if got := checksum(random); got != want {
			t.Errorf("checksum(%s) = %s, want %s", random, got, want)
		}
	}
}

func TestASecretIsWellFormedAndAnyTypingMistakeIsNot(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := newSecret("demo")
		if !wellFormed(s) || len(s) != 44 || !strings.HasPrefix(s, "cm_live_") {
			rt.Fatalf("newSecret gives one of another form, %d characters long", len(s))
		}
		i := rapid.IntRange(0, len(s)-1).Draw(rt, "at")
		wrong := []byte(s)
		wrong[i] = rapid.SampledFrom([]byte(base62+"_- ")).Draw(rt, "letter")
		if string(wrong) != s && wellFormed(string(wrong)) {
			rt.Fatalf("a secret with letter %d changed is still well formed", i)
		}
		if wellFormed(s[:len(s)-1]) || wellFormed(s+"0") {
			rt.Fatal("a secret with a letter more or less is still well formed")
		}
	})
}

func FuzzWellFormed(f *testing.F) {
	f.Add(newSecret("demo"))
	f.Add("cm_live_")
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		if wellFormed(text) && len(text) != 44 {
			t.Fatalf("%q passes", text)
		}
	})
}

func TestATokenIsKnownByItsSecret(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		create(t, d, NewKeys(d, nil), "demo")
		made, secret := newToken(t, d, "demo", 0, "credit:read", "messages:write", "messages:write")
		got, err := authenticate(t, d, 0, secret)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "token", got, made)
		equal(t, "abilities", got.Abilities, []string{"messages:write", "credit:read"})
		equal(t, "last 4", got.Last4, secret[40:])
		_, other := newToken(t, d, "demo", 0, "*")
		if secret == other {
			t.Error("two tokens share a secret")
		}
	})
}

func TestWhatIsUnknownExpiredOrRevokedIsNotAuthenticated(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		create(t, d, NewKeys(d, nil), "demo", "other")
		var now db.Time
		update(t, d, func(tx *db.Tx) error {
			now = tx.Now
			return nil
		})
		_, expiring := newToken(t, d, "demo", now.Add(time.Hour), "*")
		revoked, secret := newToken(t, d, "demo", 0, "*")
		if _, err := authenticate(t, d, now.Add(time.Hour)-1, expiring); err != nil {
			t.Errorf("before it expires: %v", err)
		}
		refused(t, d, "revoking another site's", fault.NotFound, fault.CodeNotFound, func(tx *db.Tx) error { return Revoke(tx, "other", revoked.ID) })
		refused(t, d, "revoking it as the operator's", fault.NotFound, fault.CodeNotFound, func(tx *db.Tx) error { return Revoke(tx, "", revoked.ID) })
		if _, err := authenticate(t, d, 0, secret); err != nil {
			t.Errorf("before it is revoked: %v", err)
		}
		var at []db.Time
		for range 2 {
			update(t, d, func(tx *db.Tx) error { return Revoke(tx, "demo", revoked.ID) })
			update(t, d, func(tx *db.Tx) error {
				list, err := Tokens(tx, "demo", id.ID{}, 10)
				at = append(at, list[1].RevokedAt)
				return err
			})
		}
		if at[0] == 0 || at[0] != at[1] {
			t.Errorf("revoked at %d, then %d; want the first time to stay", at[0], at[1])
		}
		for what, try := range map[string]struct {
			now    db.Time
			secret string
		}{
			"expired": {now.Add(time.Hour), expiring}, "revoked": {0, secret}, "unknown": {0, newSecret("demo")},
			"mistyped": {0, secret[:43] + "!"}, "empty": {0, ""}, "digest": {0, digest(secret)},
		} {
			if _, err := authenticate(t, d, try.now, try.secret); !fault.Is(err, fault.Unauthenticated) {
				t.Errorf("%s: got %v, want Unauthenticated", what, err)
			}
		}
	})
}

func TestAMistypedSecretDoesNotReachTheDatabase(t *testing.T) {
	secret := newSecret("demo")
	swapped := []byte(secret)
	swapped[10], swapped[11] = swapped[11], swapped[10]
	if swapped[10] == swapped[11] {
		swapped[10] ^= 1
	}
	// Without a transaction any question to the database would panic.
	if _, err := Authenticate(nil, string(swapped)); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("got %v, want Unauthenticated", err)
	}
}

func TestTokensThatCannotBeAreRefused(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		create(t, d, NewKeys(d, nil), "demo")
		try := func(site, name string, expires db.Time, abilities ...string) func(*db.Tx) error {
			return func(tx *db.Tx) error {
				_, _, err := NewToken(tx, site, name, abilities, expires)
				return err
			}
		}
		for what, fn := range map[string]func(*db.Tx) error{
			"no ability":             try("demo", "t", 0),
			"an unknown ability":     try("demo", "t", 0, "messages:read", "messages:*"),
			"the operator's ability": try("demo", "t", 0, Operator),
			"no name":                try("demo", " ", 0, "*"),
			"a time that has passed": try("demo", "t", 1, "*"),
		} {
			refused(t, d, what, fault.Invalid, fault.CodeValidation, fn)
		}
		refused(t, d, "no such site", fault.NotFound, fault.CodeNotFound, try("none", "t", 0, "*"))
		newToken(t, d, "demo", 0, slices.DeleteFunc(slices.Clone(Abilities), func(a string) bool { return a == Operator })...)
		newToken(t, d, "", 0, Abilities...)
	})
}

func TestTokensAreListedPerSite(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		create(t, d, NewKeys(d, nil), "demo")
		a, _ := newToken(t, d, "demo", 0, "*")
		operators, _ := newToken(t, d, "", 0, Operator)
		b, _ := newToken(t, d, "demo", 0, "*")
		update(t, d, func(tx *db.Tx) error {
			for _, c := range []struct {
				site  string
				after id.ID
				limit int
				want  []Token
			}{
				{"demo", id.ID{}, 10, []Token{a, b}}, {"demo", id.ID{}, 1, []Token{a}}, {"demo", a.ID, 10, []Token{b}},
				{"", id.ID{}, 10, []Token{operators}}, {"other", id.ID{}, 10, nil},
			} {
				got, err := Tokens(tx, c.site, c.after, c.limit)
				if err != nil {
					return err
				}
				equal(t, "tokens of "+c.site, got, c.want)
			}
			return nil
		})
	})
}

func TestTheLastUseIsWrittenAtMostOnceAMinute(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		a, _ := newToken(t, d, "", 0, Operator)
		b, _ := newToken(t, d, "", 0, Operator)
		start := a.CreatedAt
		touch := func(after time.Duration, ids ...id.ID) (used []db.Time) {
			update(t, d, func(tx *db.Tx) error {
				tx.Now = start.Add(after)
				return Touch(tx, ids)
			})
			update(t, d, func(tx *db.Tx) error {
				list, err := Tokens(tx, "", id.ID{}, 10)
				used = nil
				for _, l := range list {
					used = append(used, l.LastUsedAt)
				}
				return err
			})
			return used
		}
		equal(t, "first use", touch(0, a.ID), []db.Time{start, 0})
		equal(t, "a second later", touch(time.Second, b.ID, a.ID, id.New(), a.ID), []db.Time{start, start.Add(time.Second)})
		equal(t, "a minute later", touch(time.Minute, a.ID, b.ID), []db.Time{start.Add(time.Minute), start.Add(time.Second)})
		equal(t, "none", touch(time.Hour), []db.Time{start.Add(time.Minute), start.Add(time.Second)})
	})
}
