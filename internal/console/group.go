package console

import (
	"io"
	"strings"

	"creditmsg/client"
)

func groupScreens() []screen {
	const base = bookBase + "/groups"
	return []screen{
		{pattern: "GET " + base, do: (*page).groups},
		{pattern: "GET " + base + "/new", do: (*page).groupNew},
		{pattern: "POST " + base + "/new", do: (*page).addGroup},
		{pattern: "GET " + base + "/{id}", do: (*page).group},
		{pattern: "POST " + base + "/{id}/members", do: (*page).addMember},
		{pattern: "POST " + base + "/{id}/leave", do: (*page).dropMember},
		{pattern: "GET " + base + "/{id}/edit", do: (*page).groupEdit},
		{pattern: "POST " + base + "/{id}/edit", do: (*page).renameGroup},
		{pattern: "POST " + base + "/{id}/remove", do: (*page).removeGroup},
		{pattern: "GET " + base + "/{id}/import", do: (*page).groupImport},
		{pattern: "POST " + base + "/{id}/import", do: (*page).importMembers},
		{pattern: "GET " + base + "/{id}/export", do: (*page).exportMembers},
	}
}

func (p *page) groups() error {
	list, err := p.api.Groups(p.ctx(), client.Paging{Limit: 50, Cursor: p.r.URL.Query().Get("cursor")})
	if err != nil {
		return err
	}
	return p.show("groups", list)
}

func (p *page) groupNew() error { return p.show("group-new", p.form()) }

func (p *page) addGroup() error {
	f := p.form()
	g, err := p.once(f).AddGroup(p.ctx(), strings.TrimSpace(f.Get("name")))
	if err != nil {
		if f.wrong(p, err, nil) {
			return p.unfit("group-new", f)
		}
		return err
	}
	return p.done(p.book("groups", g.ID), "group.added")
}

// groupView is the page of one group and who is in it.
type groupView struct {
	Group   client.Group
	Members client.Page[client.Contact]
	Form    form
	Unknown string // a number that was to be added and is not in the book
}

func (p *page) group() error { return p.showGroup(groupView{Form: p.form()}) }

func (p *page) showGroup(d groupView) (err error) {
	of := p.r.PathValue("id")
	if d.Group, err = p.api.Group(p.ctx(), of); err != nil {
		return err
	}
	if d.Members, err = p.api.Members(p.ctx(), of, client.Paging{Limit: 50, Cursor: p.r.URL.Query().Get("cursor")}); err != nil {
		return err
	}
	p.private()
	if d.Form.Problem != "" {
		return p.unfit("group", d)
	}
	return p.show("group", d)
}

// addMember puts a contact into the group, whose number was given.
func (p *page) addMember() error {
	f, of := p.form(), p.r.PathValue("id")
	d := groupView{Form: f}
	to := strings.TrimSpace(f.Get("to"))
	if to == "" {
		d.Form.mark(p, "to", p.say("group.number-wanted"))
		return p.showGroup(d)
	}
	found, err := p.api.Contacts(p.ctx(), client.ContactFilter{To: to})
	if err == nil && len(found.Data) == 0 {
		d.Form.mark(p, "to", p.say("group.not-in-book"))
		d.Unknown = to
		return p.showGroup(d)
	}
	if err == nil {
		_, err = p.once(f).AddMembers(p.ctx(), of, found.Data[0].ID)
	}
	if err != nil {
		if d.Form.wrong(p, err, nil) {
			return p.showGroup(d)
		}
		return err
	}
	return p.done(p.book("groups", of), "group.joined")
}

func (p *page) dropMember() error {
	f, of := p.form(), p.r.PathValue("id")
	if err := p.once(f).RemoveMember(p.ctx(), of, f.Get("contact")); err != nil {
		return p.refused(err, p.book("groups", of))
	}
	return p.done(p.book("groups", of), "group.left")
}

// groupNaming is the form of a group's name.
type groupNaming struct {
	Group  client.Group
	Form   form
	Theirs []choice
}

func (p *page) groupEdit() error { return p.showNaming(p.form(), false) }

func (p *page) showNaming(f form, late bool) error {
	var tag string
	g, err := p.api.Noting(&tag).Group(p.ctx(), p.r.PathValue("id"))
	if err != nil {
		return err
	}
	d := groupNaming{Group: g}
	if late {
		f.fresh(p, tag)
		d.Theirs = []choice{{p.say("name"), g.Name}}
	}
	if d.Form = f.Filled(map[string]string{tagField: tag, "name": g.Name}); d.Form.Problem != "" {
		return p.unfit("group-edit", d)
	}
	return p.show("group-edit", d)
}

func (p *page) renameGroup() error {
	f, of := p.form(), p.r.PathValue("id")
	if _, err := p.onto(f).RenameGroup(p.ctx(), of, strings.TrimSpace(f.Get("name"))); err != nil {
		if overtaken(err) {
			return p.showNaming(f, true)
		}
		if f.wrong(p, err, nil) {
			return p.showNaming(f, false)
		}
		return err
	}
	return p.done(p.book("groups", of), "group.renamed")
}

func (p *page) removeGroup() error {
	of := p.r.PathValue("id")
	if err := p.once(p.form()).RemoveGroup(p.ctx(), of); err != nil {
		return p.refused(err, p.book("groups", of))
	}
	return p.done(p.book("groups"), "group.removed")
}

func (p *page) groupImport() error { return p.groupTaking(p.showTaking) }

// groupTaking does something with the form of a list for the group of the path.
func (p *page) groupTaking(do func(listTaking) error) error {
	g, err := p.api.Group(p.ctx(), p.r.PathValue("id"))
	if err != nil {
		return err
	}
	return do(listTaking{Form: p.form(), Group: &g})
}

func (p *page) importMembers() error { return p.groupTaking(p.take) }

func (p *page) exportMembers() error {
	of := p.r.PathValue("id")
	return p.export("group-"+of, func(format string, w io.Writer) error { return p.api.ExportMembers(p.ctx(), of, format, w) })
}
