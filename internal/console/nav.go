package console

import (
	"slices"
	"strings"
)

// place is one entry of the menu.
type place struct {
	Key, Icon string
	Path      string
	On        bool // the page is there, or below it
}

// door is where a place is and who sees it.
type door struct {
	key, icon string
	parts     []string
	needs     string // a permission, or several of which one is enough; "" = anybody
}

var siteDoors = []door{
	{"home", "home", nil, ""},
	{"messages", "send", []string{"messages"}, "messages:read"},
	{"series", "calendar", []string{"series"}, "messages:read"},
	{"search", "search", []string{"search"}, "messages:read"},
	{"credit", "wallet", []string{"credit"}, "credit:read"},
	{"book", "address-book", []string{"book"}, "contacts:read"},
	{"kakao", "template", []string{"settings", "kakao"}, "templates:read channels:read"},
	{"senders", "phone", []string{"settings", "senders"}, "senders:read"},
	{"rules", "ban", []string{"settings", "rules"}, "optouts:read messages:read"},
	{"settings", "settings", []string{"settings"}, "users:read messages:read contacts:read audit:read"},
	{"developers", "key", []string{"settings", "api"}, "tokens:read webhooks:read messages:read"},
}

var operatorDoors = []door{
	{"operator", "home", []string{"operator"}, ""},
	{"house-sites", "building", []string{"operator", "sites"}, "operator"},
	{"house-prices", "tag", []string{"operator", "prices"}, "operator"},
	{"house-money", "cash", []string{"operator", "money"}, "operator"},
	{"house-margin", "chart-bar", []string{"operator", "margin"}, "operator"},
	{"house-invoices", "receipt", []string{"operator", "invoices"}, "operator"},
	{"waiting-senders", "phone", []string{"operator", "senders"}, "senders:read"},
	{"house-words", "ban", []string{"operator", "words"}, "optouts:read"},
	{"providers", "plug", []string{"operator", "providers"}, "operator"},
	{"inbox", "inbox", []string{"operator", "inbox"}, "operator"},
	{"house-people", "users", []string{"operator", "access"}, "operator"},
	{"house-limits", "chart-line", []string{"operator", "limits"}, "operator"},
	{"house-audit", "history", []string{"operator", "audit"}, "audit:read"},
}

// Menu is what the person can go to from here.
func (s view) Menu() (out []place) {
	doors, path := siteDoors, s.page.path
	if s.page.site == "" {
		if !s.page.house() {
			return nil
		}
		doors, path = operatorDoors, to
	}
	longest := -1
	for _, d := range doors {
		if d.needs != "" && !s.page.canAny(d.needs) {
			continue
		}
		at := strings.TrimSuffix(path(d.parts...), "/")
		out = append(out, place{Key: "nav." + d.key, Icon: d.icon, Path: at})
		if now := s.page.r.URL.Path; now == at || strings.HasPrefix(now, at+"/") {
			if longest < 0 || len(at) > len(out[longest].Path) {
				longest = len(out) - 1
			}
		}
	}
	if longest >= 0 {
		out[longest].On = true
	}
	return out
}

// canAny reports whether the person may do one of several things, which have spaces between them.
func (p *page) canAny(permissions string) bool {
	return slices.ContainsFunc(strings.Fields(permissions), p.can)
}

// house reports whether somebody has a role on the whole installation.
func (p *page) house() bool {
	if p.me.Operator {
		return true
	}
	if p.me.Person != nil {
		for _, r := range p.me.Person.Roles {
			if r.Site == "" {
				return true
			}
		}
	}
	return false
}

// Sites are those that the person has a role on, to switch between.
func (s view) Sites() (out []string) {
	if s.page.me.Person == nil {
		return nil
	}
	for _, r := range s.page.me.Person.Roles {
		if r.Site != "" {
			out = append(out, r.Site)
		}
	}
	return out
}

// House reports whether the person has a role on the whole installation.
func (s view) House() bool { return s.page.house() }
