package console

import (
	"net/http"
	"slices"

	"creditmsg/client"
	phone "creditmsg/internal/korea"
)

func senderScreens() []screen {
	const base = "/s/{site}/settings/senders"
	return []screen{
		{pattern: "GET " + base, do: (*page).senders},
		{pattern: "GET " + base + "/new", do: (*page).senderNew},
		{pattern: "POST " + base + "/new", do: (*page).addSender},
		{pattern: "GET " + base + "/{number}", do: (*page).sender},
		{pattern: "POST " + base + "/{number}/documents", do: (*page).addDocument},
		{pattern: "GET " + base + "/{number}/documents/{id}", do: (*page).document},
		{pattern: "POST " + base + "/{number}/documents/{id}/remove", do: (*page).removeDocument},
		{pattern: "POST " + base + "/{number}/request", do: (*page).requestSender},
		{pattern: "POST " + base + "/{number}/default", do: (*page).defaultSender},
		{pattern: "POST " + base + "/{number}/remove", do: (*page).removeSender},
		{pattern: "GET " + base + "/{number}/decide", do: (*page).decideForm},
		{pattern: "POST " + base + "/{number}/decide", do: (*page).decideSender},
		{pattern: "GET /operator/senders", do: (*page).waitingSenders},
	}
}

func (p *page) senderPath(parts ...string) string {
	return p.path(append([]string{"settings", "senders"}, parts...)...)
}

// SenderPath is a path of the sender numbers for pages.
func (s view) SenderPath(parts ...string) string { return s.page.senderPath(parts...) }

// dashed writes a number as people read it: 02-6123-4567.
func dashed(number string) string { return phone.Number(number).Dashed() }

func (p *page) senders() error {
	list, err := p.api.Senders(p.ctx(), client.Paging{Limit: 30, Cursor: p.r.URL.Query().Get("cursor")})
	if err != nil {
		return err
	}
	return p.show("senders", list)
}

func (p *page) senderNew() error { return p.show("sender-new", p.form()) }

func (p *page) addSender() error {
	f := p.form()
	s, err := p.once(f).AddSender(p.ctx(), client.Sender{Number: f.Get("number")})
	if err != nil {
		if f.wrong(p, err, nil) {
			return p.unfit("sender-new", f)
		}
		return err
	}
	return p.done(p.senderPath(s.Number), "sender.added")
}

// documentKinds are what a document by which a number is registered may be.
var documentKinds = []string{"service_certificate", "business_registration", "power_of_attorney", "employment_certificate", "other"}

// senderView is the page of one sender number.
type senderView struct {
	Sender    client.Sender
	Documents []client.SenderDocument
	Form      form // of a document that is being added
	Kinds     []choice
	Open      bool // documents can be added and removed
}

func (p *page) sender() error { return p.showSender(p.form()) }

func (p *page) showSender(f form) error {
	number := p.r.PathValue("number")
	d := senderView{Form: f, Kinds: p.wordsOf(func(v string) string { return p.word("document", v) }, documentKinds...)}
	var err error
	if d.Sender, err = p.api.Sender(p.ctx(), number); err != nil {
		return err
	}
	documents, err := p.api.SenderDocuments(p.ctx(), number)
	if err != nil {
		return err
	}
	d.Documents = documents.Data
	d.Open = p.can("senders:write") && (d.Sender.State == "requested" || d.Sender.State == "rejected")
	if f.Problem != "" {
		return p.unfit("sender", d)
	}
	return p.show("sender", d)
}

func (p *page) addDocument() error {
	f, u, ok, err := p.withFile("file", mostDocument)
	if err != nil {
		return err
	}
	if !ok {
		return p.showSender(f)
	}
	number := p.r.PathValue("number")
	if _, err := p.once(f).AddSenderDocument(p.ctx(), number, f.Get("kind"), u.Name, u.Content); err != nil {
		if f.wrongList(p, err) {
			return p.showSender(f)
		}
		return err
	}
	return p.done(p.senderPath(number), "document.added")
}

