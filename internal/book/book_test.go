package book

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
)

func TestAContactIsKeptAndFoundByItsNumber(t *testing.T) {
	each(t, func(w *world) {
		consent := Consent{At: db.Time(1_700_000_000_000_000), Evidence: "회원 가입 화면"}
		c := w.add(Entry{To: "010-1234-5678", Name: " 김하나 ", Variables: map[string]string{"등급": " 골드 ", "빈": " "}, Consent: consent})
		want := Contact{Site: shop, ID: c.ID, To: "01012345678", Name: "김하나", Variables: map[string]string{"등급": "골드"}, Consent: consent, CreatedAt: c.CreatedAt, ChangedAt: c.CreatedAt}
		if diff := cmp.Diff(want, c); diff != "" || c.CreatedAt == 0 {
			t := w.t
			t.Errorf("added: -want +got\n%s", diff)
		}
		w.view(func(tx *db.Tx) error {
			found, there, err := w.book.ByNumber(tx, shop, "01012345678")
			if diff := cmp.Diff(want, found); diff != "" || !there {
				w.t.Errorf("by number: -want +got\n%s", diff)
			}
			if err != nil {
				return err
			}
			if _, there, err = w.book.ByNumber(tx, other, "01012345678"); there || err != nil {
				w.t.Errorf("another site finds it: %v", err)
			}
			if _, there, err = w.book.ByNumber(tx, shop, "01012345679"); there || err != nil {
				w.t.Errorf("another number finds it: %v", err)
			}
			_, err = w.book.Find(tx, other, c.ID)
			w.refused(err, fault.NotFound, "")
			found, err = w.book.Find(tx, shop, c.ID)
			if diff := cmp.Diff(want, found); diff != "" {
				w.t.Errorf("by id: -want +got\n%s", diff)
			}
			return err
		})
	})
}

func TestWhatIsKnownOfSomebodyIsKeptSealed(t *testing.T) {
	each(t, func(w *world) {
		w.add(Entry{To: "01012345678", Name: "KimHana", Variables: map[string]string{"grade": "GoldMember"}, Consent: Consent{At: 1, Evidence: "SignupForm"}}, w.group("VipCustomers").ID)
		for _, table := range []string{"book_contact", "book_group"} {
			w.view(func(tx *db.Tx) error {
				var finger, sealed []byte
				if err := tx.QueryRow(`SELECT finger, sealed FROM `+table).Scan(&finger, &sealed); err != nil {
					return err
				}
				for _, secret := range []string{"12345678", "KimHana", "GoldMember", "SignupForm", "grade", "VipCustomers"} {
					if bytes.Contains(sealed, []byte(secret)) || bytes.Contains(finger, []byte(secret)) {
						w.t.Errorf("%s shows %q", table, secret)
					}
				}
				return nil
			})
		}
	})
}

func TestANumberStandsOnceInABook(t *testing.T) {
	each(t, func(w *world) {
		first := w.add(Entry{To: "01012345678"})
		second := w.add(Entry{To: "01087654321"})
		err := w.try(func(tx *db.Tx) error { _, err := w.book.Add(tx, shop, Entry{To: "+82 10-1234-5678"}, nil); return err })
		w.refused(err, fault.Conflict, "/to")
		if !strings.Contains(err.Error(), first.ID.Text(id.Contact)) {
			w.t.Errorf("%v does not say whose it is", err)
		}
		err = w.try(func(tx *db.Tx) error {
			_, err := w.book.Set(tx, shop, second.ID, Entry{To: "01012345678"})
			return err
		})
		w.refused(err, fault.Conflict, "/to")
		w.update(func(tx *db.Tx) error {
			if _, err := w.book.Add(tx, other, Entry{To: "01012345678"}, nil); err != nil { // has a book of its own
				return err
			}
			c, err := w.book.Set(tx, shop, second.ID, Entry{To: "01011112222", Name: "이두리"})
			if c.To != "01011112222" || c.Name != "이두리" || c.CreatedAt != second.CreatedAt {
				w.t.Errorf("changed to %+v", c)
			}
			return err
		})
		w.add(Entry{To: "01087654321"}) // which is free again
	})
}

