package api

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"creditmsg/internal/fault"
	"creditmsg/internal/message"
	"creditmsg/internal/sheet"
)

// Limits of forms, besides those of uploads.
const (
	maxField  = 1 << 10 // bytes of a name in a form
	diskRoom  = 2 << 30 // bytes of lists on disk at once
	readQuick = 10 * time.Minute
)

// form is a message and its list as multipart/form-data. Its parts may come in any order, so
// the list is kept on disk until all of them are there; it has to be read twice anyway.
type form struct {
	message []byte
	column  string
	sheet   string
	list    *os.File
	size    int64
	sum     hash.Hash // of the list
	release func()
}

// close lets the list go.
func (f *form) close() {
	if f.list != nil {
		_ = f.list.Close()
	}
	f.release()
}

// spool makes a file on disk that nobody else sees, and of which nothing stays.
func spool() (*os.File, error) {
	file, err := os.CreateTemp("", "creditmsg-*")
	if err == nil {
		err = os.Remove(file.Name())
	}
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, fault.CodeUnavailable, "the file cannot be kept on the server's disk at the moment; try again later")
	}
	return file, nil
}

// takeForm reads the whole body. What a repeat of the request has to be like is what its
// parts hold: how they are put together differs each time.
func (a *api) takeForm(w http.ResponseWriter, r *http.Request, x *exchange) (_ *form, err error) {
	u, err := newUpload(w, r, maxUpload, uploadWithin)
	if err != nil {
		return nil, err
	}
	_, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type")) // mediaOf read it before
	if params["boundary"] == "" {
		return nil, fault.New(fault.Malformed, fault.CodeMalformed, "the Content-Type of the form names no boundary")
	}
	f := &form{sum: sha256.New()}
	size := r.ContentLength
	if size < 0 {
		size = maxUpload
	}
	if f.release, err = take(r.Context(), a.disk, size); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			f.close()
		}
	}()
	parts := multipart.NewReader(u, params["boundary"])
	seen := map[string]bool{}
	for {
		p, err := parts.NextRawPart()
		if err == io.EOF {
			break
		}
		if err == nil {
			err = f.take(p, seen)
		}
		if err != nil {
			return nil, u.wrong(err)
		}
	}
	if err := f.complete(seen); err != nil {
		return nil, err
	}
	x.beginSum(r)
	fmt.Fprintf(x.sum, "%d %s %q %q %d ", len(f.message), f.message, f.column, f.sheet, f.size)
	x.sum.Write(f.sum.Sum(nil))
	if f.size > smallBody {
		// Reading it takes a while, and a deadline of ours would outlive it on the connection.
		_ = u.control.SetWriteDeadline(time.Now().Add(readQuick))
		w.Header().Set("Connection", "close")
	}
	return f, nil
}

// wrong words the error of a body that is no form.
func (u *upload) wrong(err error) error {
	if u.failed != nil {
		return u.failed
	}
	if _, is := errors.AsType[*fault.Error](err); is {
		return err
	}
	return fault.Wrap(err, fault.Malformed, fault.CodeMalformed, "the body is no multipart/form-data, or ends too early")
}

// take takes one part.
func (f *form) take(p *multipart.Part, seen map[string]bool) (err error) {
	name := p.FormName()
	if seen[name] {
		return fault.Check("/"+cut(name), "given twice")
	}
	seen[name] = true
	switch name {
	case "message":
		f.message, err = within(p, "/message", maxLine)
	case "to_column":
		f.column, err = word(p, "/to_column")
	case "sheet":
		f.sheet, err = word(p, "/sheet")
	case "list":
		if f.list, err = spool(); err != nil {
			return err
		}
		f.size, err = io.Copy(io.MultiWriter(f.list, f.sum), p)
	default:
		return fault.Check("/"+cut(name), "there is no such part here; want message, list, to_column and sheet")
	}
	return err
}

// within reads a part that is small.
func within(p io.Reader, place string, most int64) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(p, most+1))
	if err == nil && int64(len(text)) > most {
		err = fault.New(fault.TooLarge, fault.CodeBodyTooLarge, "%s is longer than %d KiB", place, most>>10).At(place, "too long")
	}
	return text, err
}

