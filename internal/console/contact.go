package console

import (
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"creditmsg/client"
)

const bookBase = "/s/{site}/book"

var bookTabs = []door{
	{"contacts", "", []string{"book"}, "contacts:read"},
	{"groups", "", []string{"book", "groups"}, "contacts:read"},
}

func contactScreens() []screen {
	const one = bookBase + "/contacts/{id}"
	return []screen{
		{pattern: "GET " + bookBase, do: (*page).contacts},
		{pattern: "GET " + bookBase + "/new", do: (*page).contactNew},
		{pattern: "POST " + bookBase + "/new", do: (*page).addContact},
		{pattern: "GET " + bookBase + "/import", do: (*page).contactImport},
		{pattern: "POST " + bookBase + "/import", do: (*page).importContacts},
		{pattern: "GET " + bookBase + "/export", do: (*page).exportContacts},
		{pattern: "GET " + one, do: (*page).contact},
		{pattern: "GET " + one + "/edit", do: (*page).contactEdit},
		{pattern: "POST " + one + "/edit", do: (*page).setContact},
		{pattern: "POST " + one + "/remove", do: (*page).removeContact},
		{pattern: "POST " + one + "/join", do: (*page).joinGroup},
		{pattern: "POST " + one + "/leave", do: (*page).leaveGroup},
	}
}

// book is a path of the site's address book.
func (p *page) book(parts ...string) string { return p.path(append([]string{"book"}, parts...)...) }

// Book is such a path for pages.
func (s view) Book(parts ...string) string { return s.page.book(parts...) }

// contactList is the address book.
type contactList struct {
	Page  client.Page[client.Contact]
	To    string
	Wrong string // with the number that is looked for
}

func (p *page) contacts() error {
	q := p.r.URL.Query()
	d := contactList{To: strings.TrimSpace(q.Get("to"))}
	var err error
	d.Page, err = p.api.Contacts(p.ctx(), client.ContactFilter{To: d.To, Paging: client.Paging{Limit: 50, Cursor: q.Get("cursor")}})
	if err != nil {
		var f form
		if d.To == "" || !f.wrong(p, err, nil) {
			return err
		}
		d.Wrong = f.Error("to")
	}
	p.private()
	return p.show("contacts", d)
}

// contactView is the page of one contact.
type contactView struct {
	Contact client.Contact
	Names   []string // of its variables, in order
	In      []client.Group
	Others  []choice // that it can be put into
}

func (p *page) contact() error {
	var d contactView
	var err error
	if d.Contact, err = p.api.Contact(p.ctx(), p.r.PathValue("id")); err != nil {
		return err
	}
	d.Names = slices.Sorted(maps.Keys(d.Contact.Variables))
	all, err := p.allGroups()
	if err != nil {
		return err
	}
	for _, g := range all {
		if slices.Contains(d.Contact.Groups, g.ID) {
			d.In = append(d.In, g)
		} else {
			d.Others = append(d.Others, choice{g.ID, g.Name})
		}
	}
	p.private()
	return p.show("contact", d)
}

// allGroups are those of the book: there are at most a thousand.
func (p *page) allGroups() (out []client.Group, err error) {
	for g, err := range client.All(func(at client.Paging) (client.Page[client.Group], error) {
		at.Limit = 200
		return p.api.Groups(p.ctx(), at)
	}) {
		if err != nil {
			return nil, err
		}
		out = append(out, g)
	}
	return out, nil
}

func (p *page) groupChoices() (out []choice, err error) {
	all, err := p.allGroups()
	for _, g := range all {
		out = append(out, choice{g.ID, g.Name})
	}
	return out, err
}

// variableRows are the variables of a contact in a form.
var variableRows = rows{"variables", []string{"name", "value"}, 50}

// contactEdit is the form of a contact.
type contactEdit struct {
	Contact client.Contact // zero = it is to be made
	Form    form
	Groups  []choice
	Theirs  []choice
}

// Variables are the rows of the form.
func (d contactEdit) Variables() []int { return variableRows.numbers(d.Form) }

// minutes is how browsers write a time.
const minutes = "2006-01-02T15:04"

