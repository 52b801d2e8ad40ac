package console

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"creditmsg/client"
)

// bases are where pages lie that a site has, and the whole installation too.
var bases = []string{"/s/{site}/settings", "/operator/access"}

// screenAt puts a page below one of the bases. On the installation these are for operators: others the API
// would ask to name a site.
func screenAt(method, base, path string, do func(*page) error) screen {
	if !strings.HasPrefix(base, "/operator/") {
		return screen{pattern: method + " " + base + path, do: do}
	}
	return screen{pattern: method + " " + base + path, do: func(p *page) error {
		if !p.me.Operator {
			return &client.Problem{Status: http.StatusForbidden, Code: "forbidden"}
		}
		return do(p)
	}}
}

func settingScreens() []screen {
	return []screen{
		{pattern: "GET /s/{site}/settings", do: (*page).settings},
		{pattern: "GET /s/{site}/settings/api", do: (*page).developers},
		{pattern: "GET /operator/access", do: (*page).access},
	}
}

// The pages of an area, in the order of its tabs.
var (
	settingTabs = []door{
		{"people", "", []string{"settings", "people"}, "users:read"},
		{"roles", "", []string{"settings", "roles"}, "roles:read"},
		{"limits", "", []string{"settings", "limits"}, "messages:read"},
		{"privacy", "", []string{"settings", "privacy"}, "contacts:read"},
		{"audit", "", []string{"settings", "audit"}, "audit:read"},
	}
	developerTabs = []door{
		{"tokens", "", []string{"settings", "api", "tokens"}, "tokens:read"},
		{"webhooks", "", []string{"settings", "api", "webhooks"}, "webhooks:read"},
		{"events", "", []string{"settings", "api", "events"}, "webhooks:read"},
		{"test", "", []string{"settings", "api", "test"}, "messages:read"},
	}
	houseTabs = []door{
		{"people", "", []string{"operator", "access", "people"}, "operator"},
		{"roles", "", []string{"operator", "access", "roles"}, "operator"},
		{"tokens", "", []string{"operator", "access", "tokens"}, "operator"},
	}
	inboxTabs = []door{
		{"inbox", "", []string{"operator", "inbox"}, "operator"},
		{"runs", "", []string{"operator", "inbox", "runs"}, "operator"},
	}
)

// ofLive are the pages that a test site does not have: its people are those of the site that it belongs to.
var ofLive = map[string]bool{"people": true, "roles": true}

// Tabs are the pages of the area that one of them belongs to, as far as the person may see them.
func (s sheet) Tabs(on string) (out []place) {
	areas := [][]door{settingTabs, developerTabs}
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

func (p *page) settings() error { return p.first(settingTabs) }

func (p *page) developers() error { return p.first(developerTabs) }

func (p *page) access() error { return p.first(houseTabs) }

// first leads to the first page of an area that the person may see.
func (p *page) first(area []door) error {
	for _, d := range area {
		if p.canAny(d.needs) && !(strings.HasSuffix(p.site, testMark) && ofLive[d.key]) {
			return p.lead(p.path(d.parts...))
		}
	}
	return &client.Problem{Status: http.StatusForbidden, Code: "forbidden"}
}

// area is a path of what a site has and the installation too.
func (p *page) area(parts ...string) string {
	if p.site == "" {
		return to(append([]string{"operator", "access"}, parts...)...)
	}
	return p.path(append([]string{"settings"}, parts...)...)
}

// Area is such a path for pages.
func (s sheet) Area(parts ...string) string { return s.page.area(parts...) }

// testMark ends the ids of test sites.
const testMark = ".test"

// Testing reports whether the page is about a test site.
func (s sheet) Testing() bool { return strings.HasSuffix(s.page.site, testMark) }

// Live is the site that a test site belongs to.
func (s sheet) Live() string { return strings.TrimSuffix(s.page.site, testMark) }

// Key is for a button that is a form by itself.
func (s sheet) Key() string { return rand.Text() }

// Asked is the question that is open: without JavaScript its button leads to the page with it.
func (s sheet) Asked() string { return s.page.r.URL.Query().Get("ask") }

// Ask is the address of the page with a question open.
func (s sheet) Ask(id string) string {
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

// linesOf are the values of a field that has one in each line.
func (f form) linesOf(name string) []string {
	return strings.FieldsFunc(f.Get(name), func(r rune) bool { return strings.ContainsRune("\n\r, \t", r) })
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

// dayOf reads a day of a filter in Korea; what is none narrows nothing.
func dayOf(text string) time.Time {
	at, err := time.ParseInLocation(time.DateOnly, text, korea)
	if err != nil {
		return time.Time{}
	}
	return at
}

// dayAfter is the end of a day.
func dayAfter(text string) time.Time {
	if at := dayOf(text); !at.IsZero() {
		return at.AddDate(0, 0, 1)
	}
	return time.Time{}
}

// minuteForm is how browsers write a time.
const minuteForm = "2006-01-02T15:04"

// minuteOf reads a time in Korea as browsers write it, with seconds or without.
func minuteOf(text string) time.Time {
	for _, form := range []string{minuteForm, minuteForm + ":05"} {
		if at, err := time.ParseInLocation(form, text, korea); err == nil {
			return at
		}
	}
	return time.Time{}
}

// private keeps a page that shows a secret, or people, out of every cache.
func (p *page) private() { p.w.Header().Set("Cache-Control", "no-store") }

// narrowing is a form of the filters of a list: what they are stands in the address.
func (p *page) narrowing() form { return form{Values: p.r.URL.Query()} }

// wordsOf makes the choices of a list of words.
func (p *page) wordsOf(word func(string) string, values ...string) (out []choice) {
	for _, one := range values {
		out = append(out, choice{one, word(one)})
	}
	return out
}

// orAll puts the choice of all before others.
func (p *page) orAll(list []choice) []choice {
	return append([]choice{{"", p.say("all")}}, list...)
}
