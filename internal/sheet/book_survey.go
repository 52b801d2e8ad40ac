package sheet

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"strconv"
)

// Bounds of the rows and texts of a workbook.
const (
	mostStrings = 2_000_000 // shared texts
	mostLines   = 1 << 20   // rows, of Excel itself
	longestText = 1 << 20   // bytes of XML of one shared text
	longestRow  = 4 << 20   // bytes of XML of a row, with those of the texts that it names
)

var (
	errStrings = errors.New("its shared texts are out of place")
	errOrder   = errors.New("its rows or cells are not in order")
	errString  = errors.New("a cell names a text that is not there")
)

// survey looks through the parts, so that the reader of cells, which knows no bounds and
// takes what it cannot read for the end, meets only what it can read to its end.
func (b *Book) survey() error {
	var sizes []int32
	var err error
	if b.texts != nil {
		if sizes, err = b.surveyTexts(); err != nil {
			return err
		}
	}
	if b.styles != nil {
		if err := b.formats.read(b.styles); err != nil {
			return err
		}
	}
	s := &sheetSurvey{texts: sizes}
	if err := walk(b.sheet, visitor{begin: s.begin, text: s.text, end: s.end}); err != nil {
		return err
	}
	b.lines, b.strings = s.line, len(sizes)
	return nil
}

// surveyTexts gives the sizes of the shared texts.
func (b *Book) surveyTexts() (sizes []int32, err error) {
	var from int64
	begin := func(path []string, _ []xml.Attr, at int64) error {
		if path[len(path)-1] != "si" {
			return nil
		}
		if len(path) != 2 {
			return errStrings
		}
		if from = at; len(sizes) == mostStrings {
			return tooMuch("it has more than %d different texts", mostStrings)
		}
		return nil
	}
	end := func(path []string, at int64) error {
		if len(path) != 2 || path[1] != "si" {
			return nil
		}
		if at-from > longestText {
			return tooMuch("a cell in it holds more than %d KiB", longestText>>10)
		}
		sizes = append(sizes, int32(at-from))
		return nil
	}
	err = walk(b.texts, visitor{begin: begin, end: end})
	return sizes, err
}

// sheetSurvey looks through the rows. Like the reader of cells it takes elements by their
// names alone, and nothing after the end of the data.
type sheetSurvey struct {
	texts  []int32
	over   bool
	line   int // of the row in hand or the last one
	column int // of the cell in hand, from 1
	from   int64
	named  int64 // bytes of the texts that the row names
	shared bool  // the cell in hand names one
	inside bool  // a value
	value  []byte
}

func (s *sheetSurvey) begin(path []string, attrs []xml.Attr, at int64) (err error) {
	s.inside = false
	switch name := path[len(path)-1]; {
	case s.over:
	case name == "row":
		line := s.line + 1
		if r := attribute(attrs, "r"); r != "" {
			if line, err = strconv.Atoi(r); err != nil || line <= s.line {
				return errOrder
			}
		}
		if line > mostLines {
			return tooMuch("it has more than %d rows", mostLines)
		}
		s.line, s.column, s.from, s.named = line, 0, at, 0
	case name == "c":
		column := s.column + 1
		if r := attribute(attrs, "r"); r != "" {
			if column = columnOf(r); column <= s.column {
				return errOrder
			}
		}
		s.column, s.shared = column, attribute(attrs, "t") == "s"
	case name == "v":
		s.inside, s.value = true, s.value[:0]
	}
	return nil
}

func (s *sheetSurvey) text(text []byte) error {
	if s.inside && s.shared {
		s.value = append(s.value, text...)
	}
	return nil
}

func (s *sheetSurvey) end(path []string, at int64) error {
	s.inside = false
	switch name := path[len(path)-1]; {
	case s.over:
	case name == "v" && s.shared && len(s.value) > 0:
		i, err := strconv.Atoi(string(bytes.TrimSpace(s.value)))
		if err != nil || i < 0 || i >= len(s.texts) {
			return fmt.Errorf("line %d: %w", s.line, errString)
		}
		s.named += int64(s.texts[i])
	case name == "row":
		if at-s.from+s.named > longestRow {
			return malformed(s.line, "the row on line %d is longer than %d KiB", s.line, longestRow>>10)
		}
	case name == "sheetData":
		s.over = true
	}
	return nil
}

// columnOf reads the column of a cell's name: 28 of AB7; 0 is none.
func columnOf(cell string) (n int) {
	for i, c := range []byte(cell) {
		switch {
		case c >= 'A' && c <= 'Z' && i < 3:
			n = n*26 + int(c-'A') + 1
		case c >= '0' && c <= '9' && i > 0:
			return n
		default:
			return 0
		}
	}
	return 0
}
