package console

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"creditmsg/client"
)

// page is one request of a browser, and what is known of who makes it.
type page struct {
	*Console
	*tongue
	client *client.Client // nobody's, in the language of the page
	w      http.ResponseWriter
	r      *http.Request
	theme  string
	site   string          // that the page is about; "" = none
	me     client.Identity // what he may is on that site; zero where nobody is asked for
	api    *client.Client  // asks for him, about that site
	typed  url.Values      // what was in a form that somebody else than the form itself sent; nil = nothing
}

func (c *Console) page(w http.ResponseWriter, r *http.Request) *page {
	p := &page{Console: c, w: w, r: r, tongue: c.tongue[languageOf(r)], theme: themeOf(r), site: r.PathValue("site")}
	p.client = c.client.In(p.lang)
	p.api = p.client
	p.typed, _ = r.Context().Value(typedKey{}).(url.Values)
	return p
}

// ctx is the request's, from which the API learns where it comes from.
func (p *page) ctx() context.Context { return asking(p.r.Context(), p.r) }

// identify finds out who is signed in.
func (p *page) identify() (err error) {
	p.api = p.client.As(p.secret()).ForSite(p.site)
	p.me, err = p.api.Me(p.ctx())
	return err
}

// can reports whether the person may do something on the page's site.
func (p *page) can(permission string) bool { return slices.Contains(p.me.Permissions, permission) }

// maxForm is how large a form may be that has no file in it.
const maxForm = 1 << 20

var errForm = errors.New("the form cannot be read")

// readForm reads a form without files; one with files is read by who takes them.
func (p *page) readForm() error {
	if p.r.Method != http.MethodPost || p.r.PostForm != nil {
		return nil
	}
	if media, _, _ := mime.ParseMediaType(p.r.Header.Get("Content-Type")); media == "multipart/form-data" {
		return nil
	}
	body, err := io.ReadAll(io.LimitReader(p.r.Body, maxForm+1))
	if err == nil && len(body) > maxForm {
		err = errForm
	}
	if err == nil {
		p.r.PostForm, err = url.ParseQuery(string(body))
	}
	if err != nil {
		return errors.Join(errForm, err)
	}
	return nil
}

// path is below Root: of a site's page, path("messages", id) is that of its message.
func (p *page) path(parts ...string) string {
	if p.site != "" {
		parts = append([]string{"s", p.site}, parts...)
	}
	return to(parts...)
}

// to is a path below Root.
func to(parts ...string) string {
	for i, part := range parts {
		parts[i] = url.PathEscape(part)
	}
	return strings.Join(append([]string{Root}, parts...), "/")
}

// lead has the browser go on to another page, which it gets.
func (p *page) lead(path string) error {
	http.Redirect(p.w, p.r, path, http.StatusSeeOther)
	return nil
}

// show writes a page of view/ with what it shows.
func (p *page) show(name string, data any) error { return p.showAs(http.StatusOK, name, data) }

func (p *page) showAs(status int, name string, data any) error {
	var out bytes.Buffer
	if err := p.render(&out, name, view{page: p, Name: name, D: data}); err != nil {
		return err
	}
	h := p.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", p.lang)
	p.w.WriteHeader(status)
	_, _ = out.WriteTo(p.w) // that it cannot be written is the browser's leaving
	return nil
}

// nothing answers what no screen takes.
func (p *page) nothing() error {
	return &client.Problem{Status: http.StatusNotFound, Code: "not_found"}
}

// crossed answers a form that a page of another origin sent.
func (p *page) crossed() error {
	return p.showAs(http.StatusForbidden, "refused", refusal{Key: "refused.crossed"})
}

// refusal is what a page says instead of what was asked for.
type refusal struct {
	Key     string // of the sentence; "" = the API's own, Detail
	Detail  string
	Request string // by which the log has it
	Back    string // where to go on; "" = the first page
}

// refused answers an error of a button: what may be mended is said, with the way back.
func (p *page) refused(err error, back string) error {
	var problem *client.Problem
	if !errors.As(err, &problem) || !shown(problem) {
		return err
	}
	return p.showAs(problem.Status, "refused", refusal{Detail: problem.Detail, Request: problem.RequestID, Back: back})
}

// fail answers an error: it leads to where somebody signs in or gives his second factor, or says
// what went wrong.
func (p *page) fail(err error) {
	if p.r.Context().Err() != nil {
		return // the browser is gone
	}
	if asked, err2 := p.between(err); asked {
		if err2 == nil {
			return
		}
		err = err2
	}
	status, r := http.StatusInternalServerError, refusal{Key: "refused.internal"}
	var problem *client.Problem
	switch {
	case errors.Is(err, errForm):
		status, r = http.StatusBadRequest, refusal{Key: "refused.form"}
	case errors.As(err, &problem):
		status, r = problem.Status, refusal{Detail: problem.Detail, Request: problem.RequestID}
		if known[problem.Code] {
			r.Key = "refused." + problem.Code
		}
	default:
		p.Log.ErrorContext(p.r.Context(), "a page failed", "route", p.r.Pattern, "error", err)
	}
	if err := p.showAs(status, "refused", r); err != nil {
		p.Log.ErrorContext(p.r.Context(), "a page cannot be shown", "route", p.r.Pattern, "error", err)
		http.Error(p.w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
	}
}

// known are the codes that have a sentence of their own on the page of a refusal.
var known = map[string]bool{"not_found": true, "forbidden": true, "rate_limited": true, "unavailable": true, "internal": true, "method_not_allowed": true}
