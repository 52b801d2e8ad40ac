package console

import "strings"

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
	needs     string // a permission; "" = anybody
}

var siteDoors = []door{
	{"home", "home", nil, ""},
	{"messages", "send", []string{"messages"}, "messages:read"},
	{"credit", "wallet", []string{"credit"}, "credit:read"},
}

var operatorDoors = []door{
	{"operator", "home", []string{"operator"}, ""},
	{"house-sites", "building", []string{"operator", "sites"}, "operator"},
	{"house-prices", "tag", []string{"operator", "prices"}, "operator"},
	{"house-money", "cash", []string{"operator", "money"}, "operator"},
	{"house-margin", "chart-bar", []string{"operator", "margin"}, "operator"},
	{"house-invoices", "receipt", []string{"operator", "invoices"}, "operator"},
}

// Menu is what the person can go to from here.
func (s sheet) Menu() (out []place) {
	doors, path := siteDoors, s.page.path
	if s.page.site == "" {
		if !s.page.house() {
			return nil
		}
		doors, path = operatorDoors, to
	}
	longest := -1
	for _, d := range doors {
		if d.needs != "" && !s.page.can(d.needs) {
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
func (s sheet) Sites() (out []string) {
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
func (s sheet) House() bool { return s.page.house() }
