package paper

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"

	"creditmsg/internal/fault"
	"creditmsg/internal/money"
)

// The form in which Hometax takes many tax invoices at once: 전자(세금)계산서 일괄발급, "엑셀
// 업로드 양식(전자세금계산서-일반(영세율))".
//
// What several programs that write it agree on, one of which had read a form of September 2026:
// the title is in row 1, remarks in rows 2 to 5, the headings in row 6, data from row 7 on; the
// 59 columns, their order and headings; kinds 01 and 02; the item's day in two digits, without
// year and month; one item at least and four at most; 영수 01 and 청구 02; at most 100 rows in
// a file, which is XLS or XLSX and has no formulas.
//
// What could not be confirmed, as the form itself was not at hand: the name of the sheet; that
// the date is text such as 20261130 (most write so, one with hyphens); which columns must be
// filled, which is one program's word; and whether it takes amounts below zero. It has no
// column for the approval number of the invoice that a correction is of, which Hometax's own
// page for corrections (수정발급) starts from, so corrections are in files of their own, and
// bear the original's date as a remark. Hold row 6 of a form that you download against row 6
// of these files before the first use.
const (
	taxTitle    = "엑셀 업로드 양식(전자세금계산서-일반(영세율)) - 100건 이하"
	taxSheet    = "엑셀업로드양식"
	taxHeadRow  = 6
	mostTaxRows = 100 // in one file
	taxPlaces   = 4   // for items
)

// taxColumn is a column of the form. A cell is a text or a whole number of won.
type taxColumn struct {
	head string
	need bool // it must be filled
	cell func(t *TaxInvoices, r *TaxRow) any
}

// taxForm are the columns in their order, A to BG.
var taxForm = slices.Concat([]taxColumn{
	{"전자(세금)계산서 종류\n(01:일반, 02:영세율)", true, func(*TaxInvoices, *TaxRow) any { return taxGeneral }},
	{"작성일자", true, func(_ *TaxInvoices, r *TaxRow) any { return undashed(r.Date) }},
	{"공급자 등록번호\n(\"-\" 없이 입력)", true, func(t *TaxInvoices, _ *TaxRow) any { return t.Supplier.BusinessNumber }},
	{"공급자\n종사업장번호", false, nil},
	{"공급자 상호", true, func(t *TaxInvoices, _ *TaxRow) any { return t.Supplier.Name }},
	{"공급자 성명", true, func(t *TaxInvoices, _ *TaxRow) any { return t.Supplier.Representative }},
	{"공급자 사업장주소", false, func(t *TaxInvoices, _ *TaxRow) any { return t.Supplier.Address }},
	{"공급자 업태", false, func(t *TaxInvoices, _ *TaxRow) any { return t.Supplier.BusinessType }},
	{"공급자 종목", false, func(t *TaxInvoices, _ *TaxRow) any { return t.Supplier.BusinessItem }},
	{"공급자 이메일", false, func(t *TaxInvoices, _ *TaxRow) any { return t.Supplier.Email }},
	{"공급받는자 등록번호\n(\"-\" 없이 입력)", true, func(_ *TaxInvoices, r *TaxRow) any { return r.Buyer.BusinessNumber }},
	{"공급받는자\n종사업장번호", false, nil},
	{"공급받는자 상호", true, func(_ *TaxInvoices, r *TaxRow) any { return r.Buyer.Name }},
	{"공급받는자 성명", true, func(_ *TaxInvoices, r *TaxRow) any { return r.Buyer.Representative }},
	{"공급받는자 사업장주소", false, func(_ *TaxInvoices, r *TaxRow) any { return r.Buyer.Address }},
	{"공급받는자 업태", false, func(_ *TaxInvoices, r *TaxRow) any { return r.Buyer.BusinessType }},
	{"공급받는자 종목", false, func(_ *TaxInvoices, r *TaxRow) any { return r.Buyer.BusinessItem }},
	{"공급받는자 이메일1", false, func(_ *TaxInvoices, r *TaxRow) any { return r.Buyer.Email }},
	{"공급받는자 이메일2", false, nil},
	{"공급가액\n합계", true, taxSupply},
	{"세액\n합계", true, taxVAT},
	{"비고", false, func(_ *TaxInvoices, r *TaxRow) any { return r.remark() }},
	{"일자1\n(2자리, 작성년월 제외)", true, func(_ *TaxInvoices, r *TaxRow) any { return r.Date[len(r.Date)-2:] }},
	{"품목1", false, func(_ *TaxInvoices, r *TaxRow) any { return r.Item }},
	{"규격1", false, nil},
	{"수량1", false, func(*TaxInvoices, *TaxRow) any { return int64(1) }},
	{"단가1", false, taxSupply},
	{"공급가액1", true, taxSupply},
	{"세액1", true, taxVAT},
	{"품목비고1", false, nil},
}, emptyItems(2, taxPlaces), []taxColumn{
	{"현금", false, nil},
	{"수표", false, nil},
	{"어음", false, nil},
	{"외상미수금", false, nil},
	{"영수(01),\n청구(02)", true, func(*TaxInvoices, *TaxRow) any { return taxPaid }},
})

