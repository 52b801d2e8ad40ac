package console

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"creditmsg/client"
)

// What the screens of settings have in common: tabs, questions before an act, and forms of a thing that
// somebody else may have changed meanwhile.

// Tabs are the pages of the area that one of them belongs to, as far as the person may see them.
func (s view) Tabs(on string) (out []place) {
	areas := [][]door{kakaoTabs, ruleTabs, bookTabs, settingTabs, developerTabs}
	if s.page.site == "" {
		areas = [][]door{houseTabs, inboxTabs}
	}
	for _, area := range areas {
		if !slices.ContainsFunc(area, func(d door) bool { return d.key == on }) {
			continue
		}
		for _, d := range area {
			if s.page.canAny(d.needs) && !(s.Testing() && ofLive[d.key]) {
				out = append(out, place{Key: d.key, Path: s.page.path(d.parts...), On: d.key == on})
			}
		}
	}
	return out
}

// Key is for a button that is a form by itself.
func (s view) Key() string { return rand.Text() }

// Ask is the address of the page with a question open.
func (s view) Ask(id string) string {
	q := url.Values{}
	if s.page.r.Method == http.MethodGet {
		q = s.page.r.URL.Query()
	}
	q.Set("ask", id)
	return "?" + q.Encode()
}

// tagField keeps the ETag of the setting that a form was made from.
const tagField = "_tag"

// once asks for a change that this form makes once.
func (p *page) once(f form) *client.Client { return p.api.Once(f.Key()) }

// onto asks for a change of the setting as the form was made from it.
func (p *page) onto(f form) *client.Client {
	api := p.once(f)
	if tag := f.Get(tagField); tag != "" {
		return api.IfMatch(tag)
	}
	return api
}

// fresh makes the form one of the setting as it is now, with what was typed kept: whoever sends it again
// has seen what somebody else made of it, and means it.
func (f *form) fresh(p *page, tag string) {
	f.Set(tagField, tag)
	f.Del(keyField)
	f.Problem, f.Errors = p.say("form.meanwhile"), nil
}

// overtaken reports whether somebody changed a setting since the form was made.
func overtaken(err error) bool { return client.IsProblem(err, "precondition_failed") }

// chosen are the values of check boxes.
func (f form) chosen(name string) (out []string) {
	for _, one := range f.Values[name] {
		if one = strings.TrimSpace(one); one != "" {
			out = append(out, one)
		}
	}
	return out
}

// listed gives the entries of a list of the API their place beside one field.
func listed(pointer, name string, n int) map[string]string {
	out := map[string]string{pointer: name}
	for i := range n {
		out[pointer+"/"+strconv.Itoa(i)] = name
	}
	return out
}

// fill is a form with what a thing is like now, if nothing else was typed.
func (f form) fill(now url.Values) form {
	if len(f.Values) == 0 {
		f.Values = now
	}
	return f
}

// wordsOf makes the choices of a list of words.
func (p *page) wordsOf(word func(string) string, values ...string) (out []choice) {
	for _, one := range values {
		out = append(out, choice{one, word(one)})
	}
	return out
}

// private keeps a page that shows people out of every cache.
func (p *page) private() { p.w.Header().Set("Cache-Control", "no-store") }
