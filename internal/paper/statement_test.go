package paper

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/money"
	"creditmsg/internal/site"
)

func TestAStatementSaysWhatAMonthMovedByKindChannelAndPayment(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s, _ := w.statement(w.month(3))
		var moved []string
		for _, m := range s.Movements {
			moved = append(moved, fmt.Sprint(m.Kind, " ", m.Count, " ", m.Amount))
		}
		want := []string{"bonus 1 1000.00", "payment 2 112345.00", "payment_cancel 1 5005.00", "release 1 100.00", "reserve 1 3600.00", "settle 1 444.125"}
		if diff := cmp.Diff(want, moved); diff != "" {
			t.Errorf("movements (-want +got):\n%s", diff)
		}
		channels := []Channel{{"alimtalk", 10, 841_250, 0}, {"sms", 20, 360 * won, 0}, {"lms", 0, 0, 0}, {"mms", 0, 0, 0}}
		if diff := cmp.Diff(channels, s.Channels); diff != "" {
			t.Errorf("channels (-want +got):\n%s", diff)
		}
		// 5,005 won taken back give back 501 won of tax: half a won goes away from zero.
		totals := []Total{taxedBy(100_000, 10_000), taxedBy(12_345, 1235), taxedBy(-5005, -501)}
		for i, p := range s.Payments {
			if p.Total != totals[i] {
				t.Errorf("payment %d: %+v, want %+v", i, p.Total, totals[i])
			}
		}
		if s.PaymentTotal != taxedBy(107_340, 10_734) || !s.Complete || len(s.Heads) != 2 || s.HeadBefore != nil || s.Opening.Seq != 0 {
			t.Errorf("total %+v, complete %v, %d heads, head before %v, opens with %+v", s.PaymentTotal, s.Complete, len(s.Heads), s.HeadBefore, s.Opening)
		}

		next, _ := w.statement(w.month(2))
		channels = []Channel{{"alimtalk", 3, 252_375, 84_125}, {"sms", 4, 72 * won, 0}, {"lms", 0, 0, 0}, {"mms", 0, 0, 0}}
		if diff := cmp.Diff(channels, next.Channels); diff != "" {
			t.Errorf("channels of the next month (-want +got):\n%s", diff)
		}
		if next.Opening != s.Closing || next.HeadBefore == nil || next.HeadBefore.Balance != s.Closing || !next.Complete {
			t.Errorf("the next month opens with %+v, head before %+v; this one closed with %+v", next.Opening, next.HeadBefore, s.Closing)
		}
		running, _ := w.statement(w.month(0))
		if running.Complete || running.Opening != next.Closing || running.Channels[0].Spent != 84_125 {
			t.Errorf("the present month: complete %v, opens with %+v, spent %+v", running.Complete, running.Opening, running.Channels)
		}
	})
}

func taxedBy(supply, vat money.Amount) Total {
	return Total{signed(supply * won), signed(vat * won), signed((supply + vat) * won)}
}

func TestThereIsAStatementOfEachMonthFromTheFirstEntryToNow(t *testing.T) {
	w := onSQLite(t)
	w.site("empty")
	err := w.d.View(t.Context(), "test", func(tx *db.Tx) error {
		months, err := w.papers.Months(tx, "demo")
		if diff := cmp.Diff([]MonthOf{{w.month(0), true}, {w.month(1), false}, {w.month(2), false}, {w.month(3), false}}, months); diff != "" {
			t.Error(diff)
		}
		if none, _ := w.papers.Months(tx, "empty"); none != nil {
			t.Errorf("a site without entries has statements of %v", none)
		}
		for _, m := range []struct {
			site, month string
			kind        fault.Kind
		}{
			{"demo", w.month(4), fault.NotFound}, {"demo", w.month(-1), fault.NotFound}, {"empty", w.month(0), fault.NotFound}, {"none", w.month(0), fault.NotFound},
			{"demo", "2026-13", fault.Invalid}, {"demo", "", fault.Invalid}, {"demo", "2026-1", fault.Invalid}, {"demo", "202611", fault.Invalid},
		} {
			if _, err := w.papers.Statement(tx, m.site, m.month); !fault.Is(err, m.kind) {
				t.Errorf("%s of %s: %v", m.month, m.site, err)
			}
		}
		return err
	})
	w.must(err)
}

func TestAMonthIsNotCompleteBeforeItsLastDayIsSigned(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, "sqlite"))
	w.work()
	s, text := w.statement(w.month(3))
	if s.Complete || len(s.Heads) != 0 || !verified(t, text, w.export(w.month(3), Range{})).OK {
		t.Errorf("complete %v; want it unfinished, and proven as far as it goes", s.Complete)
	}
	w.sign()
	if s, _ := w.statement(w.month(3)); !s.Complete || len(s.Heads) != 2 {
		t.Errorf("complete %v with %d heads once it is signed", s.Complete, len(s.Heads))
	}
}

