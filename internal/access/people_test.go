package access

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pquerna/otp/totp"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/limit"
	"creditmsg/internal/site"
)

// house is accounts over one real database, with two sites.
type house struct {
	t testing.TB
	d *db.DB
	*People
	passed time.Duration // on the clock of the tries
}

func newHouse(t testing.TB, d *db.DB) *house {
	t.Helper()
	keys := site.NewKeys(d, nil)
	h := &house{t: t, d: d, People: New(d, keys)}
	l, err := limit.New(limit.Options{Now: func() time.Duration { return h.passed }})
	h.must(err)
	h.Count(l)
	h.must(keys.Prepare(t.Context()))
	h.update(func(tx *db.Tx) error {
		for _, name := range []string{"a-shop", "b-shop"} {
			if _, err := site.Create(tx, keys, name, name); err != nil {
				return err
			}
		}
		return nil
	})
	return h
}

func each(t *testing.T, test func(t *testing.T, h *house)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) { test(t, newHouse(t, d)) })
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) update(fn func(tx *db.Tx) error) {
	h.t.Helper()
	h.must(h.d.Update(h.t.Context(), "test", fn))
}

// try gives the fault of an act.
func (h *house) try(fn func(tx *db.Tx) error) error {
	return h.d.Update(h.t.Context(), "test", fn)
}

const password = "correct horse battery"

func (h *house) invite(email, siteID string, roles ...string) User {
	h.t.Helper()
	in, err := h.Add(h.t.Context(), Installation(), NewPerson{Email: email, Site: siteID, Roles: roles, Password: password})
	h.must(err)
	return in.User
}

// reset has a password made for somebody.
func (h *house) reset(by Who, u User) (password string, err error) {
	h.t.Helper()
	made, err := h.MakePassword(h.t.Context(), "")
	h.must(err)
	return made.Password, h.try(func(tx *db.Tx) error { return h.People.ResetPassword(tx, by, u.ID, made) })
}

// in signs somebody in.
func (h *house) in(email, password, code string) (Session, error) {
	return h.inFrom(here.String(), email, password, code)
}

func (h *house) inFrom(from, email, password, code string) (Session, error) {
	return h.SignIn(h.t.Context(), SignIn{Email: email, Password: password, Code: code, From: netip.MustParseAddr(from)})
}

// self is somebody in a session of his.
func (h *house) self(u User, s Session) Self { return Self{u.ID, s.Token.ID, here} }

var here = netip.MustParseAddr("203.0.113.1")

// who is the caller behind a secret, or the refusal.
func (h *house) who(secret string) (w Who, err error) {
	err = h.d.View(h.t.Context(), "test", func(tx *db.Tx) (err error) {
		w.Now = tx.Now
		if w.Token, err = site.Authenticate(tx, secret); err == nil {
			w.Person, err = Load(tx, w.Token.User)
		}
		return err
	})
	return w, err
}

func (h *house) caller(email string) Who {
	h.t.Helper()
	s, err := h.in(email, password, "")
	h.must(err)
	w, err := h.who(s.Secret)
	h.must(err)
	return w
}

func wants(t testing.TB, what string, err error, kind fault.Kind) {
	t.Helper()
	if !fault.Is(err, kind) {
		t.Errorf("%s: got %v, want kind %d", what, err, kind)
	}
}

func TestWhoSignsInHasASessionUntilItEnds(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		u := h.invite("Kim@Example.com ", "a-shop", Owner)
		s, err := h.in(" kim@example.COM", password, "")
		h.must(err)
		if s.User.ID != u.ID || s.User.Email != "kim@example.com" || s.Token.ExpiresAt != s.Token.CreatedAt.Add(SessionFor) || s.Token.ConfirmedAt != 0 || !strings.HasPrefix(s.Secret, "cm_live_") {
			t.Errorf("got %+v of %+v", s.Token, s.User)
		}
		w, err := h.who(s.Secret)
		h.must(err)
		if diff := cmp.Diff([]Grant{{"a-shop", Owner, builtIn[Owner]}}, w.Person.Grants); diff != "" || w.Person.Factor {
			t.Error(diff)
		}
		h.update(func(tx *db.Tx) error { return h.EndSession(tx, u.ID, s.Token.ID) })
		_, err = h.who(s.Secret)
		wants(t, "a session that ended", err, fault.Unauthenticated)
		other := h.invite("lee@example.com", "a-shop", Owner)
		wants(t, "another's session", h.try(func(tx *db.Tx) error { return h.EndSession(tx, other.ID, s.Token.ID) }), fault.NotFound)
	})
}

