package paper

import (
	"fmt"
	"io"
	"strings"

	"github.com/xuri/excelize/v2"

	"creditmsg/internal/money"
)

// What a sheet looks like on A4 paper.
const (
	amountFormat = `#,##0.####;[Red]-#,##0.####`
	wholeFormat  = `#,##0`
	wonFormat    = `#,##0;[Red]-#,##0`
	paperA4      = 9
)

// book writes the tables of a statement into a spreadsheet. Cells are set one by one and not
// streamed: the streaming writer takes numbers with a fraction as floats alone, while a cell's
// own text can be the amount's own digits. A statement has few rows.
type book struct {
	file                            *excelize.File
	sheet                           string
	row                             int
	title, head, amount, won, whole int // styles
	need, text                      int // of tax invoices
}

// WriteXLSX writes the statement as a spreadsheet: numbers are numbers, and it prints on A4.
func (s *Statement) WriteXLSX(w io.Writer) error {
	b := &book{file: excelize.NewFile()}
	defer b.file.Close()
	err := b.styles()
	for i, t := range s.blocks() {
		if err != nil {
			break
		}
		if i == 0 || t.more {
			if err = b.begin(t.title, i == 0); err != nil {
				break
			}
		}
		err = b.write(t)
	}
	if err == nil {
		b.file.SetActiveSheet(0)
		err = b.file.Write(w)
	}
	if err != nil {
		return fmt.Errorf("write XLSX: %w", err)
	}
	return nil
}

func (b *book) styles() error {
	amount, whole, won := amountFormat, wholeFormat, wonFormat
	line := []excelize.Border{{Type: "bottom", Color: "808080", Style: 1}}
	for _, s := range []struct {
		into  *int
		style excelize.Style
	}{
		{&b.title, excelize.Style{Font: &excelize.Font{Bold: true, Size: 13, Family: "맑은 고딕"}}},
		{&b.head, excelize.Style{Font: &excelize.Font{Bold: true, Family: "맑은 고딕"}, Border: line,
			Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"EEEEEE"}}, Alignment: &excelize.Alignment{Horizontal: "center"}}},
		{&b.amount, excelize.Style{CustomNumFmt: &amount}},
		{&b.won, excelize.Style{CustomNumFmt: &won}},
		{&b.whole, excelize.Style{CustomNumFmt: &whole}},
	} {
		var err error
		if *s.into, err = b.file.NewStyle(&s.style); err != nil {
			return err
		}
	}
	return nil
}

// begin starts a sheet; the file has its first one already.
func (b *book) begin(title string, first bool) error {
	if first {
		b.sheet, b.row = "명세서", 0
		if err := b.file.SetSheetName("Sheet1", b.sheet); err != nil {
			return err
		}
	} else {
		b.sheet, b.row = title, 0
		if _, err := b.file.NewSheet(b.sheet); err != nil {
			return err
		}
	}
	size, one, many := paperA4, 1, 0
	fit, landscape := true, "landscape"
	if err := b.file.SetSheetProps(b.sheet, &excelize.SheetPropsOptions{FitToPage: &fit}); err != nil {
		return err
	}
	err := b.file.SetPageLayout(b.sheet, &excelize.PageLayoutOptions{Size: &size, Orientation: &landscape, FitToWidth: &one, FitToHeight: &many})
	if err != nil {
		return err
	}
	err = b.file.SetHeaderFooter(b.sheet, &excelize.HeaderFooterOptions{OddHeader: "&L크레딧 이용 명세서&R&A", OddFooter: "&C&P / &N"})
	if err != nil {
		return err
	}
	if err := b.file.SetColWidth(b.sheet, "A", "A", 24); err != nil {
		return err
	}
	return b.file.SetColWidth(b.sheet, "B", "H", 20)
}

func (b *book) write(t block) error {
	if b.row > 0 {
		b.row++ // an empty line between two tables
	}
	if err := b.line([]any{t.title}, b.title); err != nil {
		return err
	}
	if err := b.line(texts(t.head), b.head); err != nil {
		return err
	}
	if t.more {
		err := b.file.SetDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Titles", Scope: b.sheet,
			RefersTo: fmt.Sprintf("'%s'!$%d:$%d", b.sheet, b.row, b.row)})
		if err != nil {
			return err
		}
	}
	for _, row := range t.rows {
		if err := b.line(row, 0); err != nil {
			return err
		}
	}
	return nil
}

func texts(head []string) []any {
	out := make([]any, len(head))
	for i, h := range head {
		out[i] = h
	}
	return out
}

// line writes one row, whose numbers have a style of their own.
func (b *book) line(cells []any, style int) error {
	b.row++
	for i, v := range cells {
		at, err := excelize.CoordinatesToCellName(i+1, b.row)
		if err != nil {
			return err
		}
		own := style
		switch v := v.(type) {
		case nil:
			continue
		case money.Amount:
			digits := strings.TrimSuffix(v.String(), ".00")
			if own = b.amount; !strings.Contains(digits, ".") {
				own = b.won
			}
			err = b.file.SetCellDefault(b.sheet, at, digits)
		case int64:
			own = b.whole
			err = b.file.SetCellInt(b.sheet, at, v)
		case string:
			err = b.file.SetCellStr(b.sheet, at, v)
		}
		if err == nil && own != 0 {
			err = b.file.SetCellStyle(b.sheet, at, at, own)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