// document gives the browser one document as a file.
func (p *page) document() error {
	number, of := p.r.PathValue("number"), p.r.PathValue("id")
	list, err := p.api.SenderDocuments(p.ctx(), number)
	if err != nil {
		return err
	}
	n := slices.IndexFunc(list.Data, func(d client.SenderDocument) bool { return d.ID == of })
	if n < 0 {
		return p.nothing()
	}
	content, err := p.api.SenderDocumentContent(p.ctx(), number, of)
	if err != nil {
		return err
	}
	name := list.Data[n].Name
	if name == "" {
		name = of
	}
	_, _ = (&handed{p: p, media: list.Data[n].ContentType, name: name}).Write(content) // that it cannot be written is the browser's leaving
	return nil
}

func (p *page) removeDocument() error {
	number := p.r.PathValue("number")
	if err := p.once(p.form()).RemoveSenderDocument(p.ctx(), number, p.r.PathValue("id")); err != nil {
		return p.refused(err, p.senderPath(number))
	}
	return p.done(p.senderPath(number), "document.removed")
}

func (p *page) requestSender() error {
	number := p.r.PathValue("number")
	if _, err := p.once(p.form()).RequestSender(p.ctx(), number); err != nil {
		return p.refused(err, p.senderPath(number))
	}
	return p.done(p.senderPath(number), "sender.requested")
}

func (p *page) defaultSender() error {
	number := p.r.PathValue("number")
	if _, err := p.once(p.form()).MakeSenderDefault(p.ctx(), number); err != nil {
		return p.refused(err, p.senderPath(number))
	}
	return p.done(p.senderPath(number), "sender.default")
}

func (p *page) removeSender() error {
	number := p.r.PathValue("number")
	if err := p.once(p.form()).RemoveSender(p.ctx(), number); err != nil {
		return p.refused(err, p.senderPath(number))
	}
	return p.done(p.senderPath(), "sender.removed")
}

// deciding is the operator's form about a sender number.
type deciding struct {
	Sender    client.Sender
	Documents []client.SenderDocument
	Form      form
	States    []choice
	Theirs    []choice
}

func (p *page) decideForm() error {
	if err := p.operates(); err != nil {
		return err
	}
	return p.showDecide(p.form(), false)
}

// operates refuses a page that is the operator's alone, though all that it asks of the API is a site's too.
func (p *page) operates() error {
	if p.can("operator") {
		return nil
	}
	return &client.Problem{Status: http.StatusForbidden, Code: "forbidden"}
}

func (p *page) showDecide(f form, late bool) error {
	number := p.r.PathValue("number")
	var tag string
	d := deciding{States: p.wordsOf(func(v string) string { return p.word("sender.decision", v) }, "approved", "rejected", "blocked", "requested")}
	var err error
	if d.Sender, err = p.api.Noting(&tag).Sender(p.ctx(), number); err != nil {
		return err
	}
	documents, err := p.api.SenderDocuments(p.ctx(), number)
	if err != nil {
		return err
	}
	d.Documents = documents.Data
	state := d.Sender.State
	if state == "requested" {
		state = "approved" // what it is asked for
	}
	if late {
		f.fresh(p, tag)
		d.Theirs = []choice{{p.say("state"), p.word("sender.state", d.Sender.State)}, {p.say("reason"), d.Sender.Reason}}
	}
	if d.Form = f.Filled(map[string]string{tagField: tag, "state": state, "reason": d.Sender.Reason}); d.Form.Problem != "" {
		return p.unfit("sender-decide", d)
	}
	return p.show("sender-decide", d)
}

func (p *page) decideSender() error {
	if err := p.operates(); err != nil {
		return err
	}
	f := p.form()
	number := p.r.PathValue("number")
	if state := f.Get("state"); (state == "rejected" || state == "blocked") && f.Get("reason") == "" {
		f.mark(p, "reason", p.say("sender.reason-wanted"))
		return p.showDecide(f, false)
	}
	if _, err := p.onto(f).SetSender(p.ctx(), number, f.Get("state"), f.Get("reason")); err != nil {
		if overtaken(err) {
			return p.showDecide(f, true)
		}
		if f.wrong(p, err, nil) {
			return p.showDecide(f, false)
		}
		return err
	}
	return p.done(p.senderPath(number), "sender.decided")
}

// waitingSenders are the numbers of all sites that wait for the operator, the oldest first.
func (p *page) waitingSenders() error {
	list, err := p.api.ForSite("*").SendersIn(p.ctx(), "requested", client.Paging{Limit: 50, Cursor: p.r.URL.Query().Get("cursor")})
	if err != nil {
		return err
	}
	return p.show("operator-senders", list)
}
