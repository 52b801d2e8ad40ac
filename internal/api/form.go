package api

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"creditmsg/internal/fault"
	"creditmsg/internal/message"
	"creditmsg/internal/sheet"
)

// maxField is how many bytes a name in a form has at most, besides the limits of uploads.
const maxField = 1 << 10

// form is a list and what is said about it as multipart/form-data. Its parts may come in any
// order, so the list is kept on disk until all of them are there; it has to be read twice
// anyway.
type form struct {
	texts map[string]string // the other parts, by their names
	file  string            // what the list is called where it comes from; "" = it is not said
	list  *os.File
	size  int64
	sum   hash.Hash // of the list
	disk  *holding
}

// close lets the list go.
func (f *form) close() {
	if f.list != nil {
		_ = f.list.Close()
	}
	f.disk.release()
}

// spool makes a file on disk that nobody else sees, and of which nothing stays.
func spool() (*os.File, error) {
	file, err := os.CreateTemp("", "creditmsg-*")
	if err == nil {
		err = os.Remove(file.Name())
	}
	if err != nil {
		return nil, noDisk(err)
	}
	return file, nil
}

// toDisk writes to a file. What the disk refuses is no fault of the client's.
type toDisk struct{ file *os.File }

func (d toDisk) Write(p []byte) (int, error) {
	n, err := d.file.Write(p)
	if err != nil {
		err = noDisk(err)
	}
	return n, err
}

func noDisk(err error) error {
	return fault.Wrap(err, fault.Unavailable, fault.CodeUnavailable, "the file cannot be kept on the server's disk at the moment; try again later")
}

// takeForm reads the whole body, whose parts besides the list may be so long. What a repeat of
// the request has to be like is what its parts hold: how they are put together differs each
// time.
func (a *api) takeForm(w http.ResponseWriter, r *http.Request, x *exchange, known map[string]int64) (_ *form, err error) {
	u, err := newUpload(w, r, maxUpload, uploadWithin)
	if err != nil {
		return nil, err
	}
	_, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type")) // mediaOf read it before
	if params["boundary"] == "" {
		return nil, fault.New(fault.Malformed, fault.CodeMalformed, "the Content-Type of the form names no boundary")
	}
	f := &form{texts: map[string]string{}, sum: sha256.New(), disk: a.holding(a.disk, r)}
	body, err := f.disk.body(r.Context(), u, r.ContentLength)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			f.close()
		}
	}()
	parts := multipart.NewReader(body, params["boundary"])
	for {
		p, err := parts.NextRawPart()
		if err == io.EOF {
			break
		}
		if err == nil {
			err = f.take(p, known)
		}
		if err != nil {
			return nil, u.wrong(err)
		}
	}
	if f.size == 0 {
		return nil, fault.Check("/list", "want a list of recipients as CSV or XLSX")
	}
	x.beginSum(r)
	for _, name := range slices.Sorted(maps.Keys(f.texts)) {
		fmt.Fprintf(x.sum, "%s %q ", name, f.texts[name])
	}
	x.sum.Write(f.sum.Sum(nil))
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
func (f *form) take(p *multipart.Part, known map[string]int64) (err error) {
	name := p.FormName()
	_, twice := f.texts[name]
	switch {
	case twice, name == "list" && f.list != nil:
		return fault.Check("/"+name, "given twice")
	case name == "list":
		f.file = p.FileName()
		if f.list, err = spool(); err != nil {
			return err
		}
		f.size, err = io.Copy(io.MultiWriter(toDisk{f.list}, f.sum), p)
	case known[name] > 0:
		f.texts[name], err = within(p, "/"+name, known[name])
	default:
		return fault.Check("/"+cut(name), "there is no such part here; want list, %s", strings.Join(slices.Sorted(maps.Keys(known)), ", "))
	}
	return err
}

// within reads a part that is a short text.
func within(p io.Reader, place string, most int64) (string, error) {
	text, err := io.ReadAll(io.LimitReader(p, most+1))
	if err == nil && int64(len(text)) > most {
		err = fault.New(fault.TooLarge, fault.CodeBodyTooLarge, "%s is longer than %d KiB", place, most>>10).At(place, "too long")
	}
	if err == nil && (!utf8.Valid(text) || bytes.IndexByte(text, 0) >= 0) {
		err = fault.New(fault.Malformed, fault.CodeMalformed, "%s is not readable as text in UTF-8", place).At(place, "want text in UTF-8")
	}
	return string(text), err
}

// messageForm is what a message and its list come as.
var messageForm = map[string]int64{"message": maxLine, "to_column": maxField, "sheet": maxField}

// order reads the message.
func (f *form) order() (*order, error) {
	text := []byte(f.texts["message"])
	if len(text) == 0 {
		return nil, fault.Check("/message", "want the message as JSON, without recipients")
	}
	if err := readable(text); err != nil {
		return nil, fault.Wrap(err, fault.Malformed, fault.CodeMalformed, "the message cannot be read: %s", err).At("/message", "%s", err)
	}
	o := &order{withoutCount: true, withoutNames: true}
	r := &reading{data: text, path: []step{{name: "message"}}}
	o.read(r)
	return o, r.fault()
}

// source is the list of the form.
func (f *form) source() listFile { return listFile{f.list, f.size, f.disk.who} }

func (f *form) options() sheet.Options {
	return sheet.Options{Column: f.texts["to_column"], Sheet: f.texts["sheet"]}
}

// sendForm takes a message and its list.
func (a *api) sendForm(w http.ResponseWriter, r *http.Request, x *exchange, o operation) (*reply, error) {
	f, err := a.takeForm(w, r, x, messageForm)
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
	order.sentBy(x, key, keyed)
	draft, err := a.Messages.Draft(r.Context(), x.site, order.Request)
	if err != nil {
		return nil, err
	}
	err = a.addRows(r.Context(), f.source(), f.options(), filling{order: order, draft: draft})
	if err == nil {
		err = order.addGroups(r.Context(), draft)
	}
	if err != nil {
		return nil, a.discarded(r.Context(), draft, err)
	}
	return a.accept(r.Context(), draft, key, keyed)
}

func (a *api) estimateForm(w http.ResponseWriter, r *http.Request, x *exchange) (*message.Draft, error) {
	f, err := a.takeForm(w, r, x, messageForm)
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
	if err := a.addRows(r.Context(), f.source(), f.options(), filling{order: order, draft: draft}); err != nil {
		return nil, err
	}
	return draft, order.addGroups(r.Context(), draft)
}