func TestWhoIsNotKnownIsToldTheSameAsWhoHasAnotherPassword(t *testing.T) {
	h := newHouse(t, dbtest.Open(t, "sqlite"))
	u := h.invite("kim@example.com", "a-shop", Owner)
	off := h.invite("off@example.com", "a-shop", Owner)
	h.update(func(tx *db.Tx) error { return h.SetState(tx, Installation(), off.ID, Disabled) })
	var words []string
	for _, try := range [][2]string{{"kim@example.com", "wrong password"}, {"nobody@example.com", password}, {"no address", password}, {"", ""}, {"off@example.com", password}} {
		_, err := h.in(try[0], try[1], "")
		f := fault.Of(err)
		words = append(words, f.Public)
		if f.Kind != fault.Unauthenticated || len(f.Extra) != 0 || f.Public != words[0] {
			t.Errorf("%q: got %v with %v, want the words of the first", try[0], f, f.Extra)
		}
	}
	if _, err := h.in("kim@example.com", password, ""); err != nil {
		t.Errorf("%s cannot sign in after that: %v", u.Email, err)
	}
}

// forget lets tries be made as if a day had passed.
func (h *house) forget() { h.passed += 24 * time.Hour }

// code6 gives the code of a secret so many half minutes from now. Tests use the present one
// and the next, which are good whenever a half minute ends.
func code6(t testing.TB, secret string, steps int) string {
	t.Helper()
	c, err := totp.GenerateCode(secret, time.Now().Add(time.Duration(steps)*codePeriod))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestASecondFactorIsSetUpAndThenAskedFor(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		u := h.invite("kim@example.com", "a-shop", Owner)
		s, err := h.in("kim@example.com", password, "")
		h.must(err)
		wants(t, "confirming without one", h.Confirm(t.Context(), h.self(u, s), "123456"), fault.Conflict)
		_, err = h.FinishEnrolment(t.Context(), h.self(u, s), "123456")
		wants(t, "finishing what was not begun", err, fault.Conflict)
		_, err = h.Enrol(t.Context(), h.self(u, s), "wrong password")
		wants(t, "without the password", err, fault.Denied)
		e, err := h.Enrol(t.Context(), h.self(u, s), password)
		h.must(err)
		if !strings.HasPrefix(e.URI, "otpauth://totp/Credit%20Messaging:kim@example.com?") || !strings.Contains(e.URI, "secret="+e.Secret) {
			t.Errorf("the address has another form")
		}
		_, err = h.FinishEnrolment(t.Context(), h.self(u, s), code6(t, e.Secret, 50))
		wants(t, "a code of another time", err, fault.Denied)
		if _, err := h.in("kim@example.com", password, ""); err != nil {
			t.Errorf("what is only begun is asked for: %v", err)
		}
		first := code6(t, e.Secret, 0)
		codes, err := h.FinishEnrolment(t.Context(), h.self(u, s), first)
		h.must(err)
		if w, err := h.who(s.Secret); err != nil || !w.Person.Factor || w.Token.ConfirmedAt == 0 {
			t.Errorf("the session is not confirmed: %v", err)
		}
		for what, given := range map[string]string{"none": "", "a wrong one": "000000", "one that was used": first} {
			h.forget()
			_, err := h.in("kim@example.com", password, given)
			if f := fault.Of(err); f == nil || f.Kind != fault.Unauthenticated || f.Extra[secondFactor] != "required" {
				t.Errorf("%s: got %v, want it required", what, err)
			}
		}
		if f := fault.Of(last(h.in("kim@example.com", "wrong password", code6(t, e.Secret, 1)))); f == nil || f.Extra != nil {
			t.Errorf("a wrong password is told about the second factor: %v", f)
		}
		h.forget()
		second := code6(t, e.Secret, 1)
		in, err := h.in("kim@example.com", password, second)
		h.must(err)
		wants(t, "a code twice", last(h.in("kim@example.com", password, second)), fault.Unauthenticated)
		wants(t, "a code for a session that let somebody in", h.Confirm(t.Context(), h.self(u, in), second), fault.Denied)
		if in.Token.ConfirmedAt != in.Token.CreatedAt {
			t.Error("who gave a code is asked again at once")
		}
		_, err = h.in("kim@example.com", password, codes[0])
		h.must(err)
		wants(t, "a recovery code twice", last(h.in("kim@example.com", password, codes[0])), fault.Unauthenticated)
	})
}