// contactOf is the contact that a form asks for.
func (p *page) contactOf(f *form) client.Contact {
	c := client.Contact{To: f.Get("to"), Name: strings.TrimSpace(f.Get("name")), Groups: f.chosen("groups")}
	for i := range variableRows.in(*f) {
		name := strings.TrimSpace(f.Get(variableRows.at(i, "name")))
		if _, twice := c.Variables[name]; twice || name == "" {
			f.mark(p, variableRows.at(i, "name"), p.say("contact.variable-name"))
		}
		if c.Variables == nil {
			c.Variables = map[string]string{}
		}
		c.Variables[name] = f.Get(variableRows.at(i, "value"))
	}
	at, evidence, night := f.Get("consent.at"), strings.TrimSpace(f.Get("consent.evidence")), f.Get("consent.night") != ""
	if at+evidence == "" && !night {
		return c
	}
	when, err := time.ParseInLocation(minutes, at, korea)
	if err != nil {
		when, err = time.ParseInLocation(minutes+":05", at, korea)
	}
	if err != nil {
		f.mark(p, "consent.at", p.say("contact.consent-when"))
	}
	c.Consent = &client.Consent{At: when, Evidence: evidence, Night: night}
	return c
}

// contactValues is what a contact is like, as a form has it.
func contactValues(c client.Contact) url.Values {
	out := url.Values{"to": {c.To}, "name": {c.Name}, "groups": c.Groups}
	for i, name := range slices.Sorted(maps.Keys(c.Variables)) {
		out.Set(variableRows.at(i, "name"), name)
		out.Set(variableRows.at(i, "value"), c.Variables[name])
	}
	if c.Consent != nil {
		out.Set("consent.at", c.Consent.At.In(korea).Format(minutes))
		out.Set("consent.evidence", c.Consent.Evidence)
		if c.Consent.Night {
			out.Set("consent.night", "on")
		}
	}
	return out
}

// contactPlaces are the fields of what the API says of a contact's parts.
func contactPlaces(f form) map[string]string {
	out := listed("/groups", "groups", len(f.chosen("groups")))
	out["/variables"], out["/consent"] = "to", "consent.at"
	for i := range variableRows.in(f) {
		name := strings.NewReplacer("~", "~0", "/", "~1").Replace(strings.TrimSpace(f.Get(variableRows.at(i, "name"))))
		out["/variables/"+name] = variableRows.at(i, "value")
	}
	return out
}

func (p *page) showContactForm(name string, d contactEdit) (err error) {
	if d.Contact.ID == "" {
		if d.Groups, err = p.groupChoices(); err != nil {
			return err
		}
	}
	p.private()
	if d.Form.Problem != "" {
		return p.unfit(name, d)
	}
	return p.show(name, d)
}

func (p *page) contactNew() error {
	q := p.r.URL.Query()
	return p.showContactForm("contact-new", contactEdit{Form: p.form().fill(url.Values{"to": {q.Get("to")}, "groups": {q.Get("group")}})})
}

func (p *page) addContact() error {
	d := contactEdit{Form: p.form()}
	if changesRows(d.Form, variableRows) {
		return p.showContactForm("contact-new", d)
	}
	c := p.contactOf(&d.Form)
	if d.Form.Problem != "" {
		return p.showContactForm("contact-new", d)
	}
	made, err := p.once(d.Form).AddContact(p.ctx(), c)
	if err != nil {
		if d.Form.wrong(p, err, contactPlaces(d.Form)) {
			return p.showContactForm("contact-new", d)
		}
		return err
	}
	return p.done(p.book("contacts", made.ID), "contact.added")
}

func (p *page) contactEdit() error {
	var tag string
	c, err := p.api.Noting(&tag).Contact(p.ctx(), p.r.PathValue("id"))
	if err != nil {
		return err
	}
	now := contactValues(c)
	now.Set(tagField, tag)
	return p.showContactForm("contact-edit", contactEdit{Contact: c, Form: p.form().fill(now)})
}

func (p *page) setContact() error {
	d := contactEdit{Form: p.form()}
	var tag string
	var err error
	if d.Contact, err = p.api.Noting(&tag).Contact(p.ctx(), p.r.PathValue("id")); err != nil {
		return err
	}
	if changesRows(d.Form, variableRows) {
		return p.showContactForm("contact-edit", d)
	}
	c := p.contactOf(&d.Form)
	if d.Form.Problem != "" {
		return p.showContactForm("contact-edit", d)
	}
	if old := d.Contact.Consent; c.Consent != nil && old != nil && old.At.Truncate(time.Minute).Equal(c.Consent.At) {
		c.Consent.At = old.At // a form has no seconds: what was not touched stays as it was
	}
	c.ID = d.Contact.ID
	if _, err := p.onto(d.Form).PutContact(p.ctx(), c); err != nil {
		if overtaken(err) {
			d.Theirs = p.contactTheirs(d.Contact)
			d.Form.fresh(p, tag)
			return p.showContactForm("contact-edit", d)
		}
		if d.Form.wrong(p, err, contactPlaces(d.Form)) {
			return p.showContactForm("contact-edit", d)
		}
		return err
	}
	return p.done(p.book("contacts", c.ID), "contact.changed")
}

