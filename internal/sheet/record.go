package sheet

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"creditmsg/internal/fault"
	"creditmsg/internal/korea"
)

const (
	bufferBytes = 64 << 10
	// rowBytes bounds one row, so that a quote which is never closed does not pull
	// the whole file into memory.
	rowBytes = 1 << 20
	// rowCells bounds the columns of a file.
	rowCells = 1 << 10
)

// records cuts a file into rows of cells, in the file's own encoding: delimiters,
// quotes and line ends are ASCII, and no byte of a longer character is, in UTF-8
// nor in CP949. A cell that begins with a double quote ends at the next single one
// and may hold delimiters and line ends; inside, "" is one quote. A quote later in
// a cell is a character like any other, as in spreadsheets.
type records struct {
	in        *bufio.Reader
	enc       encoding
	delimiter byte
	line      int    // of the next byte
	text      []byte // the cell in hand
	used      int    // bytes of the row in hand
}

// delimiters in order of preference where a header has none or equally many.
const delimiters = ",;\t"

// findDelimiter looks at the first line with content, without consuming it. It
// counts delimiters outside quotes, and a quoted name may hold a line end.
func (r *records) findDelimiter() error {
	start, err := r.in.Peek(bufferBytes)
	if err != nil && err != io.EOF {
		return fmt.Errorf("read sheet: %w", err)
	}
	var count [len(delimiters)]int
	quoted := false
	for _, b := range fromHeader(start) {
		if b == '\n' && !quoted {
			break
		}
		if b == '"' {
			quoted = !quoted
		}
		if i := strings.IndexByte(delimiters, b); i >= 0 && !quoted {
			count[i]++
		}
	}
	best := 0
	for i, n := range count {
		if n > count[best] {
			best = i
		}
	}
	r.delimiter = delimiters[best]
	return nil
}

// fromHeader drops the lines before the header, which hold nothing.
func fromHeader(text []byte) []byte {
	for {
		line, rest, more := bytes.Cut(text, []byte{'\n'})
		if !more || len(bytes.Trim(line, " \r\""+delimiters)) > 0 {
			return text
		}
		text = rest
	}
}

// next gives the next row that has any content, with the line on which it starts.
func (r *records) next() (line int, cells []string, err error) {
	for {
		line, cells, err = r.record()
		if err != nil {
			return line, nil, err
		}
		for _, cell := range cells {
			if cell != "" {
				return line, cells, nil
			}
		}
	}
}

// number takes a cell as it is written.
func (r *records) number(_ int, shown string) (string, error) { return shown, nil }

func (r *records) extra() string { return "put double quotes around a cell that holds the delimiter" }

func (r *records) encoding() string {
	if r.enc.cp949 {
		return "cp949"
	}
	return "utf-8"
}

// close has nothing to do: the file is the caller's.
func (r *records) close() error { return nil }

// record reads one row, empty or not; io.EOF when nothing is left.
func (r *records) record() (line int, cells []string, err error) {
	line, r.used = r.line, 0
	if _, err := r.in.Peek(1); err != nil {
		return line, nil, r.failed(err)
	}
	for {
		cell, last, err := r.cell(line)
		if err != nil {
			return line, nil, err
		}
		if len(cells) == rowCells {
			return line, nil, tooManyCells(line)
		}
		cells = append(cells, cell)
		if last {
			return line, cells, nil
		}
	}
}

// cell reads one cell and what ends it; last says that it was the row's last.
func (r *records) cell(row int) (cell string, last bool, err error) {
	r.text = r.text[:0]
	b, end, err := r.afterSpaces(row)
	if err != nil {
		return "", true, err
	}
	if b == '"' && !end {
		b, end, err = r.quoted(row)
	} else {
		for err == nil && !r.ends(b, end) {
			r.text = append(r.text, b)
			b, end, err = r.read(row)
		}
	}
	if err != nil {
		return "", true, err
	}
	cell, err = r.decode(row)
	return cell, end || b == '\n', err
}

// quoted reads the rest of a cell whose opening quote was read, and what ends it.
func (r *records) quoted(row int) (b byte, end bool, err error) {
	opened := r.line
	for {
		b, end, err = r.read(row)
		if end || r.used > rowBytes {
			return b, end, malformed(opened, "the double quote opened on line %d is never closed", opened)
		}
		if err != nil {
			return b, end, err
		}
		if b != '"' {
			r.text = append(r.text, b)
			continue
		}
		if next, err := r.in.Peek(1); err != nil || next[0] != '"' {
			break
		}
		if b, end, err = r.read(row); err != nil {
			return b, end, err
		}
		r.text = append(r.text, b)
	}
	closed := r.line
	b, end, err = r.afterSpaces(row)
	if err == nil && !r.ends(b, end) {
		err = malformed(closed, "text follows the closing double quote on line %d: write a quote inside a cell twice", closed)
	}
	return b, end, err
}

// afterSpaces gives the first byte that is no space within the row.
func (r *records) afterSpaces(row int) (b byte, end bool, err error) {
	for {
		b, end, err = r.read(row)
		if err != nil || r.ends(b, end) || b != ' ' && b != '\t' && b != '\r' {
			return b, end, err
		}
	}
}

// ends reports whether b, or the end of the file, ends a cell that is not quoted.
func (r *records) ends(b byte, end bool) bool { return end || b == r.delimiter || b == '\n' }

// read gives the next byte of the row that starts on the given line.
func (r *records) read(row int) (b byte, end bool, err error) {
	b, err = r.in.ReadByte()
	if err != nil {
		if err == io.EOF {
			return 0, true, nil
		}
		return 0, false, r.failed(err)
	}
	if r.used++; r.used > rowBytes {
		return 0, false, tooLong(row)
	}
	if b == '\n' {
		r.line++
	}
	return b, false, nil
}

// decode makes the cell in hand a trimmed string. The first reading has seen every
// byte, so a failure here means that the file is being written to.
func (r *records) decode(row int) (string, error) {
	// Not trimmed before it is decoded: two bytes of CP949 may look like a space of UTF-8.
	out, ok := string(r.text), utf8.Valid(r.text)
	if r.enc.cp949 {
		var err error
		out, err = korea.DecodeCP949(r.text)
		ok = err == nil
	}
	if !ok {
		return "", unreadable(row, "line %d changed while the file was read", row)
	}
	out = strings.TrimSpace(out)
	if strings.IndexByte(out, '\r') >= 0 {
		out = strings.ReplaceAll(out, "\r\n", "\n")
	}
	return out, nil
}

// failed leaves io.EOF alone and says where reading stopped otherwise.
func (r *records) failed(err error) error {
	if err == io.EOF {
		return err
	}
	return fmt.Errorf("read sheet, line %d: %w", r.line, err)
}

func tooManyCells(line int) *fault.Error {
	return fault.New(fault.Invalid, fault.CodeValidation, "line %d has more than %d cells", line, rowCells).At(pointer(line), "too many cells")
}

func tooLong(line int) *fault.Error {
	return malformed(line, "the row on line %d is longer than %d KiB: is a double quote never closed?", line, rowBytes>>10)
}

func malformed(line int, format string, args ...any) *fault.Error {
	return fault.New(fault.Malformed, fault.CodeMalformed, format, args...).At(pointer(line), "not readable")
}