func last[T any](_ T, err error) error { return err }

func TestASecondFactorIsReplacedAndTakenOff(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		u := h.invite("kim@example.com", "a-shop", Owner)
		s, err := h.in("kim@example.com", password, "")
		h.must(err)
		enrol := func() string {
			e, err := h.Enrol(t.Context(), h.self(u, s), password)
			h.must(err)
			return e.Secret
		}
		old := enrol()
		_, err = h.FinishEnrolment(t.Context(), h.self(u, s), code6(t, old, 0))
		h.must(err)
		next := enrol()
		h.must(h.Confirm(t.Context(), h.self(u, s), code6(t, old, 1))) // which counts until the new one is confirmed
		_, err = h.FinishEnrolment(t.Context(), h.self(u, s), code6(t, next, 0))
		h.must(err)
		for range codes.account.Burst {
			wants(t, "guessing codes", h.Disable(t.Context(), h.self(u, s), "123456"), fault.Denied)
		}
		wants(t, "the right code after that", h.Confirm(t.Context(), h.self(u, s), code6(t, next, 1)), fault.TooMany)
		h.forget()
		h.must(h.Disable(t.Context(), h.self(u, s), code6(t, next, 1)))
		if _, err := h.in("kim@example.com", password, ""); err != nil {
			t.Errorf("it is still asked for: %v", err)
		}
		wants(t, "taking off what is not there", h.Disable(t.Context(), h.self(u, s), "123456"), fault.Conflict)
	})
}

func TestAPasswordIsChangedAndOtherSessionsEnd(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		u := h.invite("kim@example.com", "a-shop", Owner)
		here, err := h.in("kim@example.com", password, "")
		h.must(err)
		there, err := h.in("kim@example.com", password, "")
		h.must(err)
		const fresh = "another horse battery"
		wants(t, "with a wrong one", h.SetPassword(t.Context(), h.self(u, here), "wrong", fresh), fault.Denied)
		wants(t, "to a short one", h.SetPassword(t.Context(), h.self(u, here), password, "short"), fault.Invalid)
		h.must(h.SetPassword(t.Context(), h.self(u, here), password, fresh))
		if _, err := h.who(here.Secret); err != nil {
			t.Errorf("the own session ended: %v", err)
		}
		wants(t, "the other session", last(h.who(there.Secret)), fault.Unauthenticated)
		wants(t, "the old password", last(h.in("kim@example.com", password, "")), fault.Unauthenticated)
		made, err := h.reset(Installation(), u)
		h.must(err)
		wants(t, "the session after a reset", last(h.who(here.Secret)), fault.Unauthenticated)
		if _, err := h.in("kim@example.com", made, ""); err != nil {
			t.Errorf("with the password that was made: %v", err)
		}
	})
}

func TestAnAccountIsAddedOnce(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		add := func(siteID string, roles ...string) (Added, error) {
			return h.Add(t.Context(), Installation(), NewPerson{Email: "kim@example.com", Name: "김하나", Site: siteID, Roles: roles})
		}
		first, err := add("a-shop", Sender)
		h.must(err)
		if _, err := h.in("kim@example.com", first.Password, ""); err != nil {
			t.Errorf("with the password that was made: %v", err)
		}
		second, err := add("b-shop", Finance)
		h.must(err)
		if second.Password != "" || second.User.ID != first.User.ID {
			t.Errorf("got %+v, want the account that is there and no password", second.User)
		}
		wants(t, "the operator's role on a site", last(add("a-shop", Operator)), fault.Invalid)
		wants(t, "a role that is none", last(add("a-shop", "boss")), fault.Invalid)
		wants(t, "no role", last(add("a-shop")), fault.Invalid)
		wants(t, "no such site", last(add("c-shop", Sender)), fault.NotFound)
		wants(t, "no address", last(h.Add(t.Context(), Installation(), NewPerson{Email: "kim", Site: "a-shop", Roles: []string{Sender}})), fault.Invalid)
		h.update(func(tx *db.Tx) error {
			for siteID, want := range map[string]int{"": 1, "a-shop": 1, "b-shop": 1} {
				list, err := h.List(tx, siteID, id.ID{}, 10)
				if err != nil || len(list) != want {
					t.Errorf("%q has %d people, %v; want %d", siteID, len(list), err, want)
				}
			}
			return nil
		})
	})
}

