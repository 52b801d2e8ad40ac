package api

import (
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"slices"

	"creditmsg/internal/fault"
	"creditmsg/internal/message"
	"creditmsg/internal/sheet"
)

// listFile is a list of recipients on disk.
type listFile struct {
	file *os.File
	size int64
	who  string // whose share of the rooms it is read in
}

// rows is an open list.
type rows struct {
	*sheet.Reader
	sheet   string   // of a workbook
	sheets  []string // which it has
	release func()
}

func (r *rows) close() {
	_ = r.Close() // what it leaves on disk is in the folder for what is temporary
	r.release()
}

// openList opens a list by what it is. The memory and the room on disk that a workbook takes
// are waited for; one that takes more memory than a share counts as a whole one.
func (a *api) openList(ctx context.Context, f listFile, o sheet.Options) (*rows, error) {
	out := &rows{release: func() {}}
	if !sheet.IsBook(f.file) {
		if o.Sheet != "" {
			return nil, fault.Check("/sheet", "the list is no workbook and has no sheets")
		}
		var err error
		out.Reader, err = sheet.Open(f.file, o)
		return out, err
	}
	book, err := sheet.OpenBook(f.file, f.size, o)
	if err != nil {
		return nil, err
	}
	out.sheet, out.sheets = book.Sheet(), book.Sheets()
	memory, disk := &holding{room: a.memory, who: f.who}, &holding{room: a.disk, who: f.who}
	out.release = func() { disk.release(); memory.release() }
	if err = memory.more(ctx, min(book.Memory(), a.memory.share)); err == nil {
		err = disk.more(ctx, book.Disk())
	}
	if err == nil {
		out.Reader, err = book.Reader()
	}
	if err != nil {
		out.release()
		return out, err // which sheets it has is known all the same
	}
	return out, nil
}

// filling is a draft that a list is put into.
type filling struct {
	order     *order
	draft     *message.Draft
	variables map[string]string         // which column fills in a variable of another name
	guarded   bool                      // cells may begin with the guard of a list that we wrote
	row       func(sheet.Row, []string) // is told each row and the names of its cells before it is taken; nil = nobody is
}

// mapped gives which of the columns each variable is filled in from: -1 is the number itself.
func (f filling) mapped(list *rows) (map[string]int, error) {
	columns, out := list.Columns(), map[string]int{}
	bad := fault.New(fault.Invalid, fault.CodeValidation, "the list does not have all columns that its variables name")
	for _, name := range slices.Sorted(maps.Keys(f.variables)) {
		column := f.variables[name]
		i := slices.Index(columns, column)
		if i < 0 && column != list.NumberColumn() {
			_ = bad.At("/list/variables/"+escapes.Replace(name), "there is no column %q", cut(column))
		}
		out[name] = i
	}
	if len(bad.Fields) > 0 {
		return nil, bad
	}
	return out, nil
}

// addRows adds all recipients of a list to a draft.
func (a *api) addRows(ctx context.Context, from listFile, o sheet.Options, f filling) error {
	list, err := a.openList(ctx, from, o)
	if err != nil {
		return err
	}
	defer list.close()
	mapped, err := f.mapped(list)
	if err != nil {
		return err
	}
	columns, variables := list.Columns(), map[string]string{}
	var consents sheet.Consents
	if f.order.Text != nil && f.order.Text.Advertising {
		consents = sheet.FindConsents(columns)
	}
	for n := 0; ; n++ {
		row, err := list.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if n == maxLines {
			return tooMany(maxLines)
		}
		if f.guarded {
			unguard(&row)
		}
		if f.row != nil {
			f.row(row, columns)
		}
		for i, name := range columns {
			if !consents.Has(i) {
				variables[name] = row.Values[i]
			}
		}
		for name, i := range mapped {
			if variables[name] = row.To; i >= 0 {
				variables[name] = row.Values[i]
			}
		}
		who := message.Candidate{To: row.To, Variables: variables}
		if who.ConsentAt, who.NightConsent, err = consents.Read(row); err == nil {
			err = f.draft.TakeLine(ctx, row.Line, who)
		}
		if err != nil {
			return err
		}
	}
}

// unguard takes the guards of a list that we wrote off its cells.
func unguard(row *sheet.Row) {
	row.To = sheet.Unguarded(row.To)
	for i, cell := range row.Values {
		row.Values[i] = sheet.Unguarded(cell)
	}
}
