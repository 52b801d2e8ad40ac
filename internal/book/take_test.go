package book

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/sheet"
)

// take takes a CSV in.
func (w *world) take(text string, l List) (Report, error) {
	from, err := sheet.Open(strings.NewReader(text), sheet.Options{})
	w.must(err)
	return w.book.Take(context.Background(), shop, from, l)
}

// everybody gives the whole book by number.
func (w *world) everybody() map[korea.Number]Contact {
	out := map[korea.Number]Contact{}
	w.view(func(tx *db.Tx) error {
		list, err := w.book.List(tx, shop, id.ID{}, 10_000)
		for _, c := range list {
			out[c.To] = c
		}
		return err
	})
	return out
}

func seoul(text string) db.Time {
	at, err := time.ParseInLocation("2006-01-02 15:04", text, korea.Seoul)
	if err != nil {
		panic(err)
	}
	return db.At(at)
}

func TestAListIsTakenRowByRow(t *testing.T) {
	each(t, func(w *world) {
		g := w.group("VIP")
		old := w.add(Entry{To: "01033334444", Name: "박세나", Variables: map[string]string{"등급": "실버", "메모": "옛 메모"}, Consent: Consent{At: seoul("2026-01-01 00:00"), Evidence: "전화"}})
		same := w.add(Entry{To: "01055556666", Name: "최네오"})
		list := "이름,전화번호,등급,메모,수신동의일,동의근거\n" +
			"김하나,010-1234-5678,골드,,2025-11-01 09:30,가입 화면\n" +
			"이두리,02-1,골드,,,\n" +
			"박세나,1033334444,골드,,2025-12-01,서면\n" +
			"김하나,01012345678,실버,,,\n" +
			",01055556666,,,,\n" +
			"오다해,01077778888,,,어제,\n" +
			"육미래,01077778889,,,2999-01-01,\n" +
			strings.Repeat("가", 101) + ",01077778880,,,,\n" +
			"칠하늘,01077778881,,\"'=1+1\",,\n"
		report, err := w.take(list, List{Groups: []id.ID{g.ID}, Consent: Consent{At: seoul("2020-01-01 00:00"), Evidence: "옛 명단"}})
		w.must(err)
		want := Report{Rows: 9, Created: 2, Updated: 2, Unchanged: 0, Joined: 4, Rejected: 5,
			By: map[string]int64{InvalidNumber: 1, Duplicate: 1, InvalidConsent: 2, InvalidName: 1},
			Listed: []Rejected{
				{3, "02-1", InvalidNumber, "not a Korean mobile number (010 and eight digits)"},
				{5, "01012345678", Duplicate, "the number stands on line 2"},
				{7, "01077778888", InvalidConsent, "want a day such as 2026-12-01, or a time such as 2026-12-01 09:00"},
				{8, "01077778889", InvalidConsent, "a consent cannot have been given in the future"},
				{9, "01077778880", InvalidName, "want at most 100 characters on one line"},
			}}
		if diff := cmp.Diff(want, report); diff != "" {
			w.t.Errorf("report: -want +got\n%s", diff)
		}
		ours := cmpopts.IgnoreFields(Contact{}, "ID", "CreatedAt", "ChangedAt")
		all := map[korea.Number]Contact{
			"01012345678": {Site: shop, To: "01012345678", Name: "김하나", Variables: map[string]string{"등급": "골드"}, Consent: Consent{At: seoul("2025-11-01 09:30"), Evidence: "가입 화면"}},
			"01033334444": {Site: shop, To: "01033334444", Name: "박세나", Variables: map[string]string{"등급": "골드", "메모": "옛 메모"}, Consent: Consent{At: seoul("2026-01-01 00:00"), Evidence: "전화"}},
			"01055556666": {Site: shop, To: "01055556666", Name: "최네오", Consent: Consent{At: seoul("2020-01-01 00:00"), Evidence: "옛 명단"}},
			"01077778881": {Site: shop, To: "01077778881", Name: "칠하늘", Variables: map[string]string{"메모": "=1+1"}, Consent: Consent{At: seoul("2020-01-01 00:00"), Evidence: "옛 명단"}},
		}
		got := w.everybody()
		if diff := cmp.Diff(all, got, ours); diff != "" {
			w.t.Errorf("the book: -want +got\n%s", diff)
		}
		if got["01033334444"].ID != old.ID || got["01055556666"].CreatedAt != same.CreatedAt || w.size(g.ID) != 4 {
			w.t.Errorf("those who were there are others now, or the group has %d members", w.size(g.ID))
		}
		again, err := w.take(list, List{Groups: []id.ID{g.ID}, Consent: Consent{At: seoul("2020-01-01 00:00"), Evidence: "옛 명단"}})
		w.must(err)
		if again.Created+again.Updated+again.Joined != 0 || again.Unchanged != 4 || again.Rejected != 5 {
			w.t.Errorf("again: %+v, want nothing changed", again)
		}
	})
}