func TestErasingAContactErasesItEverywhere(t *testing.T) {
	each(t, func(w *world) {
		vip, gone, all := w.group("VIP"), w.group("옛날"), w.group("전체")
		c := w.add(Entry{To: "01012345678", Name: "김하나"}, vip.ID, gone.ID, all.ID)
		w.add(Entry{To: "01087654321"}, all.ID)
		w.update(func(tx *db.Tx) error { return w.book.RemoveGroup(tx, shop, gone.ID) }) // its members are not cleared yet
		w.update(func(tx *db.Tx) error { return w.book.Erase(tx, shop, c.ID) })
		if w.rows("book_contact") != 1 || w.rows("book_member") != 1 {
			w.t.Errorf("%d contacts and %d members are left, want one each", w.rows("book_contact"), w.rows("book_member"))
		}
		if w.size(vip.ID) != 0 || w.size(all.ID) != 1 {
			w.t.Errorf("the groups have %d and %d members, want 0 and 1", w.size(vip.ID), w.size(all.ID))
		}
		w.refused(w.try(func(tx *db.Tx) error { return w.book.Erase(tx, shop, c.ID) }), fault.NotFound, "")
		w.view(func(tx *db.Tx) error {
			_, there, err := w.book.ByNumber(tx, shop, "01012345678")
			if there {
				w.t.Error("it is found by its number")
			}
			return err
		})
		w.add(Entry{To: "01012345678"})
	})
}

func TestGroupsCountTheirMembers(t *testing.T) {
	each(t, func(w *world) {
		g := w.group("VIP")
		var ids []id.ID
		for i := range 5 {
			ids = append(ids, w.add(Entry{To: string(korea.MobileNumber(uint32(i)))}).ID)
		}
		join := func(of ...id.ID) (n int) {
			w.update(func(tx *db.Tx) (err error) { n, err = w.book.Join(tx, shop, g.ID, of); return err })
			return n
		}
		if n := join(ids[3], ids[0], ids[0]); n != 2 {
			w.t.Errorf("%d joined, want 2", n)
		}
		if n := join(ids...); n != 3 {
			w.t.Errorf("%d joined, want 3", n)
		}
		if n := join(); n != 0 {
			w.t.Errorf("%d joined, want nobody", n)
		}
		w.update(func(tx *db.Tx) error { return w.book.Leave(tx, shop, g.ID, ids[1]) })
		w.refused(w.try(func(tx *db.Tx) error { return w.book.Leave(tx, shop, g.ID, ids[1]) }), fault.NotFound, "")
		if diff := cmp.Diff([]string{"01000000000", "01000000002", "01000000003", "01000000004"}, w.members(g.ID)); diff != "" || w.size(g.ID) != 4 {
			w.t.Errorf("%d members: -want +got\n%s", w.size(g.ID), diff)
		}
		err := w.try(func(tx *db.Tx) error { _, err := w.book.Join(tx, shop, g.ID, []id.ID{ids[0], id.New()}); return err })
		w.refused(err, fault.Invalid, "/contacts/1")
		err = w.try(func(tx *db.Tx) error { _, err := w.book.Join(tx, shop, id.New(), ids[:1]); return err })
		w.refused(err, fault.NotFound, "")
		err = w.try(func(tx *db.Tx) error { _, err := w.book.Join(tx, shop, g.ID, make([]id.ID, MostAtOnce+1)); return err })
		w.refused(err, fault.Invalid, "/contacts")
		w.view(func(tx *db.Tx) error {
			in, err := w.book.GroupsOf(tx, shop, ids[0])
			if len(in) != 1 || in[0].Name != "VIP" {
				w.t.Errorf("the contact is in %+v", in)
			}
			return err
		})
	})
}

func TestARemovedGroupLeavesNothing(t *testing.T) {
	each(t, func(w *world) {
		g, kept := w.group("VIP"), w.group("전체")
		c := w.add(Entry{To: "01012345678"}, g.ID, kept.ID)
		w.update(func(tx *db.Tx) error { return w.book.RemoveGroup(tx, shop, g.ID) })
		if w.size(g.ID) != -1 || w.rows("book_member") != 2 {
			w.t.Errorf("the group has %d members in %d rows, want it gone", w.size(g.ID), w.rows("book_member"))
		}
		w.view(func(tx *db.Tx) error {
			in, err := w.book.GroupsOf(tx, shop, c.ID)
			if len(in) != 1 || in[0].ID != kept.ID {
				w.t.Errorf("the contact is in %+v, want the other group alone", in)
			}
			return err
		})
		w.drain()
		if w.rows("book_member") != 1 || w.size(kept.ID) != 1 {
			w.t.Errorf("%d members are left, want that of the other group", w.rows("book_member"))
		}
		w.refused(w.try(func(tx *db.Tx) error { return w.book.RemoveGroup(tx, shop, g.ID) }), fault.NotFound, "")
		w.group("VIP") // its name is free
	})
}

