package console

import (
	"cmp"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"creditmsg/client"
)

// option is one value of a field that has few.
type option struct{ Value, Text string }

// choices are the options of a list of words: the text of each is LIST.VALUE.
func (p *page) choices(list string, values ...string) (out []option) {
	for _, v := range values {
		out = append(out, option{v, p.word(list, v)})
	}
	return out
}

// madeFrom is the field that keeps the ETag of what a form was made from.
const madeFrom = "_tag"

// noTag is no thing's ETag: a form without one was not made from anything.
const noTag = `"none"`

// unchanged asks for a change that happens only if the thing is still what the form was made from.
func (p *page) unchanged(f form) *client.Client {
	return p.api.Once(f.Key()).IfMatch(cmp.Or(f.Get(madeFrom), noTag))
}

// change is a field of a setting that is not any more what a form was made from.
type change struct{ Label, Now, Typed string }

// settles is what a form has of a setting: its fields in order, and what they are now.
type settles struct {
	names []string
	now   map[string]string
	label string // of the keys of labels: LABEL.NAME
}

// begin fills a form with a setting as it is now.
func (s settles) begin(f form, tag string) form {
	f = f.Filled(s.now)
	if f.Get(madeFrom) == "" {
		f.Set(madeFrom, tag)
	}
	return f
}

// overtaken notes what somebody else changed meanwhile, beside what was typed. The form counts for
// what is there now from here on, so that sending it again is a decision.
func (s settles) overtaken(p *page, f *form, tag string) {
	f.Problem, f.Errors, f.Changed = p.say("money.overtaken"), nil, nil
	f.Set(madeFrom, tag)
	f.Del(keyField)
	for _, name := range s.names {
		if now, typed := s.now[name], f.Get(name); now != typed {
			f.Changed = append(f.Changed, change{p.say(s.label + "." + name), now, typed})
		}
	}
}

// isOvertaken reports whether a change was refused because the thing is not as it was.
func isOvertaken(err error) bool { return client.IsProblem(err, "precondition_failed") }

// typedWon is an amount as the API takes it from what people write: 50,000원.
func typedWon(text string) client.Amount {
	return client.Amount(strings.NewReplacer(",", "", " ", "", "₩", "", "\u00a0", "", "\uc6d0", "").Replace(text))
}

// plainWon is an amount as people type it: without zeros behind its point, and "" for none.
func plainWon(a client.Amount) string {
	if a == "" {
		return ""
	}
	return strings.ReplaceAll(won(a), ",", "")
}

// file hands a file on to the browser as the API writes it. What goes wrong before its first byte is
// told like everywhere.
func (p *page) file(name, media string, write func(w io.Writer) error) error {
	f := &fileWriter{p: p, name: name, media: media}
	if err := write(f); err != nil {
		if !f.begun {
			return err
		}
		// What was sent is not all there is: the connection ends without the rest, and the browser sees that.
		p.Log.ErrorContext(p.r.Context(), "a file broke off", "route", p.r.Pattern, "error", err)
		_ = http.NewResponseController(p.w).SetWriteDeadline(time.Unix(1, 0))
		return nil
	}
	if !f.begun {
		_, err := f.Write(nil) // an empty file
		return err
	}
	return nil
}

type fileWriter struct {
	p           *page
	name, media string
	begun       bool
}

// Write implements io.Writer.
func (f *fileWriter) Write(b []byte) (int, error) {
	if !f.begun {
		f.begun = true
		h := f.p.w.Header()
		h.Set("Content-Type", f.media)
		h.Set("Cache-Control", "private, no-store")
		if f.name != "" {
			h.Set("Content-Disposition", `attachment; filename="`+f.name+`"`)
		}
	}
	return f.p.w.Write(b)
}

// Media types of files.
const (
	mediaCSV    = "text/csv; charset=utf-8"
	mediaXLSX   = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	mediaJSON   = "application/json"
	mediaNDJSON = "application/x-ndjson"
	mediaHTML   = "text/html; charset=utf-8"
)

// address is that of a page as others have to send a browser to it.
func (p *page) address(path string) string {
	scheme := "http"
	if p.encrypted() || p.r.Header.Get("X-Forwarded-Proto") == "https" {
		scheme = "https"
	}
	return (&url.URL{Scheme: scheme, Host: p.r.Host, Path: path}).String()
}

// at is the page of a list that the address asks for.
func (p *page) at(limit int) client.Paging {
	return client.Paging{Limit: limit, Cursor: p.r.URL.Query().Get("cursor")}
}

// Asked reports whether the address opens a question of the page: buttons lead there where no script opens it.
func (s view) Asked(question string) bool { return s.page.r.URL.Query().Get("ask") == question }

// said is the sentence of a refusal.
func said(err error) string {
	var problem *client.Problem
	if errors.As(err, &problem) {
		if len(problem.Errors) > 0 {
			return problem.Errors[0].Detail
		}
		return problem.Detail
	}
	return ""
}