// TestAListTellsOfConsentsToTheNight has people who are known with both consents, with one,
// and with none.
func TestAListTellsOfConsentsToTheNight(t *testing.T) {
	const known, newer = "2026-01-01 00:00", "2026-02-01 00:00"
	for _, c := range []struct {
		name, row string
		before    Consent
		want      Consent
		code      string // of its rejection
	}{
		{"both at once", "2026-01-01,y", Consent{}, Consent{At: seoul(known), Night: true}, ""},
		{"to the night alone", ",y", Consent{}, Consent{}, InvalidConsent},
		{"no answer", "2026-01-01,vielleicht", Consent{}, Consent{}, InvalidConsent},
		{"newer, and to the night", "2026-02-01,동의", Consent{At: seoul(known)}, Consent{At: seoul(newer), Night: true}, ""},
		{"newer, and nothing of the night", "2026-02-01,", Consent{At: seoul(known), Night: true}, Consent{At: seoul(newer), Night: true}, ""},
		{"newer, and not to the night", "2026-02-01,N", Consent{At: seoul(known), Night: true}, Consent{At: seoul(newer)}, ""},
		{"the same, and to the night", "2026-01-01,예", Consent{At: seoul(known)}, Consent{At: seoul(known), Night: true}, ""},
		{"the same, and not to the night", "2026-01-01,x", Consent{At: seoul(known), Night: true}, Consent{At: seoul(known)}, ""},
		{"taken back", ",n", Consent{At: seoul(known), Night: true}, Consent{At: seoul(known)}, ""},
		{"of the same minute", "2026-01-01 09:30,n", Consent{At: seoul("2026-01-01 09:30") + 30_000_000, Night: true}, Consent{At: seoul("2026-01-01 09:30") + 30_000_000}, ""},
		{"of the same day", "2026-01-01,y", Consent{At: seoul("2026-01-01 09:30")}, Consent{At: seoul("2026-01-01 09:30"), Night: true}, ""},
		{"of an earlier minute", "2026-01-01 09:29,n", Consent{At: seoul("2026-01-01 09:30"), Night: true}, Consent{At: seoul("2026-01-01 09:30"), Night: true}, ""},
		{"older", "2025-12-01,n", Consent{At: seoul(known), Night: true}, Consent{At: seoul(known), Night: true}, ""},
		{"nothing", ",", Consent{At: seoul(known), Night: true}, Consent{At: seoul(known), Night: true}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := onSQLite(t)
			if c.before.At != 0 {
				w.add(Entry{To: "01012345678", Consent: c.before})
			}
			report, err := w.take("전화번호,수신동의일,야간수신동의\n01012345678,"+c.row+"\n", List{})
			w.must(err)
			if report.By[c.code] != report.Rejected || (c.code != "") != (report.Rejected == 1) {
				t.Errorf("rejected %v, want %q", report.By, c.code)
			}
			got := w.everybody()["01012345678"]
			if diff := cmp.Diff(c.want, got.Consent); diff != "" || len(got.Variables) > 0 {
				t.Errorf("variables %v; -want +got\n%s", got.Variables, diff)
			}
		})
	}
}

func TestALongListIsTakenInManyTransactions(t *testing.T) {
	each(t, func(w *world) {
		g := w.group("전체")
		var list strings.Builder
		list.WriteString("to,이름\n")
		const rows = 3*takeChunk + 7
		for i := range rows {
			fmt.Fprintf(&list, "010%08d,김하나\n", i%(rows-2)) // the last two are the first two again
		}
		report, err := w.take(list.String(), List{Groups: []id.ID{g.ID}})
		w.must(err)
		if report.Created != rows-2 || report.Joined != rows-2 || report.By[Duplicate] != 2 || report.Listed[0].Detail != "the number stands on line 2" {
			w.t.Errorf("report %+v", report)
		}
		if w.size(g.ID) != rows-2 || w.rows("book_contact") != rows-2 {
			w.t.Errorf("%d members, %d contacts; want %d", w.size(g.ID), w.rows("book_contact"), rows-2)
		}
	})
}

func TestListsThatAreTakenAtTheSameTimeDoNotMeet(t *testing.T) {
	each(t, func(w *world) {
		g := w.group("전체")
		var list strings.Builder
		list.WriteString("to,이름\n")
		for i := range 300 {
			fmt.Fprintf(&list, "010%08d,김하나\n", i)
		}
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				if _, err := w.take(list.String(), List{Groups: []id.ID{g.ID}}); err != nil {
					w.t.Error(err)
				}
			})
		}
		all.Wait()
		if w.size(g.ID) != 300 || len(w.members(g.ID)) != 300 || w.rows("book_contact") != 300 {
			w.t.Errorf("the group says %d, has %d; %d contacts; want 300", w.size(g.ID), len(w.members(g.ID)), w.rows("book_contact"))
		}
	})
}