func TestNobodyChangesWhoMayMoreThanHe(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.update(func(tx *db.Tx) error {
			_, err := AddRole(tx, Installation(), "a-shop", "lead", []string{"users", "messages", "roles"})
			return err
		})
		owner, other := h.invite("owner@example.com", "a-shop", Owner), h.invite("other@example.com", "a-shop", Owner)
		lead, viewer := h.invite("lead@example.com", "a-shop", "lead"), h.invite("wide@example.com", "a-shop", "lead")
		both := h.invite("both@example.com", "a-shop", "lead")
		h.invite("both@example.com", "b-shop", Viewer)
		byOwner, byLead := h.caller("owner@example.com"), h.caller("lead@example.com")
		set := func(by Who, user User, roles ...string) error {
			return h.try(func(tx *db.Tx) error { return h.SetRoles(tx, by, user.ID, "a-shop", roles) })
		}
		wants(t, "a lead makes an owner", set(byLead, viewer, Owner), fault.Denied)
		wants(t, "a lead takes an owner's role", set(byLead, other), fault.Denied)
		wants(t, "a lead makes himself more", set(byLead, lead, "lead", Sender), fault.Conflict)
		wants(t, "an owner takes his own", set(byOwner, owner), fault.Conflict)
		wants(t, "a lead disables an owner", h.try(func(tx *db.Tx) error { return h.SetState(tx, byLead, other.ID, Disabled) }), fault.Denied)
		wants(t, "a lead resets an owner's password", last(h.reset(byLead, owner)), fault.Denied)
		wants(t, "a lead takes an owner's factor", h.try(func(tx *db.Tx) error { return h.DropFactor(tx, byLead, owner.ID) }), fault.Denied)
		wants(t, "an owner resets who has another site", last(h.reset(byOwner, both)), fault.Denied)
		wants(t, "an owner disables himself", h.try(func(tx *db.Tx) error { return h.SetState(tx, byOwner, owner.ID, Disabled) }), fault.Conflict)
		h.must(set(byLead, viewer, "lead"))
		h.must(set(byOwner, viewer, Viewer, Finance))
		h.must(set(byOwner, both)) // off this site, and still on the other
		h.update(func(tx *db.Tx) error {
			grants, err := GrantsOf(tx, both.ID)
			if err != nil || len(grants) != 1 || grants[0].Site != "b-shop" {
				t.Errorf("got %v, %v", grants, err)
			}
			names, err := RolesOn(tx, viewer.ID, "a-shop")
			slices.Sort(names)
			if diff := cmp.Diff([]string{Finance, Viewer}, names); diff != "" {
				t.Error(diff, err)
			}
			return err
		})
		s, err := h.in("other@example.com", password, "")
		h.must(err)
		h.update(func(tx *db.Tx) error { return h.SetState(tx, byOwner, other.ID, Disabled) })
		wants(t, "the session of who is disabled", last(h.who(s.Secret)), fault.Unauthenticated)
		h.update(func(tx *db.Tx) error { return h.SetState(tx, byOwner, other.ID, Active) })
		wants(t, "the session from before", last(h.who(s.Secret)), fault.Unauthenticated)
	})
}

