// Package sheet reads lists of recipients as offices really keep them: CSV files
// that a spreadsheet saved, with a header line, one recipient a row.
//
// It promises that every row says on which line of the file it starts, that the
// encoding is decided over the whole file before the first row is given out, and
// that nothing is guessed or repaired: a byte that is no character, a quote that
// is never closed or a row with more cells than the header is an error which names
// the line. Memory does not grow with the file: it is read twice, once to find the
// encoding and once for the rows. Numbers and texts are handed on as written;
// package korea says what they mean.
//
// Every fault of a file is a *fault.Error whose Fields point to /lines/N; other
// errors are those of the file system.
//
// Reading order: sheet.go (what callers use), header.go (which column is which),
// encoding.go (the first reading), record.go (cells and quotes).
package sheet

import (
	"bufio"
	"fmt"
	"io"
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
}

// Row is one recipient.
type Row struct {
	Line   int      // where the row starts in the file; the first line is 1
	To     string   // the number as written, trimmed; empty in a Table
	Values []string // the other cells, as Columns names them; cells that are missing are empty
}

// Reader gives the rows of one file in order. It is for one goroutine.
type Reader struct {
	records records
	header  header
	err     error // of the last Next; the next ones repeat it
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
	sheet := &Reader{records: records{in: bufio.NewReaderSize(r, bufferBytes), enc: enc, line: 1}}
	if err := sheet.records.findDelimiter(); err != nil {
		return nil, err
	}
	line, cells, err := sheet.records.next()
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
	sheet.header, err = readHeader(line, cells, o)
	if err != nil {
		return nil, err
	}
	return sheet, nil
}

// Columns gives the names of all columns but the one with the numbers, in the
// order of the file. Columns without a name are left out, here and in Row.Values.
func (r *Reader) Columns() []string { return slices.Clone(r.header.names) }

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
	line, cells, err := r.records.next()
	if err != nil {
		return Row{}, err
	}
	// Spreadsheets write delimiters behind the last column; they say nothing.
	for _, extra := range cells[min(len(cells), r.header.width):] {
		if extra != "" {
			return Row{}, fault.New(fault.Invalid, fault.CodeValidation,
				"line %d has %d cells, but the header names %d columns: put double quotes around a cell that holds the delimiter",
				line, len(cells), r.header.width).At(pointer(line), "too many cells")
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
		row.To = cell(r.header.to)
	}
	for i, column := range r.header.at {
		row.Values[i] = cell(column)
	}
	return row, nil
}

// pointer is the place of a line in the Fields of a fault.
func pointer(line int) string { return fmt.Sprintf("/lines/%d", line) }
