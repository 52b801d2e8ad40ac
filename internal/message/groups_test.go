package message

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/book"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/sheet"
)

// people puts contacts with these numbers into a new group.
func (s *shop) people(name string, from, to int) (g book.Group) {
	s.t.Helper()
	s.update(func(tx *db.Tx) (err error) {
		if g, err = s.book.AddGroup(tx, s.name, name); err != nil {
			return err
		}
		for n := from; n < to; n++ {
			c, found, err := s.book.ByNumber(tx, s.name, mobile(n))
			if err == nil && !found {
				c, err = s.book.Add(tx, s.name, book.Entry{To: phone(n), Name: "김하나", Variables: map[string]string{"번호": phone(n)}}, nil)
			}
			if err == nil {
				_, err = s.book.Join(tx, s.name, g.ID, []id.ID{c.ID})
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	return g
}

func mobile(n int) korea.Number { return korea.MobileNumber(uint32(10_000_000 + n)) }

// listed takes a list into a group.
func (s *shop) listed(text string, into id.ID) {
	s.t.Helper()
	from, err := sheet.Open(strings.NewReader(text), sheet.Options{})
	s.must(err)
	_, err = s.book.Take(ctx, s.name, from, book.List{Groups: []id.ID{into}})
	s.must(err)
}

func TestAMessageGoesToTheMembersOfGroups(t *testing.T) {
	onEach(t, func(s *shop) {
		first, second := s.people("VIP", 1, 4), s.people("단골", 3, 6)
		d := s.draft(textOnly("#{이름}님 #{번호}"))
		s.must(d.Add(ctx, phone(2), map[string]string{"이름": "이두리", "번호": "손으로"}))
		s.must(d.AddGroups(ctx, []id.ID{first.ID, second.ID}))
		receipt, err := d.Accept(ctx, nil)
		s.must(err)
		if diff := cmp.Diff([]Duplicate{{2, phone(2), 0, 0, 0}, {4, phone(3), 3, 0, 0}}, receipt.Duplicates); diff != "" || receipt.Total != 7 || receipt.Accepted != 5 {
			t.Errorf("%d given, %d accepted, duplicates: -want +got\n%s", receipt.Total, receipt.Accepted, diff)
		}
		// What was accepted stays, whatever becomes of the groups.
		s.update(func(tx *db.Tx) error { return s.book.RemoveGroup(tx, s.name, first.ID) })
		var to []string
		list, _, _ := s.list(receipt.Message, Filter{})
		for _, r := range list {
			to = append(to, string(r.To))
		}
		if diff := cmp.Diff([]string{phone(2), phone(1), phone(3), phone(4), phone(5)}, to); diff != "" {
			t.Errorf("recipients: -want +got\n%s", diff)
		}
		s.wantMoney(910, 90, 0)
	})
}

func TestMembersWithoutAVariableAreRejected(t *testing.T) {
	s := one(t)
	g := s.people("VIP", 1, 3)
	d := s.draft(textOnly("#{등급}"))
	s.must(d.AddGroups(ctx, []id.ID{g.ID}))
	_, err := d.Accept(ctx, nil)
	wantFault(t, err, fault.Invalid, fault.CodeNoRecipients, "/recipients/0")
}

func TestAGroupThatCannotBeSentToIsRefusedAtItsPlace(t *testing.T) {
	s := one(t)
	g := s.people("VIP", 1, 3)
	many := make([]id.ID, MostGroups+1)
	for _, c := range []struct {
		groups  []id.ID
		pointer string
	}{
		{[]id.ID{g.ID, id.New()}, "/groups/1"},
		{[]id.ID{g.ID, g.ID}, "/groups/1"},
		{many, "/groups"},
	} {
		wantFault(t, s.draft(textOnly("a")).AddGroups(ctx, c.groups), fault.Invalid, fault.CodeValidation, c.pointer)
	}
	d := s.draft(textOnly("a"))
	d.receipt.Total = MostRecipients - 1
	wantFault(t, d.AddGroups(ctx, []id.ID{g.ID}), fault.TooLarge, fault.CodeTooManyRecipients, "")
	other := s.house.open(t, 100)
	wantFault(t, other.draft(textOnly("a")).AddGroups(ctx, []id.ID{g.ID}), fault.Invalid, fault.CodeValidation, "/groups/0")
}

func TestALargeGroupIsReadInPages(t *testing.T) {
	onEach(t, func(s *shop) {
		const n = 2*groupPage + 1
		var rows strings.Builder
		rows.WriteString("to\n")
		for i := range n {
			rows.WriteString(phone(i) + "\n")
		}
		var g book.Group
		s.update(func(tx *db.Tx) (err error) { g, err = s.book.AddGroup(tx, s.name, "전체"); return err })
		s.listed(rows.String(), g.ID)
		d := s.draft(textOnly("a"))
		s.must(d.AddGroups(ctx, []id.ID{g.ID}))
		s.must(d.finish(ctx))
		if d.accepted != n {
			t.Errorf("%d accepted, want %d", d.accepted, n)
		}
		s.must(d.Discard(ctx))
	})
}

func TestMembersOfGroupsBringTheirConsents(t *testing.T) {
	onEach(t, func(s *shop) {
		g := s.people("광고", 1, 3)
		consent := db.Time(1_700_000_000_000_000)
		s.update(func(tx *db.Tx) error {
			_, err := s.book.Add(tx, s.name, book.Entry{To: phone(5), Consent: book.Consent{At: consent, Evidence: "회원 가입 화면"}}, []id.ID{g.ID})
			if err == nil {
				_, err = s.book.Add(tx, s.name, book.Entry{To: phone(6), Consent: book.Consent{At: consent, Night: true}}, []id.ID{g.ID})
			}
			return err
		})
		r := advertising("세일")
		r.Text.Evidence = ""
		d := s.draft(r)
		s.must(d.AddGroups(ctx, []id.ID{g.ID}))
		receipt, err := d.Accept(ctx, nil)
		s.must(err)
		if receipt.Accepted != 2 || receipt.RejectedBy[NoConsent] != 2 {
			s.t.Errorf("%d accepted, rejected %v", receipt.Accepted, receipt.RejectedBy)
		}
		content := s.content(receipt.Message)
		if ad := content.Advert(); ad.Dated != 2 || ad.Nightly != 1 || ad.Oldest != consent {
			s.t.Errorf("the consents are summed up as %+v", ad)
		}
	})
}