func TestGroupsHaveDifferentNames(t *testing.T) {
	each(t, func(w *world) {
		first, second := w.group(" VIP "), w.group("vip")
		if first.Name != "VIP" {
			w.t.Errorf("named %q", first.Name)
		}
		err := w.try(func(tx *db.Tx) error { _, err := w.book.AddGroup(tx, shop, "VIP"); return err })
		w.refused(err, fault.Conflict, "/name")
		err = w.try(func(tx *db.Tx) error { _, err := w.book.RenameGroup(tx, shop, second.ID, "VIP"); return err })
		w.refused(err, fault.Conflict, "/name")
		w.update(func(tx *db.Tx) error {
			if _, err := w.book.AddGroup(tx, other, "VIP"); err != nil {
				return err
			}
			g, err := w.book.RenameGroup(tx, shop, first.ID, "단골")
			if g.Name != "단골" {
				w.t.Errorf("renamed %q", g.Name)
			}
			return err
		})
		w.group("VIP")
		w.view(func(tx *db.Tx) error {
			list, err := w.book.Groups(tx, shop, id.ID{}, 2)
			if len(list) != 2 || list[0].Name != "단골" || list[1].Name != "vip" {
				w.t.Errorf("listed %+v", list)
			}
			return err
		})
	})
}

func TestWhatCannotBeKeptIsRefusedAtItsPlace(t *testing.T) {
	w := onSQLite(t)
	many := map[string]string{}
	for i := range MostVariables + 1 {
		many[strings.Repeat("가", i+1)] = "x"
	}
	for _, c := range []struct {
		entry   Entry
		pointer string
	}{
		{Entry{To: "02-123-4567"}, "/to"},
		{Entry{To: ""}, "/to"},
		{Entry{To: "01012345678", Name: strings.Repeat("가", 101)}, "/name"},
		{Entry{To: "01012345678", Name: "a\nb"}, "/name"},
		{Entry{To: "01012345678", Variables: map[string]string{"": "x"}}, "/variables"},
		{Entry{To: "01012345678", Variables: map[string]string{"a": strings.Repeat("가", 1001)}}, "/variables/a"},
		{Entry{To: "01012345678", Variables: map[string]string{"a": "b\x00"}}, "/variables/a"},
		{Entry{To: "01012345678", Variables: many}, "/variables"},
		{Entry{To: "01012345678", Consent: Consent{At: 1 << 60}}, "/consent/at"},
		{Entry{To: "01012345678", Consent: Consent{Evidence: "x"}}, "/consent/at"},
		{Entry{To: "01012345678", Consent: Consent{Night: true}}, "/consent/at"},
		{Entry{To: "01012345678", Consent: Consent{At: 1, Evidence: strings.Repeat("가", 501)}}, "/consent/evidence"},
	} {
		err := w.try(func(tx *db.Tx) error { _, err := w.book.Add(tx, shop, c.entry, nil); return err })
		w.refused(err, fault.Invalid, c.pointer)
	}
	err := w.try(func(tx *db.Tx) error {
		_, err := w.book.Add(tx, shop, Entry{To: "01012345678"}, []id.ID{id.New()})
		return err
	})
	w.refused(err, fault.Invalid, "/groups/0")
	for _, name := range []string{"", " ", strings.Repeat("가", 101), "a\tb"} {
		err := w.try(func(tx *db.Tx) error { _, err := w.book.AddGroup(tx, shop, name); return err })
		w.refused(err, fault.Invalid, "/name")
	}
	if w.rows("book_contact")+w.rows("book_group") != 0 {
		t.Error("something was kept")
	}
}

func TestAFullBookTakesNoMore(t *testing.T) {
	w := onSQLite(t)
	w.add(Entry{To: "01012345678"})
	w.group("VIP")
	w.update(func(tx *db.Tx) error {
		_, err := tx.Exec(`UPDATE book_shelf SET contacts = ?, sets = ? WHERE site_id = ?`, MostContacts, MostGroups, shop)
		return err
	})
	err := w.try(func(tx *db.Tx) error { _, err := w.book.Add(tx, shop, Entry{To: "01087654321"}, nil); return err })
	w.refused(err, fault.Conflict, "")
	err = w.try(func(tx *db.Tx) error { _, err := w.book.AddGroup(tx, shop, "단골"); return err })
	w.refused(err, fault.Conflict, "")
	_, err = w.take("to\n01087654321\n", List{})
	w.refused(err, fault.Conflict, "")
	if r, err := w.take("to,이름\n01012345678,김하나\n", List{}); err != nil || r.Updated != 1 {
		t.Errorf("somebody who is in it: %+v, %v", r, err)
	}
}

func TestANameStandsForVariablesOfItsName(t *testing.T) {
	c := Contact{Name: "김하나", Variables: map[string]string{"등급": "골드"}}
	if diff := cmp.Diff(map[string]string{"이름": "김하나", "name": "김하나", "등급": "골드"}, c.Values()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	c.Variables["이름"] = "하나"
	if c.Values()["이름"] != "하나" || c.Values()["name"] != "김하나" {
		t.Errorf("got %v, want the variable's own value", c.Values())
	}
	if got := (Contact{Variables: map[string]string{"a": "b"}}).Values(); len(got) != 1 {
		t.Errorf("without a name: %v", got)
	}
}
