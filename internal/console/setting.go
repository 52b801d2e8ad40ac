package console

import (
	"net/http"
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
func (s view) Area(parts ...string) string { return s.page.area(parts...) }

// testMark ends the ids of test sites.
const testMark = ".test"

// Testing reports whether the page is about a test site.
func (s view) Testing() bool { return strings.HasSuffix(s.page.site, testMark) }

// Live is the site that a test site belongs to.
func (s view) Live() string { return strings.TrimSuffix(s.page.site, testMark) }

// linesOf are the values of a field that has one in each line.
func (f form) linesOf(name string) []string {
	return strings.FieldsFunc(f.Get(name), func(r rune) bool { return strings.ContainsRune("\n\r, \t", r) })
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

// narrowing is a form of the filters of a list: what they are stands in the address.
func (p *page) narrowing() form { return form{Values: p.r.URL.Query()} }

// orAll puts the choice of all before others.
func (p *page) orAll(list []choice) []choice {
	return append([]choice{{"", p.say("all")}}, list...)
}
