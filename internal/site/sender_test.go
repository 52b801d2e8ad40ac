package site

import (
	"slices"
	"sync"
	"testing"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/fault"
	"creditmsg/internal/korea"
)

func addSenders(t testing.TB, d *db.DB, site string, numbersAndStates ...string) {
	t.Helper()
	for i := 0; i < len(numbersAndStates); i += 2 {
		update(t, d, func(tx *db.Tx) error {
			_, err := AddSender(tx, site, numbersAndStates[i], numbersAndStates[i+1])
			return err
		})
	}
}

// defaults gives the number marked as default, and the one that is sent from.
func defaults(t testing.TB, d *db.DB, site string) (marked, sent korea.Number) {
	t.Helper()
	update(t, d, func(tx *db.Tx) error {
		marked, sent = "", ""
		list, err := Senders(tx, site)
		if err != nil {
			return err
		}
		for _, s := range list {
			if s.Default && marked != "" {
				t.Errorf("two defaults: %s and %s", marked, s.Number)
			}
			if s.Default {
				marked = s.Number
			}
		}
		slices.Reverse(list) // the order that they come in does not matter
		s, ok := DefaultSender(list)
		if ok != (s.Number != "") {
			t.Errorf("DefaultSender: got %+v, %t", s, ok)
		}
		sent = s.Number
		return err
	})
	return marked, sent
}

func TestASendersNumberIsStoredInOneForm(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		create(t, d, NewKeys(d, nil), "demo", "other")
		update(t, d, func(tx *db.Tx) error {
			s, err := AddSender(tx, "demo", "+82 2-6123-4567", Approved)
			equal(t, "added", s, Sender{Site: "demo", Number: "0261234567", State: Approved, Default: true, CreatedAt: tx.Now})
			return err
		})
		refused(t, d, "the same, written otherwise", fault.Conflict, fault.CodeAlreadyExists, func(tx *db.Tx) error {
			_, err := AddSender(tx, "demo", "02 6123 4567", Requested)
			return err
		})
		refused(t, d, "of a site that is not there", fault.NotFound, fault.CodeNotFound, func(tx *db.Tx) error {
			_, err := AddSender(tx, "none", "0261234567", Approved)
			return err
		})
		refused(t, d, "a number that cannot send", fault.Invalid, fault.CodeValidation, func(tx *db.Tx) error {
			_, err := AddSender(tx, "demo", "119", Approved)
			return err
		})
		refused(t, d, "an unknown state", fault.Invalid, fault.CodeValidation, func(tx *db.Tx) error {
			_, err := AddSender(tx, "demo", "15881234", "maybe")
			return err
		})
		addSenders(t, d, "other", "0261234567", Requested) // a number may serve several sites
		update(t, d, func(tx *db.Tx) error {
			s, err := FindSender(tx, "other", "0261234567")
			equal(t, "state at the other site", s.State, Requested)
			return err
		})
		refused(t, d, "another number", fault.NotFound, fault.CodeNotFound, func(tx *db.Tx) error {
			_, err := FindSender(tx, "demo", "15881234")
			return err
		})
	})
}

func TestTheFirstSenderIsTheDefaultAndOnlyApprovedOnesSend(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		create(t, d, NewKeys(d, nil), "demo")
		check := func(what string, wantMarked, wantSent korea.Number) {
			t.Helper()
			if marked, sent := defaults(t, d, "demo"); marked != wantMarked || sent != wantSent {
				t.Errorf("%s: the default is %q and %q sends, want %q and %q", what, marked, sent, wantMarked, wantSent)
			}
		}
		set := func(number, state string) {
			t.Helper()
			update(t, d, func(tx *db.Tx) error {
				s, err := SetSender(tx, "demo", number, state, "")
				equal(t, "state", s.State, state)
				return err
			})
		}
		remove := func(number string) {
			t.Helper()
			update(t, d, func(tx *db.Tx) error { return RemoveSender(tx, "demo", number) })
		}
		check("none", "", "")
		addSenders(t, d, "demo", "02-111-1111", Requested, "02-222-2222", Rejected, "02-333-3333", Approved, "02-444-4444", Approved)
		check("the first is only requested", "021111111", "023333333")
		set("02-111-1111", Approved)
		check("the first is approved", "021111111", "021111111")
		set("021111111", Blocked)
		check("the first is blocked", "021111111", "023333333")
		remove("02-111-1111")
		check("the first is gone", "023333333", "023333333")
		remove("02-444-4444")
		check("another is gone", "023333333", "023333333")
		remove("02-333-3333")
		check("only a rejected one is left", "022222222", "")
		remove("02-222-2222")
		check("none is left", "", "")
		addSenders(t, d, "demo", "02-555-5555", Approved)
		check("a new first one", "025555555", "025555555")
		refused(t, d, "removing none", fault.NotFound, fault.CodeNotFound, func(tx *db.Tx) error { return RemoveSender(tx, "demo", "02-111-1111") })
		refused(t, d, "setting none", fault.NotFound, fault.CodeNotFound, func(tx *db.Tx) error {
			_, err := SetSender(tx, "demo", "02-111-1111", Approved, "")
			return err
		})
	})
}

func TestOfManyFirstSendersOneBecomesTheDefault(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		create(t, d, NewKeys(d, nil), "demo")
		var all sync.WaitGroup
		numbers := []string{"02-111-1111", "02-222-2222", "02-333-3333", "02-444-4444"}
		for _, n := range numbers {
			all.Go(func() {
				err := d.Update(t.Context(), "test", func(tx *db.Tx) error {
					_, err := AddSender(tx, "demo", n, Approved)
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if marked, sent := defaults(t, d, "demo"); marked == "" || marked != sent {
			t.Errorf("the default is %q and %q sends, want one and the same", marked, sent)
		}
	})
}

func TestTheStatesOfManySitesAndSendersAreReadAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		keys := NewKeys(d, nil)
		for _, id := range []string{"demo", "other"} {
			create(t, d, keys, id)
		}
		addSenders(t, d, "demo", "0261234567", Approved, "0261234568", Blocked)
		addSenders(t, d, "other", "0261234568", Requested)
		update(t, d, func(tx *db.Tx) error {
			if err := SetState(tx, "other", Suspended); err != nil {
				return err
			}
			ids := []string{"other", "demo", "nobody", "demo"}
			asks, whole := Ask(ids)
			statesQ, states := AskStandings(ids)
			namedQ, named := AskSenders([]SenderName{{"other", "0261234568"}, {"demo", "0261234568"}, {"demo", "0261234567"}, {"other", "0261234567"}, {"demo", "0261234567"}})
			allQ, all := AskSendersOf(ids)
			noSites, _ := AskStandings(nil)
			noSenders, _ := AskSenders(nil)
			if err := tx.Ask(append(asks, statesQ, namedQ, allQ, noSites, noSenders)...); err != nil {
				return err
			}
			equal(t, "standings", states, map[string]Standing{"demo": {State: Active}, "other": {State: Suspended}})
			equal(t, "sites", len(whole), 2)
			for _, id := range []string{"demo", "other"} {
				one, err := Find(tx, id)
				if err != nil {
					return err
				}
				equal(t, "site", whole[id], one)
				list, err := Senders(tx, id)
				if err != nil {
					return err
				}
				equal(t, "all senders", all[id], list)
			}
			equal(t, "named senders", len(named), 3)
			for name, state := range map[SenderName]string{{"demo", "0261234567"}: Approved, {"demo", "0261234568"}: Blocked, {"other", "0261234568"}: Requested} {
				equal(t, "named sender", named[name].State, state)
			}
			return nil
		})
	})
}
