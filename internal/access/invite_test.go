package access

import (
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
)

// ask invites somebody and gives the password that he is handed.
func (h *house) ask(by Who, email, siteID string, roles ...string) (in Invitation, password string) {
	h.t.Helper()
	h.update(func(tx *db.Tx) (err error) {
		in, password, err = h.Invite(tx, by, NewPerson{Email: email, Name: "김하나", Site: siteID, Roles: roles})
		return err
	})
	return in, password
}

// has gives the names of somebody's roles on a site.
func (h *house) has(user id.ID, siteID string) (names []string) {
	h.t.Helper()
	h.update(func(tx *db.Tx) (err error) {
		names, err = RolesOn(tx, user, siteID)
		slices.Sort(names)
		return err
	})
	return names
}

func (h *house) waiting(user id.ID) (list []Invitation) {
	h.t.Helper()
	h.update(func(tx *db.Tx) (err error) {
		list, err = h.InvitationsOf(tx, user, id.ID{}, 10)
		return err
	})
	return list
}

func TestNobodyHasARoleBeforeHeSaysYes(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		kim := h.invite("kim@example.com", "a-shop", Viewer)
		h.invite("owner@example.com", "b-shop", Owner)
		owner := h.caller("owner@example.com")
		in, handed := h.ask(owner, "Kim@example.com", "b-shop", Finance, Sender)
		if got := h.has(kim.ID, "b-shop"); len(got) != 0 {
			t.Fatalf("whoever is asked has %v at once", got)
		}
		if got := h.waiting(kim.ID); len(got) != 1 || got[0].ID != in.ID || got[0].Site != "b-shop" || !slices.Equal(got[0].Roles, []string{Finance, Sender}) {
			t.Errorf("he is asked %+v", got)
		}
		lee := h.invite("lee@example.com", "a-shop", Viewer)
		accept := func(user User, password string) error {
			return h.try(func(tx *db.Tx) error { return h.Accept(tx, user.ID, in.ID, password) })
		}
		wants(t, "another's", accept(lee, handed), fault.NotFound)
		wants(t, "without its password", accept(kim, password), fault.Denied)
		h.must(accept(kim, handed))
		if got := h.has(kim.ID, "b-shop"); !slices.Equal(got, []string{Finance, Sender}) {
			t.Errorf("who said yes has %v", got)
		}
		wants(t, "twice", accept(kim, handed), fault.NotFound)
		wants(t, "with the password of the invitation", last(h.in("kim@example.com", handed, "")), fault.Unauthenticated)

		leave := func(siteID, role string) error {
			return h.try(func(tx *db.Tx) error { return h.Leave(tx, kim.ID, siteID, role) })
		}
		h.must(leave("b-shop", Finance))
		wants(t, "leaving what he does not have", leave("b-shop", Finance), fault.NotFound)
		h.must(leave("b-shop", Sender))
		wants(t, "giving a role to who has left", h.try(func(tx *db.Tx) error { return h.SetRoles(tx, owner, kim.ID, "b-shop", []string{Viewer}) }), fault.NotFound)

		again, _ := h.ask(owner, "kim@example.com", "b-shop", Viewer)
		h.update(func(tx *db.Tx) error { return h.Decline(tx, kim.ID, again.ID) })
		if got := append(h.has(kim.ID, "b-shop"), h.has(kim.ID, "a-shop")...); len(h.waiting(kim.ID)) != 0 || !slices.Equal(got, []string{Viewer}) {
			t.Errorf("who said no has %v, and is asked %v", got, h.waiting(kim.ID))
		}
	})
}

func TestWhoIsNewMakesHisAccountByComingIn(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.invite("owner@example.com", "a-shop", Owner)
		owner := h.caller("owner@example.com")
		_, handed := h.ask(owner, "kim@example.com", "a-shop", Viewer)
		second, _ := h.ask(owner, "kim@example.com", "a-shop", Sender)
		h.update(func(tx *db.Tx) error {
			list, err := h.List(tx, "", id.ID{}, 10)
			if len(list) != 1 {
				t.Errorf("%d people have an account, want the owner alone", len(list))
			}
			return err
		})
		wants(t, "with another password", last(h.in("kim@example.com", password, "")), fault.Unauthenticated)
		wants(t, "with another address", last(h.in("lee@example.com", handed, "")), fault.Unauthenticated)

		var all sync.WaitGroup
		errs := make([]error, 3)
		for i := range errs { // he may do it twice at once
			all.Go(func() { errs[i] = last(h.in("kim@example.com", handed, "")) })
		}
		all.Wait()
		for _, err := range errs {
			h.must(err)
		}
		s, err := h.in("kim@example.com", handed, "")
		h.must(err)
		if got := h.has(s.User.ID, "a-shop"); s.User.Name != "김하나" || !slices.Equal(got, []string{Viewer}) {
			t.Errorf("%q has %v; want the roles of the invitation whose password it was", s.User.Name, got)
		}
		if got := h.waiting(s.User.ID); len(got) != 1 || got[0].ID != second.ID {
			t.Errorf("got %v, want the second one waiting", got)
		}
	})
}

func TestWhoInvitesIsToldTheSameOfWhoeverItIs(t *testing.T) {
	h := newHouse(t, dbtest.Open(t, "sqlite"))
	h.invite("there@example.com", "b-shop", Owner)
	h.invite("owner@example.com", "a-shop", Owner)
	owner := h.caller("owner@example.com")
	told := func(email string) Invitation {
		in, handed := h.ask(owner, email, "a-shop", Viewer)
		if len(handed) != len(code()) {
			t.Errorf("%s: got the password %q", email, handed)
		}
		in.ID, in.Email, in.CreatedAt, in.ExpiresAt = id.ID{}, "", 0, 0
		return in
	}
	if diff := cmp.Diff(told("there@example.com"), told("new@example.com"), cmp.AllowUnexported(Invitation{})); diff != "" {
		t.Errorf("whether there is an account shows in %s", diff)
	}
	h.update(func(tx *db.Tx) error {
		list, err := h.List(tx, "a-shop", id.ID{}, 10)
		if waiting, _ := h.Invitations(tx, "a-shop", id.ID{}, 10); len(list) != 1 || len(waiting) != 2 {
			t.Errorf("%d have roles and %d are asked, want the owner, and both", len(list), len(waiting))
		}
		return err
	})
}

