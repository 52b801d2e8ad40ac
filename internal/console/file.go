package console

import (
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// How large files may be that people bring: a list of some hundred thousand people, and a document.
const (
	mostList     = 32 << 20
	mostDocument = 5 << 20
	aside        = 1 << 20 // what else is in their forms
)

// upload is a file that came with a form.
type upload struct {
	Name    string
	Content []byte
}

// withFile reads a form that has a file in it. One that is missing or too large is noted beside its field:
// ok tells whether the form can be used.
func (p *page) withFile(name string, most int64) (f form, u upload, ok bool, err error) {
	p.r.Body = http.MaxBytesReader(p.w, p.r.Body, most+aside)
	if err := p.r.ParseMultipartForm(aside); err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			f = form{Values: url.Values{}}
			f.mark(p, name, p.say("file.large", "MiB", most>>20))
			return f, u, false, nil
		}
		return f, u, false, errors.Join(errForm, err)
	}
	defer func() { _ = p.r.MultipartForm.RemoveAll() }()
	f = form{Values: url.Values(p.r.MultipartForm.Value)}
	files := p.r.MultipartForm.File[name]
	switch {
	case len(files) == 0 || files[0].Size == 0:
		f.mark(p, name, p.say("file.none"))
		return f, u, false, nil
	case files[0].Size > most:
		f.mark(p, name, p.say("file.large", "MiB", most>>20))
		return f, u, false, nil
	}
	u.Name = files[0].Filename
	u.Content, err = whole(files[0])
	return f, u, err == nil, err
}

func whole(h *multipart.FileHeader) ([]byte, error) {
	from, err := h.Open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = from.Close() }()
	return io.ReadAll(from)
}

// note says that a field cannot be used.
func (f *form) mark(p *page, name, why string) {
	if f.Errors == nil {
		f.Errors = map[string]string{}
	}
	f.Errors[name], f.Problem = why, p.say("form.wrong")
}

// handed writes what comes from the API into a file of the browser's. Its header is written with its
// first byte: until then a refusal is shown as everywhere.
type handed struct {
	p     *page
	media string
	name  string
	begun bool
}

// Write implements io.Writer.
func (d *handed) Write(b []byte) (int, error) {
	if !d.begun {
		d.begun = true
		h := d.p.w.Header()
		h.Set("Content-Type", d.media)
		h.Set("Content-Disposition", `attachment; filename*=UTF-8''`+url.PathEscape(d.name))
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
	}
	return d.p.w.Write(b)
}

// export has the API write a list into a file of the browser's.
func (p *page) export(name string, write func(format string, w io.Writer) error) error {
	format, media := "csv", "text/csv; charset=utf-8"
	if p.r.URL.Query().Get("format") == "xlsx" {
		format, media = "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	}
	to := &handed{p: p, media: media, name: name + "." + format}
	err := write(format, to)
	if err == nil || !to.begun {
		return err
	}
	p.Log.WarnContext(p.r.Context(), "a list ends too early", "route", p.r.Pattern, "error", err)
	// A deadline that is over breaks the reply off: what came must not look whole.
	if err := http.NewResponseController(p.w).SetWriteDeadline(time.Unix(1, 0)); err != nil {
		p.Log.WarnContext(p.r.Context(), "a list that ends too early cannot be broken off", "error", err)
	}
	return nil
}

// number reads a whole number of a form; what is none is noted beside it.
func (f *form) number(p *page, name string) int64 {
	n, err := strconv.ParseInt(f.Get(name), 10, 64)
	if err != nil || n < 0 {
		f.mark(p, name, p.say("form.number"))
		return 0
	}
	return n
}
