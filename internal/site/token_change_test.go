package site

import (
	"net/netip"
	"testing"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
)

func revOf(t testing.TB, d *db.DB, siteID string) (rev Rev) {
	t.Helper()
	update(t, d, func(tx *db.Tx) error {
		all, err := Revs(tx, []string{siteID})
		rev = all[siteID]
		return err
	})
	return rev
}

func TestASecretThatIsRotatedAwayCountsUntilItsTime(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		create(t, d, NewKeys(d, nil), "demo", "other")
		token, first := newToken(t, d, "demo", 0, "*")
		start := token.CreatedAt
		before := revOf(t, d, "demo")
		rotate := func(after, overlap time.Duration) (secret string) {
			update(t, d, func(tx *db.Tx) (err error) {
				tx.Now = start.Add(after)
				_, secret, err = Rotate(tx, "demo", token.ID, overlap, nil)
				return err
			})
			return secret
		}
		known := func(what string, after time.Duration, secret string, want bool, until db.Time) {
			t.Helper()
			got, err := authenticate(t, d, start.Add(after), secret)
			if want && (err != nil || got.ID != token.ID || got.Until != until) || !want && !fault.Is(err, fault.Unauthenticated) {
				t.Errorf("%s: got %v until %d, %v; want it known %t until %d", what, got.ID, got.Until, err, want, until)
			}
		}
		second := rotate(0, time.Hour)
		known("the new one", 0, second, true, 0)
		known("the old one", time.Hour-time.Second, first, true, start.Add(time.Hour))
		known("the old one at its end", time.Hour, first, false, 0)
		third := rotate(time.Minute, 2*time.Hour)
		known("the first keeps its end", time.Hour-time.Second, first, true, start.Add(time.Hour))
		known("the second has its own", time.Hour, second, true, start.Add(2*time.Hour+time.Minute))
		fourth := rotate(2*time.Minute, 0)
		for what, secret := range map[string]string{"first": first, "second": second, "third": third} {
			known(what+" after a rotation without overlap", 3*time.Minute, secret, false, 0)
		}
		known("the fourth", 3*time.Minute, fourth, true, 0)
		if after := revOf(t, d, "demo"); after <= before {
			t.Errorf("the Rev is %d, was %d: who remembers the old secret is not told", after, before)
		}
		refused(t, d, "another site's", fault.NotFound, fault.CodeNotFound, func(tx *db.Tx) error {
			_, _, err := Rotate(tx, "other", token.ID, 0, nil)
			return err
		})
		for _, wrong := range []time.Duration{-1, MaxOverlap + 1} {
			refused(t, d, "an overlap of "+wrong.String(), fault.Invalid, fault.CodeValidation, func(tx *db.Tx) error {
				_, _, err := Rotate(tx, "demo", token.ID, wrong, nil)
				return err
			})
		}
		fifth := rotate(3*time.Minute, time.Hour)
		update(t, d, func(tx *db.Tx) error { return Revoke(tx, "demo", token.ID) })
		known("the old one of a revoked token", 3*time.Minute, fourth, false, 0)
		known("the new one of a revoked token", 3*time.Minute, fifth, false, 0)
		refused(t, d, "a revoked one", fault.Conflict, fault.CodeStateConflict, func(tx *db.Tx) error {
			_, _, err := Rotate(tx, "demo", token.ID, 0, nil)
			return err
		})
	})
}

func TestWhoMayNotRotateATokenGetsNoSecretOfIt(t *testing.T) {
	d := dbtest.Open(t, "sqlite")
	create(t, d, NewKeys(d, nil), "demo")
	token, secret := newToken(t, d, "demo", 0, "*")
	no := func(Token) error { return fault.New(fault.Denied, fault.CodeForbidden, "no") }
	refused(t, d, "rotate", fault.Denied, fault.CodeForbidden, func(tx *db.Tx) error {
		_, got, err := Rotate(tx, "demo", token.ID, 0, no)
		if got != "" {
			t.Error("a secret was given")
		}
		return err
	})
	refused(t, d, "change", fault.Denied, fault.CodeForbidden, func(tx *db.Tx) error {
		name := "other"
		_, err := ChangeToken(tx, "demo", token.ID, TokenChange{Name: &name}, no)
		return err
	})
	if got, err := authenticate(t, d, 0, secret); err != nil || got.Name != "t" {
		t.Errorf("got %q, %v; want the token as it was", got.Name, err)
	}
}