func TestTheCSVOpensInAKoreanExcelAndHoldsNoFormula(t *testing.T) {
	w := onSQLite(t)
	w.profiles()
	s, _ := w.statement(w.month(3))
	var out bytes.Buffer
	w.must(s.WriteCSV(&out))
	text := out.String()
	if !strings.HasPrefix(text, "\uFEFF크레딧 이용 명세서\r\n") {
		t.Errorf("it begins with %q", text[:40])
	}
	for _, want := range []string{"월초,0.00,0.00,0.00,0\r\n", "발송 정산,444.125,1,예약 중,사용\r\n", "알림톡,84.125,10,0.00\r\n", "상태,확정\r\n",
		"결제 취소,-5005.00,-501.00,-5506.00,pay_2,", "합계,,107340.00,10734.00,118074.00,,,\r\n", "공급자 사업자등록번호,124-81-00998\r\n", "이용자 상호,'=cmd|x\r\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %q in\n%s", want, text)
		}
	}
	rows := csv.NewReader(strings.NewReader(text))
	rows.FieldsPerRecord = -1
	for {
		row, err := rows.Read()
		if err == io.EOF {
			break
		}
		w.must(err)
		for _, cell := range row {
			if cell != "" && strings.ContainsRune("=+@", rune(cell[0])) {
				t.Errorf("%q would be taken for a formula", cell)
			}
		}
	}
}

// profiles makes both sides of a bill known.
func (w *world) profiles() {
	w.t.Helper()
	w.do(func(tx *db.Tx) error {
		_, err := w.papers.SetProfile(tx, site.Operator, Profile{BusinessNumber: "124-81-00998", Name: "메시지 주식회사"})
		if err == nil {
			_, err = w.papers.SetProfile(tx, "demo", Profile{Name: "=cmd|x"})
		}
		return err
	})
}

func TestTheSpreadsheetHoldsNumbersWhoseDigitsAreTheAmounts(t *testing.T) {
	w := onSQLite(t)
	s, _ := w.statement(w.month(3))
	s.Closing.Available = 922_337_203_685_477_5807 // no float has all of its digits
	var out bytes.Buffer
	w.must(s.WriteXLSX(&out))
	f, err := excelize.OpenReader(&out, excelize.Options{RawCellValue: true})
	w.must(err)
	defer f.Close()
	if diff := cmp.Diff([]string{"명세서", "결제 내역", "일별 서명"}, f.GetSheetList()); diff != "" {
		t.Error(diff)
	}
	found := map[string]bool{}
	for _, sheet := range f.GetSheetList() {
		rows, err := f.GetRows(sheet)
		w.must(err)
		for y, row := range rows {
			for x, cell := range row {
				at, _ := excelize.CoordinatesToCellName(x+1, y+1)
				kind, err := f.GetCellType(sheet, at)
				w.must(err)
				if number := kind == excelize.CellTypeUnset || kind == excelize.CellTypeNumber; number {
					found[cell] = true
				}
			}
		}
	}
	for _, want := range []string{"444.125", "84.125", "112345", "-5005", "-501", "118074", "922337203685477.5807", "20"} {
		if !found[want] {
			t.Errorf("there is no cell with the number %s in %v", want, found)
		}
	}
	layout, err := f.GetPageLayout("결제 내역")
	if w.must(err); *layout.Size != paperA4 || *layout.FitToWidth != 1 {
		t.Errorf("it prints on %d, %d pages wide", *layout.Size, *layout.FitToWidth)
	}
	if names := f.GetDefinedName(); !slices.ContainsFunc(names, func(n excelize.DefinedName) bool { return n.Name == "_xlnm.Print_Titles" }) {
		t.Errorf("no headings are repeated on each page: %v", names)
	}
}

func TestAnExportHasEveryEntryOnceWhateverThePages(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.on(0, 1)
		holds := make([]credit.Hold, 2*exportPage+7)
		for i := range holds {
			holds[i] = credit.Hold{Site: "demo", Message: id.New(), Amount: won}
		}
		w.do(func(tx *db.Tx) error { _, err := w.ledger.Reserve(tx, holds); return err })
		all := w.exported(Range{Site: "demo"})
		next, err := lines(bytes.NewReader(all))
		w.must(err)
		var at int64
		for {
			l, err := next()
			if err == io.EOF {
				break
			}
			w.must(err)
			if at++; l.Seq != at || l.Note != "" || l.NoteKey != "" {
				t.Fatalf("entry %d stands where %d should, with note %q", l.Seq, at, l.Note)
			}
		}
		if last := w.export(w.month(2), Range{}); at < int64(len(holds)) || bytes.Count(last, []byte("\n")) != 3 {
			t.Errorf("%d entries in all, %d in one month", at, bytes.Count(last, []byte("\n")))
		}
	})
}

func TestARangeThatIsNoneIsRefusedInItsPlace(t *testing.T) {
	w := onSQLite(t)
	for place, r := range map[string]Range{
		"/from": {From: "2026-11-31"}, "/until": {From: "2026-11-02", Until: "2026-11-01"}, "/format": {Format: "xlsx"},
	} {
		r.Site = "demo"
		err := w.d.View(t.Context(), "test", func(tx *db.Tx) error { _, err := w.papers.Entries(tx, r); return err })
		if f := fault.Of(err); f == nil || f.Kind != fault.Invalid || f.Fields[0].Pointer != place {
			t.Errorf("%+v: %v, want a complaint at %s", r, err, place)
		}
	}
	if none := w.exported(Range{Site: "demo", Until: "2020-01-01"}); len(none) != 0 {
		t.Errorf("before the first entry there are %q", none)
	}
}