func TestAListThatCannotBeTakenSaysWhy(t *testing.T) {
	w := onSQLite(t)
	_, err := w.take("to,이름\n01012345678,김\n", List{NameColumn: "성함"})
	w.refused(err, fault.Invalid, "/name_column")
	_, err = w.take("to,이름\n01012345678,김\n", List{Groups: []id.ID{id.New()}})
	w.refused(err, fault.Invalid, "/groups/0")
	var wide strings.Builder
	wide.WriteString("to")
	for i := range MostVariables + 1 {
		fmt.Fprintf(&wide, ",v%d", i)
	}
	_, err = w.take(wide.String()+"\n01012345678\n", List{})
	w.refused(err, fault.Invalid, "/list")
	_, err = w.take("to,이름\n01012345678,김\n01012345679,\"김\n", List{})
	w.refused(err, fault.Malformed, "/lines/3")
	if n := w.rows("book_contact"); n != 0 {
		t.Errorf("%d contacts were kept", n)
	}
	report, err := w.take("to,부르는 이름,이름\n01012345678,하나,김하나\n", List{NameColumn: "부르는 이름"})
	if c := w.everybody()["01012345678"]; err != nil || report.Created != 1 || c.Name != "하나" || c.Variables["이름"] != "김하나" {
		t.Errorf("%+v, %v; the contact is %+v", report, err, c)
	}
}

func TestWhatIsWrittenIsReadBackAsItWas(t *testing.T) {
	w := onSQLite(t)
	g := w.group("VIP")
	text := rapid.StringMatching(`[가-힣a-z0-9",;=+@'#{} -]{0,12}`)
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		for range rapid.IntRange(1, 3).Draw(t, "contacts") {
			e := Entry{To: string(korea.MobileNumber(uint32(rapid.IntRange(0, 99_999_999).Draw(t, "to")))), Name: text.Draw(t, "name"),
				Variables: map[string]string{"등급": text.Draw(t, "grade"), "메모": text.Draw(t, "memo")}}
			if rapid.Bool().Draw(t, "agreed") {
				e.Consent = Consent{At: seoul("2026-01-01 09:00"), Evidence: text.Draw(t, "evidence"), Night: rapid.Bool().Draw(t, "night")}
			}
			err := w.try(func(tx *db.Tx) error { _, err := w.book.Add(tx, shop, e, []id.ID{g.ID}); return err })
			if err != nil && !fault.Is(err, fault.Conflict) {
				t.Fatal(err)
			}
		}
		before := w.everybody()
		for _, as := range []sheet.Form{sheet.CSV, sheet.XLSX} {
			var out bytes.Buffer
			if err := w.book.Export(context.Background(), shop, g.ID, as, &out); err != nil {
				t.Fatal(err)
			}
			from, err := open(as, out.Bytes())
			if err != nil {
				t.Fatal(err)
			}
			report, err := w.book.Take(context.Background(), shop, from, List{})
			if err != nil || report.Unchanged != int64(len(before)) || report.Rejected != 0 {
				t.Fatalf("%s: %+v, %v; want %d contacts unchanged", as, report, err, len(before))
			}
			if err := from.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(before, w.everybody()); diff != "" {
			t.Fatalf("-before +after\n%s", diff)
		}
	})
}

func open(as sheet.Form, raw []byte) (*sheet.Reader, error) {
	if as == sheet.CSV {
		return sheet.Open(bytes.NewReader(raw), sheet.Options{})
	}
	b, err := sheet.OpenBook(bytes.NewReader(raw), int64(len(raw)), sheet.Options{})
	if err != nil {
		return nil, err
	}
	return b.Reader()
}

func TestAnExportIsWhatASpreadsheetOpensSafely(t *testing.T) {
	each(t, func(w *world) {
		w.add(Entry{To: "01012345678", Name: "=cmd|' /C calc'!A0", Variables: map[string]string{"메모": "-1", "이름": "하나"}, Consent: Consent{At: seoul("2026-01-01 09:00"), Evidence: "가입 화면"}})
		w.add(Entry{To: "01087654321"})
		var out bytes.Buffer
		w.must(w.book.Export(context.Background(), shop, id.ID{}, sheet.CSV, &out))
		want := "\ufeff전화번호,이름,수신동의일시,동의근거,야간수신동의,메모,이름 (변수)\r\n" +
			"010-1234-5678,'=cmd|' /C calc'!A0,2026-01-01 09:00,가입 화면,N,'-1,하나\r\n" +
			"010-8765-4321,,,,,,\r\n"
		if diff := cmp.Diff(want, out.String()); diff != "" {
			w.t.Errorf("-want +got\n%s", diff)
		}
		w.refused(w.book.Export(context.Background(), shop, id.New(), sheet.CSV, io.Discard), fault.NotFound, "")
	})
}