func TestATokenIsChangedInPartsAndItsSiteIsTold(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		create(t, d, NewKeys(d, nil), "demo", "other")
		token, secret := newToken(t, d, "demo", 0, "messages:read", "messages:write")
		change := func(c TokenChange) Token {
			t.Helper()
			before := revOf(t, d, "demo")
			update(t, d, func(tx *db.Tx) error {
				_, err := ChangeToken(tx, "demo", token.ID, c, nil)
				return err
			})
			if revOf(t, d, "demo") <= before {
				t.Error("the Rev stays")
			}
			got, err := authenticate(t, d, 0, secret)
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		name, nets, none := " new ", []string{"203.0.113.7", "2001:db8::/32"}, []string{}
		far, never := token.CreatedAt.Add(time.Hour), db.Time(0)
		equal(t, "abilities", change(TokenChange{Abilities: []string{"messages:read"}}).Abilities, []string{"messages:read"})
		got := change(TokenChange{Name: &name, Networks: &nets, Expires: &far})
		equal(t, "all parts", []any{got.Name, got.Networks.Texts(), got.ExpiresAt, got.Until, got.Abilities},
			[]any{"new", []string{"203.0.113.7/32", "2001:db8::/32"}, far, far, []string{"messages:read"}})
		got = change(TokenChange{Networks: &none, Expires: &never})
		equal(t, "cleared", []any{len(got.Networks), got.ExpiresAt}, []any{0, never})

		past, bad := db.Time(1), []string{"203.0.113.0/99"}
		for what, c := range map[string]TokenChange{"a time past": {Expires: &past}, "a network": {Networks: &bad}, "no ability": {Abilities: []string{}}, "the operator's": {Abilities: []string{Operator}}} {
			refused(t, d, what, fault.Invalid, fault.CodeValidation, func(tx *db.Tx) error {
				_, err := ChangeToken(tx, "demo", token.ID, c, nil)
				return err
			})
		}
		refused(t, d, "another site's", fault.NotFound, fault.CodeNotFound, func(tx *db.Tx) error {
			_, err := ChangeToken(tx, "other", token.ID, TokenChange{Name: &name}, nil)
			return err
		})
	})
}

func TestTokensOfAPersonAreNobodyElses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		user := id.New()
		var session, personal Token
		var secret string
		update(t, d, func(tx *db.Tx) (err error) {
			session, secret, err = CreateToken(tx, TokenOrder{Owner: OwnedBy(user), Name: "session", Abilities: []string{Operator, All}, Session: true, Expires: tx.Now.Add(time.Hour)})
			if err == nil {
				personal, _, err = CreateToken(tx, TokenOrder{Owner: OwnedBy(user), Name: "mine", Abilities: []string{"messages:read"}})
			}
			return err
		})
		got, err := authenticate(t, d, 0, secret)
		if err != nil || got.User != user || got.Site != "" || !got.Session || got.ConfirmedAt != 0 {
			t.Fatalf("got %+v, %v; want the session of the person", got, err)
		}
		list := func(what string, read func(tx *db.Tx) ([]Token, error), want ...id.ID) {
			t.Helper()
			update(t, d, func(tx *db.Tx) error {
				all, err := read(tx)
				var ids []id.ID
				for _, one := range all {
					ids = append(ids, one.ID)
				}
				equal(t, what, ids, want)
				return err
			})
		}
		list("the operator's", func(tx *db.Tx) ([]Token, error) { return Tokens(tx, "", id.ID{}, 10) })
		list("his", func(tx *db.Tx) ([]Token, error) { return Tokens(tx, OwnedBy(user), id.ID{}, 10) }, personal.ID)
		list("his sessions", func(tx *db.Tx) ([]Token, error) { return Sessions(tx, user, id.ID{}, 10) }, session.ID)
		refused(t, d, "rotating a session", fault.NotFound, fault.CodeNotFound, func(tx *db.Tx) error {
			_, _, err := Rotate(tx, OwnedBy(user), session.ID, 0, nil)
			return err
		})
		refused(t, d, "confirming a token", fault.NotFound, fault.CodeNotFound, func(tx *db.Tx) error { return Confirm(tx, user, personal.ID) })
		update(t, d, func(tx *db.Tx) error { return Confirm(tx, user, session.ID) })
		if got, _ := authenticate(t, d, 0, secret); got.ConfirmedAt == 0 {
			t.Error("the session is not confirmed")
		}
		update(t, d, func(tx *db.Tx) error { return RevokeSessions(tx, user, session.ID) })
		if _, err := authenticate(t, d, 0, secret); err != nil {
			t.Errorf("the session that was to stay ended: %v", err)
		}
		update(t, d, func(tx *db.Tx) error { return RevokeSessions(tx, user, id.ID{}) })
		if _, err := authenticate(t, d, 0, secret); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("got %v, want the session ended", err)
		}
	})
}