// emptyItems are the columns of items that we never fill: a row has one.
func emptyItems(from, to int) (out []taxColumn) {
	for n := from; n <= to; n++ {
		for _, head := range []string{"일자%d\n(2자리, 작성년월 제외)", "품목%d", "규격%d", "수량%d", "단가%d", "공급가액%d", "세액%d", "품목비고%d"} {
			out = append(out, taxColumn{head: fmt.Sprintf(head, n)})
		}
	}
	return out
}

func taxSupply(_ *TaxInvoices, r *TaxRow) any { return int64(r.Supply) / int64(money.Won) }
func taxVAT(_ *TaxInvoices, r *TaxRow) any    { return int64(r.VAT) / int64(money.Won) }

func undashed(day string) string { return strings.ReplaceAll(day, "-", "") }

// remark is what is to be said of a row besides its columns.
func (r *TaxRow) remark() string {
	if r.Original == "" {
		return ""
	}
	return "수정세금계산서, 당초 작성일자 " + undashed(r.Original)
}

// File gives one of the files that the rows are uploaded in, from 1 on, as a spreadsheet. A
// month without rows has an empty one. Another is Invalid.
func (t *TaxInvoices) File(n int) ([]byte, error) {
	if n < 1 || n > max(t.Files, 1) {
		return nil, fault.Check("/file", "want 1 to %d", max(t.Files, 1))
	}
	f := excelize.NewFile()
	defer f.Close()
	b := &book{file: f, sheet: taxSheet}
	err := f.SetSheetName("Sheet1", taxSheet)
	if err == nil {
		err = b.taxHead()
	}
	for i := range t.Rows {
		if r := &t.Rows[i]; err == nil && r.File == n {
			err = b.taxLine(t, r)
		}
	}
	var out bytes.Buffer
	if err == nil {
		err = f.Write(&out)
	}
	if err != nil {
		return nil, fmt.Errorf("write XLSX: %w", err)
	}
	return out.Bytes(), nil
}

// taxHead writes what stands above the rows.
func (b *book) taxHead() error {
	for _, s := range []struct {
		into  *int
		style excelize.Style
	}{
		{&b.title, excelize.Style{Font: &excelize.Font{Bold: true, Size: 13, Family: "맑은 고딕"}}},
		{&b.head, headStyle("E2EFDA")}, {&b.need, headStyle("F8CBAD")},
		{&b.text, excelize.Style{NumFmt: 49}}, {&b.whole, excelize.Style{NumFmt: 3}},
	} {
		var err error
		if *s.into, err = b.file.NewStyle(&s.style); err != nil {
			return err
		}
	}
	if err := b.line([]any{taxTitle}, b.title); err != nil {
		return err
	}
	for _, remark := range []string{"○ 주황색 항목은 필수입니다.", "○ 데이터는 7행부터이며, 한 파일에 100건까지입니다."} {
		if err := b.line([]any{remark}, 0); err != nil {
			return err
		}
	}
	b.row = taxHeadRow - 1
	if err := b.file.SetColWidth(b.sheet, "A", "BG", 18); err != nil {
		return err
	}
	if err := b.file.SetRowHeight(b.sheet, taxHeadRow, 45); err != nil {
		return err
	}
	heads := make([]any, len(taxForm))
	for i, c := range taxForm {
		heads[i] = c.head
	}
	if err := b.line(heads, b.head); err != nil {
		return err
	}
	for i, c := range taxForm {
		at, err := excelize.CoordinatesToCellName(i+1, taxHeadRow)
		if err == nil && c.need {
			err = b.file.SetCellStyle(b.sheet, at, at, b.need)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func headStyle(colour string) excelize.Style {
	return excelize.Style{Font: &excelize.Font{Bold: true, Size: 9, Family: "맑은 고딕"}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{colour}},
		Alignment: &excelize.Alignment{Horizontal: "center", Vertical: "center", WrapText: true}}
}

// taxLine writes a row of the form. Texts are texts, whatever they begin with; empty cells are
// not there at all.
func (b *book) taxLine(t *TaxInvoices, r *TaxRow) error {
	cells := make([]any, len(taxForm))
	for i, c := range taxForm {
		if c.cell != nil {
			cells[i] = c.cell(t, r)
		}
		if cells[i] == "" {
			cells[i] = nil
		}
	}
	return b.line(cells, b.text)
}
