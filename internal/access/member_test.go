package access

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
)

func TestASiteThatIsErasedTakesItsRolesAndNobodysAccount(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.update(func(tx *db.Tx) error {
			_, err := AddRole(tx, Installation(), "a-shop", "lead", []string{"messages"})
			return err
		})
		kim := h.invite("kim@example.com", "a-shop", "lead", Owner)
		h.invite("kim@example.com", "b-shop", Viewer)
		h.update(func(tx *db.Tx) error { return EraseSite(tx, "a-shop") })
		h.update(func(tx *db.Tx) error {
			grants, err := GrantsOf(tx, kim.ID)
			if diff := cmp.Diff([]Grant{{"b-shop", Viewer, builtIn[Viewer]}}, grants); diff != "" {
				t.Error(diff)
			}
			return err
		})
		wants(t, "its role", h.try(func(tx *db.Tx) error { return last(FindRole(tx, "a-shop", "lead")) }), fault.NotFound)
		if _, err := h.in("kim@example.com", password, ""); err != nil {
			t.Errorf("the account is gone: %v", err)
		}
	})
}

// A role's name means one thing where it can be given, so whoever loses it loses what it allows.
func TestARoleThatIsGoneAllowsNothing(t *testing.T) {
	h := newHouse(t, dbtest.Open(t, "sqlite"))
	kim := h.invite("kim@example.com", "a-shop", Viewer)
	h.update(func(tx *db.Tx) error { // as if it was given at the moment when it was removed
		return tx.InsertMany("access_member", db.Col("site_id", []string{"a-shop"}), db.Col("user_id", []id.ID{kim.ID}),
			db.Col("role", []string{"gone"}), db.Col("created_at", []db.Time{tx.Now}))
	})
	h.update(func(tx *db.Tx) error {
		p, err := Load(tx, kim.ID)
		if err == nil && len(p.Grants) == 2 && len(p.Grants[0].Patterns) != 0 {
			t.Errorf("got %v", p.Grants)
		}
		return err
	})
}

func TestNobodyIsGivenARoleWhileItIsRemoved(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		kim := h.invite("kim@example.com", "a-shop", Viewer)
		for i := range 12 {
			h.update(func(tx *db.Tx) error {
				_, err := AddRole(tx, Installation(), "a-shop", "lead", []string{"messages"})
				return err
			})
			ready, done := make(chan struct{}), make(chan error)
			go func() {
				close(ready)
				done <- h.try(func(tx *db.Tx) error { return RemoveRole(tx, Installation(), "a-shop", "lead") })
			}()
			<-ready
			given := h.try(func(tx *db.Tx) error {
				return h.SetRoles(tx, Installation(), kim.ID, "a-shop", []string{"lead"})
			})
			removed := <-done
			if (given == nil) == (removed == nil) {
				t.Fatalf("round %d: given: %v, removed: %v; want one of both", i, given, removed)
			}
			h.update(func(tx *db.Tx) error {
				if given != nil {
					return nil
				}
				if err := h.SetRoles(tx, Installation(), kim.ID, "a-shop", []string{Viewer}); err != nil {
					return err
				}
				return RemoveRole(tx, Installation(), "a-shop", "lead")
			})
		}
	})
}

// Whoever finds a session open, whose second factor was given a moment ago, must not be able to
// take the account over with it.
func TestOnesOwnAccountIsNotResetAsThatOfSomebodyElse(t *testing.T) {
	h := newHouse(t, dbtest.Open(t, "sqlite"))
	for email, role := range map[string]string{"kim@example.com": Owner, "chief@example.com": Operator} {
		at := map[string]string{Owner: "a-shop"}[role]
		u := h.invite(email, at, role)
		me := h.caller(email)
		wants(t, role+": the own password", last(h.reset(me, u)), fault.Conflict)
		wants(t, role+": the own second factor", h.try(func(tx *db.Tx) error { return h.DropFactor(tx, me, u.ID) }), fault.Conflict)
		if _, err := h.in(email, password, ""); err != nil {
			t.Errorf("%s: the password is another one: %v", role, err)
		}
	}
}

// Who has no role anywhere is nobody's business but the operator's: he may have left between the
// look at the site's people and the lock of his account.
func TestWhoLeftIsChangedByTheOperatorAlone(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		kim := h.invite("kim@example.com", "a-shop", Viewer)
		h.invite("owner@example.com", "a-shop", Owner)
		owner := h.caller("owner@example.com")
		h.update(func(tx *db.Tx) error { return h.Leave(tx, kim.ID, "a-shop", Viewer) })
		wants(t, "his password", last(h.reset(owner, kim)), fault.NotFound)
		wants(t, "his second factor", h.try(func(tx *db.Tx) error { return h.DropFactor(tx, owner, kim.ID) }), fault.NotFound)
		wants(t, "his account", h.try(func(tx *db.Tx) error { return h.SetState(tx, owner, kim.ID, Disabled) }), fault.NotFound)
		if _, err := h.in("kim@example.com", password, ""); err != nil {
			t.Errorf("he comes in no more: %v", err)
		}
		h.update(func(tx *db.Tx) error { return h.SetState(tx, Installation(), kim.ID, Disabled) })
	})
}