// contactTheirs is what a contact is like, line by line.
func (p *page) contactTheirs(c client.Contact) []choice {
	out := []choice{{p.say("number"), dashed(c.To)}, {p.say("name"), c.Name}}
	for _, name := range slices.Sorted(maps.Keys(c.Variables)) {
		out = append(out, choice{name, c.Variables[name]})
	}
	if c.Consent != nil {
		out = append(out, choice{p.say("contact.consent"), p.moment(c.Consent.At) + " " + c.Consent.Evidence})
	}
	return out
}

func (p *page) removeContact() error {
	of := p.r.PathValue("id")
	if err := p.once(p.form()).RemoveContact(p.ctx(), of); err != nil {
		return p.refused(err, p.book("contacts", of))
	}
	return p.done(p.book(), "contact.removed")
}

func (p *page) joinGroup() error {
	f, of := p.form(), p.r.PathValue("id")
	if _, err := p.once(f).AddMembers(p.ctx(), f.Get("group"), of); err != nil {
		return p.refused(err, p.book("contacts", of))
	}
	return p.done(p.book("contacts", of), "group.joined")
}

func (p *page) leaveGroup() error {
	f, of := p.form(), p.r.PathValue("id")
	if err := p.once(f).RemoveMember(p.ctx(), f.Get("group"), of); err != nil {
		return p.refused(err, p.book("contacts", of))
	}
	return p.done(p.book("contacts", of), "group.left")
}

// listTaking is the form of a list for the book, and what became of one.
type listTaking struct {
	Form   form
	Group  *client.Group // that the list goes into; nil = the form asks
	Groups []choice
	Taken  *client.Taken // nil = none was taken yet
	Codes  []choice      // why rows were not taken, and how many each
}

func (p *page) contactImport() error {
	return p.showTaking(listTaking{Form: p.form()})
}

func (p *page) showTaking(d listTaking) (err error) {
	name := "contact-import"
	if d.Group != nil {
		name = "group-import"
	} else if d.Groups, err = p.groupChoices(); err != nil {
		return err
	}
	if d.Taken != nil {
		for _, code := range slices.Sorted(maps.Keys(d.Taken.RejectedByCode)) {
			d.Codes = append(d.Codes, choice{p.word("list.code", code), grouped(d.Taken.RejectedByCode[code])})
		}
	}
	p.private()
	if d.Form.Problem != "" {
		return p.unfit(name, d)
	}
	return p.show(name, d)
}

func (p *page) importContacts() error { return p.take(listTaking{}) }

// take has a list taken into the book, into a group if there is one, and shows its report.
func (p *page) take(d listTaking) error {
	f, u, ok, err := p.withFile("file", mostList)
	if err != nil {
		return err
	}
	if d.Form = f; !ok {
		return p.showTaking(d)
	}
	l := client.List{Content: u.Content, Fields: map[string]string{}}
	for _, field := range []string{"to_column", "name_column", "sheet", "consent_at", "consent_evidence"} {
		if v := strings.TrimSpace(f.Get(field)); v != "" {
			l.Fields[field] = v
		}
	}
	if at, err := time.ParseInLocation(minutes, l.Fields["consent_at"], korea); err == nil {
		l.Fields["consent_at"] = at.Format(time.RFC3339)
	}
	var taken client.Taken
	if d.Group != nil {
		taken, err = p.once(f).ImportMembers(p.ctx(), d.Group.ID, l)
	} else {
		if in := f.chosen("groups"); len(in) > 0 {
			l.Fields["groups"] = strings.Join(in, ",")
		}
		taken, err = p.once(f).ImportContacts(p.ctx(), l)
	}
	if err != nil {
		if d.Form.wrongList(p, err) {
			return p.showTaking(d)
		}
		return err
	}
	d.Taken = &taken
	return p.showTaking(d)
}

func (p *page) exportContacts() error {
	return p.export("contacts-"+p.site, func(format string, w io.Writer) error { return p.api.ExportContacts(p.ctx(), format, w) })
}
