package book

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/sheet"
)

// Form is what a list is written as.
type Form string

// The forms.
const (
	CSV  Form = "csv"
	XLSX Form = "xlsx"
)

// exportPage is how many contacts are read at a time.
const exportPage = 500

// Export writes the contacts of a group, or of the whole book where there is none, so that
// Take reads them as they are. It goes through them twice, since all columns have to be known
// before the first row. A group that is not there is NotFound.
func (b *Book) Export(ctx context.Context, siteID string, group id.ID, as Form, w io.Writer) error {
	names := map[string]bool{}
	err := b.pages(ctx, siteID, group, func(c Contact) error {
		for name := range c.Variables {
			names[name] = true
		}
		return nil
	})
	if err != nil {
		return err
	}
	variables := slices.Sorted(maps.Keys(names))
	const fixed = 5 // columns before the variables
	head := []string{"전화번호", nameColumns[0], sheet.ConsentColumns[0], proofColumns[0], sheet.NightColumns[0]}
	for i, name := range variables {
		head = append(head, name)
		if slices.Contains(head[:fixed], name) { // kept as what it is not would be lost
			head[fixed+i] = name + " (변수)"
		}
	}
	out, err := newTable(as, w)
	if err != nil {
		return err
	}
	if err := out.write(head); err != nil {
		return err
	}
	err = b.pages(ctx, siteID, group, func(c Contact) error {
		cells := []string{c.To.Dashed(), c.Name, "", c.Consent.Evidence, ""}
		if c.Consent.At != 0 {
			cells[2], cells[4] = c.Consent.At.Time().In(korea.Seoul).Format("2006-01-02 15:04"), "N"
		}
		if c.Consent.Night {
			cells[4] = "Y"
		}
		for _, name := range variables {
			cells = append(cells, c.Variables[name])
		}
		return out.write(cells)
	})
	if err != nil {
		return err
	}
	return out.end()
}

// pages reads contacts page by page.
func (b *Book) pages(ctx context.Context, siteID string, group id.ID, each func(Contact) error) error {
	for after, more := (id.ID{}), true; more; {
		var page []Contact
		err := b.d.View(ctx, "book_export", func(tx *db.Tx) (err error) {
			if group.IsZero() {
				page, err = b.List(tx, siteID, after, exportPage)
				return err
			}
			if _, err := b.FindGroup(tx, siteID, group); err != nil {
				return err
			}
			page, err = b.Members(tx, siteID, group, after, exportPage)
			return err
		})
		if err != nil {
			return err
		}
		for _, c := range page {
			if err := each(c); err != nil {
				return err
			}
			after = c.ID
		}
		more = len(page) == exportPage
	}
	return nil
}

// table is a list that is being written. One of its two forms is nil.
type table struct {
	csv  *csv.Writer
	book *excelize.File
	rows *excelize.StreamWriter
	line int
	to   io.Writer
}

func newTable(as Form, w io.Writer) (t *table, err error) {
	t = &table{to: w}
	if as == CSV {
		t.csv = csv.NewWriter(w)
		t.csv.UseCRLF = true
		_, err = io.WriteString(w, "\ufeff") // by which Excel knows UTF-8
		return t, err
	}
	t.book = excelize.NewFile()
	if t.rows, err = t.book.NewStreamWriter("Sheet1"); err != nil {
		return nil, fmt.Errorf("write a workbook: %w", err)
	}
	return t, nil
}

func (t *table) write(cells []string) error {
	t.line++
	if t.csv != nil {
		for i, cell := range cells {
			cells[i] = guarded(cell)
		}
		return t.csv.Write(cells)
	}
	row := make([]any, len(cells))
	for i, cell := range cells {
		if isGuarded(cell) { // or the guard that is taken off in Take would be the cell's own
			cell = "'" + cell
		}
		row[i] = cell
	}
	if err := t.rows.SetRow(fmt.Sprintf("A%d", t.line), row); err != nil {
		return fmt.Errorf("write a workbook: %w", err)
	}
	return nil
}

func (t *table) end() error {
	if t.csv != nil {
		t.csv.Flush()
		return t.csv.Error()
	}
	defer t.book.Close()
	err := t.rows.Flush()
	if err == nil {
		err = t.book.Write(t.to)
	}
	if err != nil {
		return fmt.Errorf("write a workbook: %w", err)
	}
	return nil
}

// formulas are how cells of CSV begin that a spreadsheet would compute: somebody's name must
// not become a formula on the screen of who opens the list.
const formulas = "=+-@\t\r"

// guarded has a spreadsheet take a cell for text, and unguarded takes that back.
func guarded(cell string) string {
	if cell != "" && (strings.IndexByte(formulas, cell[0]) >= 0 || isGuarded(cell)) {
		return "'" + cell
	}
	return cell
}

func unguarded(cell string) string {
	if isGuarded(cell) {
		return cell[1:]
	}
	return cell
}

func isGuarded(cell string) bool {
	rest := strings.TrimLeft(cell, "'")
	return len(rest) < len(cell) && rest != "" && strings.IndexByte(formulas, rest[0]) >= 0
}
