package console

import (
	"net/url"
	"slices"
	"strings"

	"creditmsg/client"
)

func roleScreens() (out []screen) {
	for _, base := range bases {
		out = append(out,
			screenAt("GET", base, "/roles", (*page).roles),
			screenAt("GET", base, "/new-role", (*page).roleForm),
			screenAt("POST", base, "/new-role", (*page).addRole),
			screenAt("GET", base, "/roles/{name}", (*page).role),
			screenAt("POST", base, "/roles/{name}", (*page).setRole),
			screenAt("POST", base, "/roles/{name}/remove", (*page).removeRole),
		)
	}
	return out
}

// abilities is the closed list of what a token or a role may, as the API has it, but for that of
// operators and for everything.
var abilities = []string{
	"messages:read", "messages:write", "messages:approve", "credit:read", "credit:write", "credit:refund", "templates:read", "templates:write",
	"senders:read", "senders:write", "channels:read", "channels:write", "contacts:read", "contacts:write", "optouts:read", "optouts:write",
	"webhooks:read", "webhooks:write", "tokens:read", "tokens:write", "stats:read", "personal:read", "audit:read", "users:read", "users:write",
	"roles:read", "roles:write",
}

// abilityRow is a thing, and what can be done with it: looking, changing, and what else.
type abilityRow struct {
	Noun  string
	Cells [3][]string
}

// abilityRows are those of the list that somebody may, or that are chosen already.
func abilityRows(may func(string) bool, chosen []string) (out []abilityRow) {
	for _, one := range abilities {
		if !may(one) && !slices.Contains(chosen, one) {
			continue
		}
		noun, act, _ := strings.Cut(one, ":")
		if len(out) == 0 || out[len(out)-1].Noun != noun {
			out = append(out, abilityRow{Noun: noun})
		}
		at := 2
		switch act {
		case "read":
			at = 0
		case "write":
			at = 1
		}
		row := &out[len(out)-1]
		row.Cells[at] = append(row.Cells[at], one)
	}
	return out
}

func (p *page) roles() error {
	list, err := p.api.Roles(p.ctx(), client.Paging{Limit: 100, Cursor: p.r.URL.Query().Get("cursor")})
	if err != nil {
		return err
	}
	return p.show("roles", list)
}

// roleView is the page of a role, or of one that is to be made.
type roleView struct {
	Role   client.Role
	Form   form
	Rows   []abilityRow
	Own    bool // it is one of this place, which can be changed here
	Loose  bool // it was written with patterns, which the table cannot show
	Theirs []choice
}

func (p *page) roleForm() error { return p.showNewRole(p.form()) }

func (p *page) showNewRole(f form) error {
	d := roleView{Form: f, Rows: abilityRows(p.can, f.chosen("permissions"))}
	if f.Problem != "" {
		return p.unfit("role-new", d)
	}
	return p.show("role-new", d)
}

func (p *page) addRole() error {
	f := p.form()
	list := f.chosen("permissions")
	if _, err := p.once(f).AddRole(p.ctx(), strings.TrimSpace(f.Get("name")), list...); err != nil {
		if f.wrong(p, err, listed("/permissions", "permissions", len(list))) {
			return p.showNewRole(f)
		}
		return err
	}
	return p.done(p.area("roles"), "role.added")
}

func (p *page) role() error { return p.showRole(p.form(), false) }

func (p *page) showRole(f form, theirs bool) error {
	d := roleView{Form: f}
	var tag string
	var err error
	if d.Role, err = p.api.Noting(&tag).Role(p.ctx(), p.r.PathValue("name")); err != nil {
		return err
	}
	d.Own = !d.Role.BuiltIn && d.Role.Site == p.site
	d.Loose = slices.ContainsFunc(d.Role.Permissions, func(one string) bool { return !slices.Contains(abilities, one) })
	d.Form = d.Form.fill(url.Values{"permissions": d.Role.Allows, tagField: {tag}})
	if theirs {
		d.Form.fresh(p, tag)
		d.Theirs = []choice{{p.named("ability", d.Role.Allows), p.say("role.permissions")}}
	}
	d.Rows = abilityRows(p.can, d.Form.chosen("permissions"))
	if d.Form.Problem != "" {
		return p.unfit("role", d)
	}
	return p.show("role", d)
}

func (p *page) setRole() error {
	f := p.form()
	list := f.chosen("permissions")
	_, err := p.onto(f).SetRole(p.ctx(), p.r.PathValue("name"), list...)
	switch {
	case overtaken(err):
		return p.showRole(f, true)
	case err != nil && f.wrong(p, err, listed("/permissions", "permissions", len(list))):
		return p.showRole(f, false)
	case err != nil:
		return err
	}
	return p.done(p.area("roles"), "role.changed")
}

func (p *page) removeRole() error {
	name := p.r.PathValue("name")
	if err := p.once(p.form()).RemoveRole(p.ctx(), name); err != nil {
		return p.refused(err, p.area("roles", name))
	}
	return p.done(p.area("roles"), "role.removed")
}
