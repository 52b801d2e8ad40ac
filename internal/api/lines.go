package api

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"

	"creditmsg/internal/fault"
	"creditmsg/internal/message"
)

// lines reads NDJSON: the message in its first line, then one recipient a line.
// Blank lines are passed over and counted. It needs the memory of one line.
type lines struct {
	from *bufio.Reader
	no   int // of the last line, from 1
}

func newLines(r io.Reader) *lines {
	return &lines{from: bufio.NewReaderSize(r, maxLine+2)} // with its line break
}

// next gives the next line that is not blank, good until the one after; io.EOF at
// the end.
func (l *lines) next() ([]byte, error) {
	for {
		line, err := l.from.ReadSlice('\n')
		l.no++
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
			return nil, err
		}
		end := errors.Is(err, io.EOF)
		if line = bytes.TrimRight(line, "\r\n"); len(line) > maxLine || errors.Is(err, bufio.ErrBufferFull) {
			return nil, l.at(fault.New(fault.TooLarge, fault.CodeBodyTooLarge, "line %d is longer than %d KiB", l.no, maxLine>>10))
		}
		if len(bytes.TrimSpace(line)) > 0 {
			return line, l.check(line)
		}
		if end {
			return nil, io.EOF
		}
	}
}

func (l *lines) check(line []byte) error {
	if err := readable(line); err != nil {
		return l.at(fault.Wrap(err, fault.Malformed, fault.CodeMalformed, "line %d cannot be read; nothing was accepted: %s", l.no, err))
	}
	return nil
}

// at points the fault to the present line.
func (l *lines) at(f *fault.Error) error {
	r := reading{path: l.path()}
	return f.At(r.pointer(), "%s", f.Sentence())
}

func (l *lines) path() []step { return []step{{name: "lines"}, {index: l.no}} }

// order reads the first line.
func (l *lines) order() (*order, error) {
	line, err := l.next()
	if errors.Is(err, io.EOF) {
		return nil, fault.New(fault.Malformed, fault.CodeMalformed, "the body is empty; its first line is the message")
	}
	if err != nil {
		return nil, err
	}
	o := &order{withoutCount: true, withoutNames: true}
	r := &reading{data: line, path: l.path()}
	o.read(r)
	return o, r.fault()
}

// addTo adds all recipients to a draft.
func (l *lines) addTo(ctx context.Context, d *message.Draft) error {
	variables := map[string]string{}
	r := &reading{}
	for n := 0; ; n++ {
		line, err := l.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if n == maxLines {
			return tooMany(maxLines)
		}
		*r = reading{data: line, path: append(r.path[:0], step{name: "lines"}, step{index: l.no})}
		who := r.person(variables)
		if r.wrong > 0 {
			return r.fault()
		}
		if err := d.Take(ctx, who); err != nil {
			return err
		}
	}
}

func tooMany(most int) error {
	return fault.New(fault.TooLarge, fault.CodeTooManyRecipients, "one request takes at most %d recipients; send the rest in further messages", most)
}