// word reads a part that is a name.
func word(p io.Reader, place string) (string, error) {
	text, err := within(p, place, maxField)
	if err == nil && (!utf8.Valid(text) || strings.ContainsRune(string(text), 0)) {
		err = fault.Check(place, "want text in UTF-8")
	}
	return string(text), err
}

// complete checks that everything is there.
func (f *form) complete(seen map[string]bool) error {
	switch {
	case !seen["message"]:
		return fault.Check("/message", "want the message as JSON, without recipients")
	case !seen["list"] || f.size == 0:
		return fault.Check("/list", "want a list of recipients as CSV or XLSX")
	}
	return nil
}

// order reads the message.
func (f *form) order() (*order, error) {
	if err := readable(f.message); err != nil {
		return nil, fault.Wrap(err, fault.Malformed, fault.CodeMalformed, "the message cannot be read: %s", err).At("/message", "%s", err)
	}
	o := &order{withoutCount: true, withoutNames: true}
	r := &reading{data: f.message, path: []step{{name: "message"}}}
	o.read(r)
	return o, o.refused(r)
}

// rows is an open list.
type rows struct {
	*sheet.Reader
	release func()
}

func (r *rows) close() {
	_ = r.Close() // what it leaves on disk is in the folder for what is temporary
	r.release()
}

// openList opens a list by what it is. The memory that a workbook takes is waited for.
func (a *api) openList(ctx context.Context, list *os.File, size int64, o sheet.Options) (*rows, error) {
	out := &rows{release: func() {}}
	if !sheet.IsBook(list) {
		if o.Sheet != "" {
			return nil, fault.Check("/sheet", "the list is no workbook and has no sheets")
		}
		var err error
		out.Reader, err = sheet.Open(list, o)
		return out, err
	}
	book, err := sheet.OpenBook(list, size, o)
	if err != nil {
		return nil, err
	}
	if out.release, err = a.takeRoom(ctx, min(book.Memory(), bodyRoom)); err != nil {
		return nil, err
	}
	if out.Reader, err = book.Reader(); err != nil {
		out.release()
		return nil, err
	}
	return out, nil
}

// addTo adds all recipients of the list to a draft.
func (f *form) addTo(ctx context.Context, a *api, d *message.Draft) error {
	list, err := a.openList(ctx, f.list, f.size, sheet.Options{Column: f.column, Sheet: f.sheet})
	if err != nil {
		return err
	}
	defer list.close()
	columns, variables := list.Columns(), map[string]string{}
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
		for i, name := range columns {
			variables[name] = row.Values[i]
		}
		if err := d.AddLine(ctx, row.Line, row.To, variables); err != nil {
			return err
		}
	}
}

// sendForm takes a message and its list.
func (a *api) sendForm(w http.ResponseWriter, r *http.Request, x *exchange, o operation) (*reply, error) {
	f, err := a.takeForm(w, r, x)
	if err != nil {
		return nil, err
	}
	defer f.close()
	key, keyed, err := x.idemKey(o)
	if err != nil {
		return nil, err
	}
	if keyed {
		if out, err := a.sentBefore(r.Context(), key); out != nil || err != nil {
			return out, err
		}
	}
	order, err := f.order()
	if err != nil {
		return nil, err
	}
	draft, err := a.Messages.Draft(r.Context(), x.site, order.Request)
	if err != nil {
		return nil, err
	}
	if err := f.addTo(r.Context(), a, draft); err != nil {
		return nil, a.discarded(r.Context(), draft, err)
	}
	return a.accept(r.Context(), draft, key, keyed)
}

func (a *api) estimateForm(w http.ResponseWriter, r *http.Request, x *exchange) (*message.Draft, error) {
	f, err := a.takeForm(w, r, x)
	if err != nil {
		return nil, err
	}
	defer f.close()
	order, err := f.order()
	if err != nil {
		return nil, err
	}
	draft, err := a.Messages.Estimate(r.Context(), x.site, order.Request)
	if err != nil {
		return nil, err
	}
	return draft, f.addTo(r.Context(), a, draft)
}
