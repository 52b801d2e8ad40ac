// Package sheet reads lists of recipients as offices really keep them: CSV files
// that a spreadsheet saved, and workbooks (XLSX) themselves, with a header line, one
// recipient a row.
//
// It promises that every row says on which line of the file it starts, that the
// whole file is looked through before the first row is given out, and that nothing
// is guessed or repaired: a byte that is no character, a quote that is never closed,
// a row with more cells than the header or a workbook that is not whole is an error
// which names the line where there is one. Memory does not grow with the file: it is
// read twice, once to find out what it is and once for the rows. What would take
// much to read although it is small, as a part of a workbook that unpacks to a
// thousand times its size, is refused before it does. Numbers and texts are handed
// on as written, those of workbooks as people see them in their cells; package korea
// says what they mean.
//
// Every fault of a file is a *fault.Error whose Fields point to /lines/N (those of a
// whole workbook to its first line); other errors are those of the file system.
//
// Reading order: sheet.go (what callers use), header.go (which column is which), consent.go;
// for CSV encoding.go (the first reading) and record.go (cells and quotes); for
// workbooks book.go (the parts of the archive), book_survey.go with book_walk.go (the
// first reading), book_style.go (formats of cells), book_rows.go (cells); write.go (the way
// out).
package sheet

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"slices"

	"creditmsg/internal/fault"
)

// Options says how a file is to be read. The zero value finds everything by itself.
type Options struct {
	// Column is the name of the column that holds the numbers; empty means the
	// first column that has one of the usual names.
	Column string
	// Table says that the file is no list of recipients: no column is looked for, and
	// all are in Values.
	Table bool
	// List says that the file may be a bare list, without a header: if its first cell is
	// a number, the first cell of every row is.
	List bool
	// Also are further names of the column that holds the numbers.
	Also []string
	// Sheet is the name of the sheet of a workbook; empty means the first that is not
	// hidden.
	Sheet string
}

// Row is one recipient.
type Row struct {
	Line   int      // where the row starts in the file; the first line is 1
	To     string   // the number as written, trimmed; empty in a Table
	Values []string // the other cells, as Columns names them; cells that are missing are empty
}

// Reader gives the rows of one file in order. It is for one goroutine.
type Reader struct {
	from   source
	header header
	err    error // of the last Next; the next ones repeat it
}

// source is the rows of a file as it holds them.
type source interface {
	// next gives the next row that has any content, with the line on which it starts;
	// io.EOF behind the last.
	next() (line int, cells []string, err error)
	// number gives a cell of the row that next gave last, as it is to be read as a
	// telephone number; shown is what next gave for it.
	number(column int, shown string) (string, error)
	// extra says what may be wrong with a row that has more cells than the header.
	extra() string
	// encoding is what the cells are written in.
	encoding() string
	close() error
}

// Open finds encoding, delimiter and columns of the file. It reads r from its
// start to its end once; Next reads it again, so r stays the reader's until then.
func Open(r io.ReadSeeker, o Options) (*Reader, error) {
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("read sheet from its start: %w", err)
	}
	enc, err := findEncoding(r)
	if err != nil {
		return nil, err
	}
	if _, err := r.Seek(int64(enc.skip), io.SeekStart); err != nil {
		return nil, fmt.Errorf("read sheet from its start: %w", err)
	}
	records := &records{in: bufio.NewReaderSize(r, bufferBytes), enc: enc, line: 1}
	if err := records.findDelimiter(); err != nil {
		return nil, err
	}
	return begin(records, o)
}

// begin reads the header.
func begin(from source, o Options) (*Reader, error) {
	line, cells, err := from.next()
	if err == io.EOF {
		code := fault.CodeNoPhoneColumn
		if o.Table {
			code = fault.CodeValidation
		}
		return nil, fault.New(fault.Invalid, code,
			"the file is empty: its first line must name the columns").At("/lines/1", "there is no header")
	}
	if err != nil {
		return nil, err
	}
	if o.List && bareNumber.MatchString(cells[0]) {
		return &Reader{from: &replayed{from, line, cells}, header: header{width: rowCells}}, nil
	}
	h, err := readHeader(line, cells, o)
	if err != nil {
		return nil, err
	}
	return &Reader{from: from, header: h}, nil
}

// Close lets go of what the reader of a workbook keeps on disk. After it there are no
// more rows.
func (r *Reader) Close() error { return r.from.close() }

// Columns gives the names of all columns but the one with the numbers, in the
// order of the file. Columns without a name are left out, here and in Row.Values.
func (r *Reader) Columns() []string { return slices.Clone(r.header.names) }

// Header gives the names of all columns that have one, in the order of the file.
func (r *Reader) Header() []string { return slices.Clone(r.header.all) }

// NumberColumn gives the name of the column with the numbers; empty in a Table and in a bare
// list.
func (r *Reader) NumberColumn() string { return r.header.number }

// Encoding is what the cells are written in: utf-8, cp949, or xlsx in a workbook.
func (r *Reader) Encoding() string { return r.from.encoding() }

// Next gives the next row, io.EOF behind the last. Lines without any content are
// skipped. The row is the caller's to keep. After an error every Next repeats it.
func (r *Reader) Next() (Row, error) {
	if r.err != nil {
		return Row{}, r.err
	}
	row, err := r.next()
	r.err = err
	return row, err
}

func (r *Reader) next() (Row, error) {
	line, cells, err := r.from.next()
	if err != nil {
		return Row{}, err
	}
	// Spreadsheets write delimiters behind the last column; they say nothing.
	for _, extra := range cells[min(len(cells), r.header.width):] {
		if extra != "" {
			return Row{}, fault.New(fault.Invalid, fault.CodeValidation,
				"line %d has %d cells, but the header names %d columns: %s",
				line, len(cells), r.header.width, fault.Word(r.from.extra())).At(pointer(line), "too many cells")
		}
	}
	cell := func(i int) string {
		if i < len(cells) {
			return cells[i]
		}
		return ""
	}
	row := Row{Line: line, Values: make([]string, len(r.header.at))}
	if r.header.to >= 0 {
		if row.To, err = r.from.number(r.header.to, cell(r.header.to)); err != nil {
			return Row{}, err
		}
	}
	for i, column := range r.header.at {
		row.Values[i] = cell(column)
	}
	return row, nil
}

// bareNumber is a cell that can be nothing but a number, right or wrong.
var bareNumber = regexp.MustCompile(`^[+]?[0-9][0-9()., -]{6,}$`)

// replayed is a source whose first row is given once more.
type replayed struct {
	source
	line  int
	first []string
}

func (r *replayed) next() (line int, cells []string, err error) {
	if r.first != nil {
		cells, r.first = r.first, nil
		return r.line, cells, nil
	}
	return r.source.next()
}

// pointer is the place of a line in the Fields of a fault.
func pointer(line int) string { return fmt.Sprintf("/lines/%d", line) }
