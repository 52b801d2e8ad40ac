package sheet

import (
	"encoding/csv"
	"fmt"
	"io"
	"strings"

	"github.com/xuri/excelize/v2"
)

// Form is what a list is written as.
type Form string

// The forms.
const (
	CSV  Form = "csv"
	XLSX Form = "xlsx"
)

// Writer writes a list row by row, so that memory does not grow with it: a workbook's rows wait
// in a temporary file, since its directory stands at its end. It is for one goroutine.
type Writer struct {
	csv  *csv.Writer // nil = a workbook
	book *excelize.File
	rows *excelize.StreamWriter
	line int
	to   io.Writer
}

// NewWriter begins a list. Close it, whatever becomes of it.
func NewWriter(as Form, w io.Writer) (t *Writer, err error) {
	t = &Writer{to: w}
	if as == CSV {
		t.csv = csv.NewWriter(w)
		t.csv.UseCRLF = true
		_, err = io.WriteString(w, mark) // by which Excel knows UTF-8
		return t, err
	}
	t.book = excelize.NewFile()
	if t.rows, err = t.book.NewStreamWriter("Sheet1"); err != nil {
		return nil, fmt.Errorf("write a workbook: %w", err)
	}
	return t, nil
}

// Write writes one row. Cells that a spreadsheet would compute are guarded; see Unguarded.
func (t *Writer) Write(cells []string) error {
	t.line++
	if t.csv != nil {
		guard := make([]string, len(cells))
		for i, cell := range cells {
			guard[i] = guarded(cell)
		}
		return t.csv.Write(guard)
	}
	row := make([]any, len(cells))
	for i, cell := range cells {
		if isGuarded(cell) { // or the guard that Unguarded takes off would be the cell's own
			cell = "'" + cell
		}
		row[i] = cell
	}
	if err := t.rows.SetRow(fmt.Sprintf("A%d", t.line), row); err != nil {
		return fmt.Errorf("write a workbook: %w", err)
	}
	return nil
}

// End writes what is left. Without it the list is not whole.
func (t *Writer) End() error {
	if t.csv != nil {
		t.csv.Flush()
		return t.csv.Error()
	}
	err := t.rows.Flush()
	if err == nil {
		err = t.book.Write(t.to)
	}
	if err != nil {
		return fmt.Errorf("write a workbook: %w", err)
	}
	return nil
}

// Close lets go of what a workbook keeps on disk.
func (t *Writer) Close() {
	if t.book != nil {
		_ = t.book.Close() // what it leaves is in the folder for what is temporary
	}
}

// formulas are how cells of CSV begin that a spreadsheet would compute: somebody's name must
// not become a formula on the screen of who opens the list.
const formulas = "=+-@\t\r"

// guarded has a spreadsheet take a cell for text.
func guarded(cell string) string {
	if cell != "" && (strings.IndexByte(formulas, cell[0]) >= 0 || isGuarded(cell)) {
		return "'" + cell
	}
	return cell
}

// Unguarded gives a cell as it was before a Writer guarded it.
func Unguarded(cell string) string {
	if isGuarded(cell) {
		return cell[1:]
	}
	return cell
}

func isGuarded(cell string) bool {
	rest := strings.TrimLeft(cell, "'")
	return len(rest) < len(cell) && rest != "" && strings.IndexByte(formulas, rest[0]) >= 0
}