func TestSessionsAndOldSecretsAreSweptAfterTheirTime(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		user := id.New()
		var start db.Time
		update(t, d, func(tx *db.Tx) error {
			start = tx.Now
			for _, session := range []bool{true, false} {
				t, _, err := CreateToken(tx, TokenOrder{Owner: OwnedBy(user), Name: "t", Abilities: []string{All}, Session: session, Expires: start.Add(time.Hour)})
				if err != nil {
					return err
				}
				if !session {
					if _, _, err := Rotate(tx, OwnedBy(user), t.ID, time.Minute, nil); err != nil {
						return err
					}
				}
			}
			return nil
		})
		count := func(after time.Duration) (sessions, tokens, old int) {
			update(t, d, func(tx *db.Tx) error {
				tx.Now = start.Add(after)
				more, err := SweepTokens(tx)
				if more {
					t.Error("there is more")
				}
				for query, into := range map[string]*int{
					`SELECT COUNT(*) FROM site_token WHERE session = 1`: &sessions, `SELECT COUNT(*) FROM site_token WHERE session = 0`: &tokens,
					`SELECT COUNT(*) FROM site_token_old`: &old,
				} {
					if err == nil {
						err = tx.QueryRow(query).Scan(into)
					}
				}
				return err
			})
			return sessions, tokens, old
		}
		for _, c := range []struct {
			after time.Duration
			want  [3]int
		}{{0, [3]int{1, 1, 1}}, {time.Minute, [3]int{1, 1, 0}}, {keepSessions, [3]int{1, 1, 0}}, {keepSessions + time.Hour + time.Second, [3]int{0, 1, 0}}} {
			sessions, tokens, old := count(c.after)
			equal(t, "sessions, tokens and old secrets after "+c.after.String(), [3]int{sessions, tokens, old}, c.want)
		}
	})
}

func TestAddressesAreInTheirNetworks(t *testing.T) {
	for _, c := range []struct {
		networks []string
		address  string
		want     bool
	}{
		{nil, "203.0.113.7", true}, {nil, "", true},
		{[]string{"203.0.113.7"}, "203.0.113.7", true}, {[]string{"203.0.113.7"}, "203.0.113.8", false},
		{[]string{"203.0.113.0/24"}, "203.0.113.255", true}, {[]string{"203.0.113.9/24"}, "203.0.113.1", true}, {[]string{"203.0.113.0/24"}, "203.0.114.0", false},
		{[]string{"::ffff:203.0.113.0/120"}, "203.0.113.1", true}, {[]string{"203.0.113.0/24"}, "::ffff:203.0.113.1", true},
		{[]string{"2001:db8::/32"}, "2001:db8:1::1", true}, {[]string{"2001:db8::/32"}, "203.0.113.1", false},
		{[]string{"10.0.0.0/8", "2001:db8::1"}, "2001:db8::1", true},
		{[]string{"0.0.0.0/0"}, "2001:db8::1", false}, {[]string{"0.0.0.0/0"}, "", false},
	} {
		n, err := ParseNetworks(c.networks)
		var a netip.Addr
		if c.address != "" {
			a = netip.MustParseAddr(c.address)
		}
		if err != nil || n.Allow(a) != c.want {
			t.Errorf("%q in %v: got %t, %v, want %t", c.address, c.networks, n.Allow(a), err, c.want)
		}
	}
	for _, wrong := range []string{"", "shop", "203.0.113", "203.0.113.0/33", "::ffff:203.0.113.0/90", "fe80::1%eth0", "1.2.3.4/-1"} {
		if n, err := ParseNetworks([]string{wrong}); err == nil {
			t.Errorf("%q is read as %v", wrong, n)
		}
	}
	if _, err := ParseNetworks(make([]string, MaxNetworks+1)); !fault.Is(err, fault.Invalid) {
		t.Errorf("too many: got %v", err)
	}
}

func FuzzParseNetworks(f *testing.F) {
	for _, seed := range []string{"203.0.113.0/24", "203.0.113.7", "2001:db8::/32", "::ffff:10.0.0.1/104", "fe80::1%a", "/", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, err := ParseNetworks([]string{text})
		if err != nil {
			return
		}
		again, err := readNetworks(n.Texts()[0])
		if err != nil || len(n) != 1 || again[0] != n[0] {
			t.Fatalf("%q is %v, which is read again as %v, %v", text, n, again, err)
		}
		if !n.Allow(n[0].Addr()) {
			t.Fatalf("%v is not in itself", n)
		}
	})
}
