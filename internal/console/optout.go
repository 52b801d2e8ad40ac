package console

import (
	"cmp"
	"errors"
	"net/http"
	"strings"

	"creditmsg/client"
)

func optOutScreens() []screen {
	const base = rulesBase + "/opt-outs"
	return []screen{
		{pattern: "GET " + base, do: (*page).optOuts},
		{pattern: "GET " + base + "/new", do: (*page).optOutNew},
		{pattern: "POST " + base + "/new", do: (*page).addOptOut},
		{pattern: "POST " + base + "/remove", do: (*page).removeOptOut},
		{pattern: "GET " + base + "/import", do: (*page).optOutImport},
		{pattern: "POST " + base + "/import", do: (*page).importOptOuts},
	}
}

// optOutList is who opted out, and one number that was looked for.
type optOutList struct {
	Page  client.Page[client.OptOut]
	To    string
	Found *client.OptOut // nil = the number is not among them
}

func (p *page) optOuts() (err error) {
	q := p.r.URL.Query()
	d := optOutList{To: strings.TrimSpace(q.Get("to"))}
	if d.To != "" {
		o, err := p.api.OptOut(p.ctx(), d.To)
		switch {
		case err == nil:
			d.Found = &o
		case !client.IsProblem(err, "not_found"):
			return err
		}
	} else if d.Page, err = p.api.OptOuts(p.ctx(), client.Paging{Limit: 30, Cursor: q.Get("cursor")}); err != nil {
		return err
	}
	p.private()
	return p.show("opt-outs", d)
}

// optOutAdding is the form of one number.
type optOutAdding struct {
	Form   form
	Scopes []choice
}

func (p *page) scopes() []choice {
	return p.wordsOf(func(v string) string { return p.word("opt-out.scope", v) }, "advertising", "all")
}

func (p *page) optOutNew() error {
	return p.show("opt-out-new", optOutAdding{p.form().Filled(map[string]string{"to": p.r.URL.Query().Get("to")}), p.scopes()})
}

func (p *page) addOptOut() error {
	f := p.form()
	if _, err := p.once(f).AddOptOut(p.ctx(), client.OptOut{To: f.Get("to"), Scope: f.Get("scope")}); err != nil {
		if f.wrong(p, err, nil) {
			return p.unfit("opt-out-new", optOutAdding{f, p.scopes()})
		}
		return err
	}
	return p.done(p.rules("opt-outs"), "opt-out.added")
}

func (p *page) removeOptOut() error {
	f := p.form()
	if err := p.once(f).RemoveOptOut(p.ctx(), f.Get("to")); err != nil {
		return p.refused(err, p.rules("opt-outs"))
	}
	return p.done(p.rules("opt-outs"), "opt-out.removed")
}

// optOutTaking is the form of a list, and what became of one.
type optOutTaking struct {
	Form   form
	Scopes []choice
	Taken  *client.OptOutsTaken // nil = none was taken yet
}

func (p *page) optOutImport() error {
	return p.show("opt-out-import", optOutTaking{Form: p.form(), Scopes: p.scopes()})
}

func (p *page) importOptOuts() error {
	f, u, ok, err := p.withFile("file", mostList)
	if err != nil {
		return err
	}
	d := optOutTaking{Form: f, Scopes: p.scopes()}
	if !ok {
		return p.unfit("opt-out-import", d)
	}
	taken, err := p.once(f).ImportOptOuts(p.ctx(), client.OptOutList{Content: u.Content, Scope: f.Get("scope"), Column: strings.TrimSpace(f.Get("column"))})
	if err != nil {
		if d.Form.wrongList(p, err) {
			return p.unfit("opt-out-import", d)
		}
		return err
	}
	d.Taken = &taken
	p.private()
	return p.show("opt-out-import", d)
}

// wrongList notes what is wrong with a file. What is about one of its lines, or about all of it, stands
// beside the file.
func (f *form) wrongList(p *page, err error) bool {
	var problem *client.Problem
	if !errors.As(err, &problem) {
		return false
	}
	if problem.Status == http.StatusBadRequest { // the file cannot be read to its end
		problem.Status = http.StatusUnprocessableEntity
	}
	if !f.wrong(p, err, nil) {
		return false
	}
	for name, why := range f.Errors {
		if !f.Has(name) {
			delete(f.Errors, name)
			f.Errors["file"] = cmp.Or(problem.Detail, why)
		}
	}
	if len(problem.Errors) == 0 {
		f.Errors["file"] = f.Problem
	}
	f.Problem = p.say("form.wrong")
	return true
}
