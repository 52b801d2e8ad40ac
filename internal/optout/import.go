package optout

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/korea"
	"creditmsg/internal/sheet"
)

// Limits of an import.
const (
	MostRows     = 1_000_000
	maxRejected  = 10_000  // of which the reply tells
	maxLineBytes = 4 << 10 // of NDJSON
	maxShownTo   = 40      // characters of a wrong number
)

// Row is one line of a list that is imported.
type Row struct {
	Line  int
	To    string
	Scope Scope
	Wrong string // why the line cannot be read at all; "" = it can
}

// RejectedLine is one that was not imported.
type RejectedLine struct {
	Line   int    `json:"line"`
	To     string `json:"to" people:"number"`
	Code   string `json:"code"`
	Detail string `json:"detail" people:"words" words:"ours"`
}

// Imported is what became of a list.
type Imported struct {
	Total int64 `json:"total"`
	Counts
	Rejected   int64          `json:"rejected"`
	Rejections []RejectedLine `json:"rejections"` // the first 10,000
}

// Codes of lines that are not imported.
const (
	codeNumber = "invalid_number"
	codeLine   = fault.CodeValidation
)

// Import puts a list on a site's, a thousand people in a transaction. Lines that are wrong are
// told and do not stop the others. An import that breaks off can be repeated: who is on the
// list already is counted as unchanged. rows is walked twice, so that a file that cannot be
// read to its end is refused before anything of it is stored.
func (l *OptOuts) Import(ctx context.Context, d *db.DB, siteID, source string, rows iter.Seq2[Row, error]) (out Imported, err error) {
	n := 0
	for _, err := range rows {
		if err != nil {
			return out, err
		}
		if n++; n > MostRows {
			return out, fault.New(fault.TooLarge, fault.CodeTooManyRecipients, "one import takes at most %d numbers; send the rest in further ones", MostRows)
		}
	}
	out.Rejections = []RejectedLine{}
	var wishes []Wish
	flush := func() error {
		if len(wishes) == 0 {
			return nil
		}
		c, err := l.AddAll(ctx, d, siteID, source, wishes)
		out.Counts.plus(c)
		wishes = wishes[:0]
		return err
	}
	for r, err := range rows {
		if err != nil {
			return out, err
		}
		out.Total++
		to, err := korea.ParseMobile(r.To)
		switch {
		case r.Wrong != "":
			out.reject(r, codeLine, r.Wrong)
			continue
		case err != nil:
			out.reject(r, codeNumber, err.Error())
			continue
		}
		if wishes = append(wishes, Wish{to, r.Scope}); len(wishes) == MostAtOnce {
			if err := flush(); err != nil {
				return out, err
			}
		}
	}
	return out, flush()
}

// AddAll is Add in a transaction of its own.
func (l *OptOuts) AddAll(ctx context.Context, d *db.DB, siteID, source string, wishes []Wish) (c Counts, err error) {
	err = d.Update(ctx, "opt_out_import", func(tx *db.Tx) (err error) {
		c, err = l.Add(tx, siteID, source, wishes)
		return err
	})
	return c, err
}

func (c *Counts) plus(more Counts) {
	c.Added += more.Added
	c.Widened += more.Widened
	c.Unchanged += more.Unchanged
}

func (i *Imported) reject(r Row, code, detail string) {
	i.Rejected++
	if len(i.Rejections) < maxRejected {
		i.Rejections = append(i.Rejections, RejectedLine{r.Line, shown(r.To), code, detail})
	}
}

func shown(text string) string {
	if runes := []rune(text); len(runes) > maxShownTo {
		return string(runes[:maxShownTo]) + "…"
	}
	return text
}

// columnNames are what providers of 080 numbers call the column, beside the usual names.
var columnNames = []string{"수신거부번호", "거부번호", "수신번호", "번호", "number"}

// FromSheet reads a list from a CSV file or a bare list of numbers, one a line. column is
// the name of the column with the numbers; "" = one with a usual name.
func FromSheet(file io.ReadSeeker, column string, scope Scope) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		in, err := sheet.Open(file, sheet.Options{Column: column, List: column == "", Also: columnNames})
		for err == nil {
			var row sheet.Row
			if row, err = in.Next(); err == nil && !yield(Row{Line: row.Line, To: row.To, Scope: scope}, nil) {
				return
			}
		}
		if !errors.Is(err, io.EOF) {
			yield(Row{}, err)
		}
	}
}

// FromLines reads a list from NDJSON: {"to": …, "scope": …} a line, where scope may be left
// out. A line that is something else is told and does not stop the others.
func FromLines(file io.ReadSeeker, scope Scope) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			yield(Row{}, fmt.Errorf("read the list from its start: %w", err))
			return
		}
		in := bufio.NewReaderSize(file, maxLineBytes)
		for line := 1; ; line++ {
			text, err := in.ReadSlice('\n')
			if errors.Is(err, bufio.ErrBufferFull) {
				at := fmt.Sprintf("/lines/%d", line)
				yield(Row{}, fault.New(fault.TooLarge, fault.CodeBodyTooLarge, "line %d is longer than %d KiB", line, maxLineBytes>>10).At(at, "too long"))
				return
			}
			if err != nil && !errors.Is(err, io.EOF) {
				yield(Row{}, fmt.Errorf("read the list: %w", err))
				return
			}
			if text = bytes.TrimSpace(text); len(text) > 0 && !yield(readLine(line, text, scope), nil) {
				return
			}
			if err != nil {
				return
			}
		}
	}
}

// readLine reads one line of NDJSON.
func readLine(line int, text []byte, scope Scope) Row {
	r := Row{Line: line, Scope: scope}
	var in struct {
		To    *string `json:"to"`
		Scope string  `json:"scope"`
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil || in.To == nil || d.More() {
		r.Wrong = fault.Word(`want an object such as {"to": "010-1234-5678", "scope": "advertising"}`).String()
		return r
	}
	r.To = *in.To
	if in.Scope != "" {
		var err error
		if r.Scope, err = ParseScope(in.Scope); err != nil {
			r.Wrong = fault.Word("scope: want advertising or all").String()
		}
	}
	return r
}