func TestARoleIsMadeChangedAndRemoved(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		add := func(by Who, siteID, name string, permissions ...string) error {
			return h.try(func(tx *db.Tx) error { return last(AddRole(tx, by, siteID, name, permissions)) })
		}
		h.must(add(Installation(), "", "clerk", "messages:read"))
		h.must(add(Installation(), "a-shop", "lead", "users", "roles", "messages"))
		for _, c := range []struct{ siteID, name string }{{"a-shop", "clerk"}, {"", "clerk"}, {"", "lead"}, {"a-shop", "lead"}, {"a-shop", Owner}, {"", Operator}} {
			if err := add(Installation(), c.siteID, c.name, "messages"); fault.Of(err) == nil || fault.Of(err).Code != fault.CodeAlreadyExists {
				t.Errorf("%q on %q: got %v, want it taken", c.name, c.siteID, err)
			}
		}
		h.must(add(Installation(), "b-shop", "lead", "credit")) // another site's is another role
		wants(t, "no slug", add(Installation(), "a-shop", "팀장", "messages"), fault.Invalid)
		wants(t, "the operator's", add(Installation(), "", "chief", site.Operator), fault.Invalid)

		h.invite("lead@example.com", "a-shop", "lead")
		byLead := h.caller("lead@example.com")
		wants(t, "more than his own", add(byLead, "a-shop", "more", "credit"), fault.Denied)
		wants(t, "of the installation", add(byLead, "", "more", "messages"), fault.Denied)
		h.must(add(byLead, "a-shop", "less", "messages:read"))

		h.invite("kim@example.com", "a-shop", "less", "clerk")
		kim := h.caller("kim@example.com")
		can := func(w Who, permission string) bool {
			h.update(func(tx *db.Tx) (err error) {
				w.Person, err = Load(tx, w.Person.ID)
				return err
			})
			return (Call{Who: w, Site: "a-shop"}).Can(permission)
		}
		if !can(kim, "messages:read") || can(kim, "messages:write") {
			t.Error("the role does not allow what it says")
		}
		setRole := func(by Who, siteID, name string, permissions ...string) error {
			return h.try(func(tx *db.Tx) error { return last(SetRole(tx, by, siteID, name, permissions)) })
		}
		h.must(setRole(byLead, "a-shop", "less", "messages:write"))
		if !can(kim, "messages:write") {
			t.Error("a changed role counts later")
		}
		wants(t, "to more than his own", setRole(byLead, "a-shop", "less", "credit"), fault.Denied)
		wants(t, "one that is built in", setRole(Installation(), "a-shop", Owner, "credit"), fault.Conflict)
		wants(t, "the installation's by a site", setRole(byLead, "a-shop", "clerk", "messages"), fault.NotFound)
		remove := func(siteID, name string) error {
			return h.try(func(tx *db.Tx) error { return RemoveRole(tx, Installation(), siteID, name) })
		}
		wants(t, "removing one that is given", remove("a-shop", "less"), fault.Conflict)
		wants(t, "removing the installation's that is given on a site", remove("", "clerk"), fault.Conflict)
		h.must(remove("b-shop", "lead"))
		wants(t, "removing it again", remove("b-shop", "lead"), fault.NotFound)
		h.update(func(tx *db.Tx) error {
			all, err := Roles(tx, "a-shop")
			var names []string
			for _, r := range all {
				names = append(names, r.Name)
			}
			if diff := cmp.Diff([]string{Finance, Operator, Owner, Sender, Support, Viewer, "clerk", "lead", "less"}, names); diff != "" {
				t.Error(diff)
			}
			return err
		})
	})
}

func TestNothingPersonalStandsInTheOpen(t *testing.T) {
	h := newHouse(t, dbtest.Open(t, "sqlite"))
	u := h.invite("kim@example.com", "a-shop", Owner)
	e, err := h.Enrol(t.Context(), Self{ID: u.ID}, password)
	h.must(err)
	h.update(func(tx *db.Tx) error {
		var email, hash string
		var sealed, factor []byte
		err := tx.QueryRow(`SELECT email, password, sealed, factor_new FROM access_user`).Scan(&email, &hash, &sealed, &factor)
		for what, stored := range map[string]string{"the digest": email, "the hash": hash, "what is sealed": string(sealed), "the second factor": string(factor)} {
			for _, open := range []string{"kim", "example", password, e.Secret} {
				if strings.Contains(strings.ToLower(stored), strings.ToLower(open)) {
					t.Errorf("%s shows %q", what, open)
				}
			}
		}
		return err
	})
}

// Who has a second factor replaces it with a session that it was given in: that he has one is looked
// at where the account is locked, since he may have got it a moment ago.
func TestASecondFactorIsReplacedOnlyByWhoGaveIt(t *testing.T) {
	h := newHouse(t, dbtest.Open(t, "sqlite"))
	u := h.invite("kim@example.com", "a-shop", Owner)
	s, err := h.in("kim@example.com", password, "")
	h.must(err)
	stale, err := h.in("kim@example.com", password, "")
	h.must(err)
	e, err := h.Enrol(t.Context(), h.self(u, s), password)
	h.must(err)
	_, err = h.FinishEnrolment(t.Context(), h.self(u, s), code6(t, e.Secret, 0))
	h.must(err)
	_, err = h.Enrol(t.Context(), h.self(u, stale), password)
	if f := fault.Of(err); err == nil || f.Kind != fault.Denied || f.Extra[secondFactor] != "required" {
		t.Errorf("a session that was not confirmed: got %v", err)
	}
	_, err = h.Enrol(t.Context(), h.self(u, s), password)
	h.must(err)
}
