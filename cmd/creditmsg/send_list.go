package main

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"

	"creditmsg/client"
	"creditmsg/internal/fault"
	"creditmsg/internal/sheet"
)

// jsonBytes is where a request would come near the API's limit for JSON with few but
// long recipients; the message itself has the rest.
const jsonBytes = client.JSONBytes - 2<<20

// list is the recipients of one run. They can be walked several times, because a
// request may be repeated; of a file only the line numbers are kept in memory.
type list struct {
	name  string  // of the file; "" for numbers of the command line
	lines []int32 // of the file, by index
	count int
	bytes int // about what the recipients need as JSON
	rows  func() iter.Seq2[client.Recipient, error]
	close func()
}

// streams says whether there are too many recipients for one JSON request.
func (l *list) streams() bool { return l.count > client.JSONRecipients || l.bytes > jsonBytes }

// line is where a recipient stands in the file, 0 when there is no file.
func (l *list) line(index int64) int {
	if l == nil || index < 0 || index >= int64(len(l.lines)) {
		return 0
	}
	return int(l.lines[index])
}

// recipients reads the recipients once, so that a list that cannot be read is refused
// before anything is sent.
func (v *sendVerb) recipients(stdin io.Reader) (*list, error) {
	if v.file() == "" {
		return numbers(v.To), nil
	}
	file, done, err := openSeekable(v.file(), stdin)
	if err != nil {
		return nil, err
	}
	l := &list{name: v.file(), close: done}
	open, err := v.opener(file)
	if err != nil {
		done()
		return l, err
	}
	l.rows = func() iter.Seq2[client.Recipient, error] {
		return sheetRows(open, v.Advertising, func(int) {})
	}
	for r, err := range sheetRows(open, v.Advertising, func(line int) { l.lines = append(l.lines, int32(line)) }) {
		if err != nil {
			done()
			return l, err
		}
		l.count++
		l.bytes += jsonSize(r)
	}
	if l.count == 0 {
		done()
		return l, fault.New(fault.Invalid, fault.CodeNoRecipients, "the file has a header and no recipients")
	}
	return l, nil
}

// opener gives what begins to read the file, each time from its start.
func (v *sendVerb) opener(file *os.File) (func() (*sheet.Reader, error), error) {
	o := sheet.Options{Column: v.ToColumn, Sheet: v.Sheet}
	if v.XLSX == "" {
		return func() (*sheet.Reader, error) { return sheet.Open(file, o) }, nil
	}
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	book, err := sheet.OpenBook(file, info.Size(), o)
	if err != nil {
		return nil, err
	}
	return book.Reader, nil
}

// numbers is the list of the command line.
func numbers(to []string) *list {
	l := &list{close: func() {}}
	var all []client.Recipient
	for _, n := range to {
		if n = strings.TrimSpace(n); n != "" {
			all = append(all, client.Recipient{To: n})
		}
	}
	l.count = len(all)
	l.rows = func() iter.Seq2[client.Recipient, error] {
		return func(yield func(client.Recipient, error) bool) {
			for _, r := range all {
				if !yield(r, nil) {
					return
				}
			}
		}
	}
	return l
}

// sheetRows walks a sheet from its start; at is called with the line of each row.
func sheetRows(open func() (*sheet.Reader, error), advertising bool, at func(line int)) iter.Seq2[client.Recipient, error] {
	return func(yield func(client.Recipient, error) bool) {
		reader, err := open()
		if err != nil {
			yield(client.Recipient{}, err)
			return
		}
		defer reader.Close()
		columns := reader.Columns()
		var consents sheet.Consents
		if advertising {
			consents = sheet.FindConsents(columns)
		}
		for {
			row, err := reader.Next()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(client.Recipient{}, err)
				return
			}
			r := client.Recipient{To: row.To}
			if len(columns) > 0 {
				r.Variables = make(map[string]string, len(columns))
			}
			for i, name := range columns {
				if !consents.Has(i) {
					r.Variables[name] = row.Values[i]
				}
			}
			if r.ConsentAt, r.NightConsent, err = consents.Read(row); err != nil {
				yield(client.Recipient{}, err)
				return
			}
			at(row.Line)
			if !yield(r, nil) {
				return
			}
		}
	}
}

// jsonSize is about the size of a recipient as JSON: exact but for escaped characters.
func jsonSize(r client.Recipient) int {
	size := len(`{"to":"","variables":{}},`) + len(r.To)
	if !r.ConsentAt.IsZero() {
		size += len(`,"consent_at":"2026-12-01T09:00:00+09:00"`)
	}
	if r.NightConsent {
		size += len(`,"night_consent":true`)
	}
	for name, value := range r.Variables {
		size += len(`"":"",`) + len(name) + len(value)
	}
	return size
}

// openSeekable opens a file for several readings. What cannot be read twice, such as
// standard input or a pipe, is copied to a temporary file first.
func openSeekable(path string, stdin io.Reader) (*os.File, func(), error) {
	from := stdin
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return nil, nil, err
		}
		if info, err := file.Stat(); err == nil && info.Mode().IsRegular() {
			return file, func() { file.Close() }, nil
		}
		defer file.Close()
		from = file
	}
	spool, err := os.CreateTemp("", "creditmsg-*.csv")
	if err != nil {
		return nil, nil, fmt.Errorf("keep a copy of %s: %w", path, err)
	}
	done := func() {
		spool.Close()
		os.Remove(spool.Name())
	}
	if _, err := io.Copy(spool, from); err != nil {
		done()
		return nil, nil, fmt.Errorf("keep a copy of %s: %w", path, err)
	}
	return spool, done, nil
}