func TestAnInvitationEnds(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.update(func(tx *db.Tx) error {
			_, err := AddRole(tx, Installation(), "a-shop", "lead", []string{"users", "messages"})
			return err
		})
		h.invite("lead@example.com", "a-shop", "lead")
		kim, lead := h.invite("kim@example.com", "b-shop", Viewer), h.caller("lead@example.com")
		ask := func(by Who, siteID string, roles ...string) error {
			return h.try(func(tx *db.Tx) error {
				return last3(h.Invite(tx, by, NewPerson{Email: "kim@example.com", Site: siteID, Roles: roles}))
			})
		}
		wants(t, "to more than his own", ask(lead, "a-shop", Owner), fault.Denied)
		wants(t, "to another's site", ask(lead, "b-shop", Viewer), fault.Denied)
		wants(t, "to all sites", ask(lead, "", Viewer), fault.Denied)
		wants(t, "to no role", ask(lead, "a-shop"), fault.Invalid)
		wants(t, "to a role that is none", ask(lead, "a-shop", "boss"), fault.Invalid)

		withdraw := func(by Who, siteID string, in Invitation) error {
			return h.try(func(tx *db.Tx) error { return h.Withdraw(tx, by, siteID, in.ID) })
		}
		accept := func(in Invitation, handed string) error {
			return h.try(func(tx *db.Tx) error { return h.Accept(tx, kim.ID, in.ID, handed) })
		}
		in, handed := h.ask(Installation(), "kim@example.com", "a-shop", Owner)
		wants(t, "withdrawing more than his own", withdraw(lead, "a-shop", in), fault.Denied)
		wants(t, "withdrawing another site's", withdraw(lead, "b-shop", in), fault.NotFound)
		h.must(withdraw(Installation(), "a-shop", in))
		wants(t, "accepting what was withdrawn", accept(in, handed), fault.NotFound)

		in, handed = h.ask(lead, "kim@example.com", "a-shop", "lead")
		h.update(func(tx *db.Tx) error { // its role goes, and another one is called the same
			if err := h.SetRoles(tx, Installation(), lead.Person.ID, "a-shop", []string{Viewer}); err != nil {
				return err
			}
			if err := RemoveRole(tx, Installation(), "a-shop", "lead"); err != nil {
				return err
			}
			tx.Now++
			_, err := AddRole(tx, Installation(), "a-shop", "lead", []string{"*"})
			return err
		})
		h.must(accept(in, handed))
		if got := h.has(kim.ID, "a-shop"); len(got) != 0 {
			t.Errorf("he has %v, which is another role than he was asked to have", got)
		}

		in, handed = h.ask(Installation(), "kim@example.com", "a-shop", Viewer)
		wants(t, "accepting too late", h.try(func(tx *db.Tx) error {
			tx.Now = in.ExpiresAt
			return h.Accept(tx, kim.ID, in.ID, handed)
		}), fault.NotFound)
		h.update(func(tx *db.Tx) error {
			tx.Now = in.ExpiresAt
			more, err := Sweep(tx)
			var left int
			if err == nil {
				err = tx.QueryRow(`SELECT COUNT(*) FROM access_invitation`).Scan(&left)
			}
			if more || left != 0 {
				t.Errorf("%d are left, more: %t", left, more)
			}
			return err
		})
	})
}

func last3[A, B any](_ A, _ B, err error) error { return err }

func TestInvitationsThatWaitAreBounded(t *testing.T) {
	h := newHouse(t, dbtest.Open(t, "sqlite"))
	h.update(func(tx *db.Tx) error {
		for range mostInvitations {
			if err := last3(h.Invite(tx, Installation(), NewPerson{Email: "kim@example.com", Site: "a-shop", Roles: []string{Viewer}})); err != nil {
				return err
			}
		}
		err := last3(h.Invite(tx, Installation(), NewPerson{Email: "kim@example.com", Site: "a-shop", Roles: []string{Viewer}}))
		wants(t, "one more", err, fault.Conflict)
		return last3(h.Invite(tx, Installation(), NewPerson{Email: "kim@example.com", Site: "b-shop", Roles: []string{Viewer}}))
	})
}

func TestOneNewAddressIsAddedTwiceAtTheSameMoment(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		sites := []string{"a-shop", "b-shop", "", "a-shop"}
		out, errs := make([]Added, len(sites)), make([]error, len(sites))
		var all sync.WaitGroup
		for i, siteID := range sites {
			all.Go(func() {
				out[i], errs[i] = h.Add(t.Context(), Installation(), NewPerson{Email: "kim@example.com", Site: siteID, Roles: []string{Viewer}})
			})
		}
		all.Wait()
		made := 0
		for i := range sites {
			if h.must(errs[i]); out[i].User.ID != out[0].User.ID {
				t.Errorf("%v and %v are two accounts", out[i].User, out[0].User)
			}
			if out[i].Password != "" {
				made++
			}
		}
		if made != 1 || len(h.has(out[0].User.ID, "a-shop")) != 1 || len(h.has(out[0].User.ID, "")) != 1 {
			t.Errorf("%d passwords were made, want one, and the roles of all", made)
		}
	})
}
