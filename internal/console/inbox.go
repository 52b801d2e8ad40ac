package console

import (
	"strings"
	"time"

	"creditmsg/client"
)

func inboxScreens() []screen {
	return []screen{
		{pattern: "GET /operator/inbox", do: (*page).inbox},
		{pattern: "GET /operator/inbox/{id}", do: (*page).letter},
		{pattern: "POST /operator/inbox/{id}/raw", do: (*page).rawLetter},
	}
}

// letterStates are how a letter can stand.
var letterStates = []string{"new", "applied", "waiting", "unreadable"}

// letterList is the page of the inbox.
type letterList struct {
	Form      form // the filters
	Providers []choice
	States    []choice
	Page      client.Page[client.Letter]
}

// providerNames are the accounts, to choose one.
func (p *page) providerNames() ([]choice, error) {
	list, err := p.api.Providers(p.ctx())
	if err != nil {
		return nil, err
	}
	out := []choice{{"", p.say("all")}}
	for _, one := range list.Data {
		out = append(out, choice{one.Name, one.Name})
	}
	return out, nil
}

func (p *page) inbox() error {
	d := letterList{Form: p.narrowing()}
	var err error
	if d.Providers, err = p.providerNames(); err != nil {
		return err
	}
	d.States = p.orAll(p.wordsOf(func(s string) string { return p.word("letter", s) }, letterStates...))
	q := d.Form
	filter := client.LetterFilter{Provider: q.Get("provider"), State: oneOf(q.Get("state"), letterStates), From: stampOf(dayOf(q.Get("from"))), Until: stampOf(dayAfter(q.Get("until"))),
		Message: strings.TrimSpace(q.Get("message")), To: strings.TrimSpace(q.Get("to"))}
	d.Page, err = p.api.ForSite(strings.TrimSpace(q.Get("site"))).Inbox(p.ctx(), filter, client.Paging{Limit: 30, Cursor: q.Get("cursor")})
	if err != nil && !d.Form.wrong(p, err, nil) {
		return err
	}
	if d.Form.Problem != "" {
		return p.unfit("inbox", d)
	}
	return p.show("inbox", d)
}

// stampOf writes a time as the API reads it; "" is none.
func stampOf(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.Format(time.RFC3339)
}

// letterView is one letter.
type letterView struct {
	Letter client.LetterDetail
	Raw    bool // numbers are shown as they are
}

func (p *page) letter() error { return p.showLetter(false) }

// rawLetter shows numbers as they are. It is no page of its own: nobody comes to it by a link.
func (p *page) rawLetter() error { return p.showLetter(true) }

func (p *page) showLetter(raw bool) error {
	l, err := p.api.InboxLetter(p.ctx(), p.r.PathValue("id"), raw)
	if err != nil {
		return err
	}
	p.private()
	return p.show("letter", letterView{l, raw})
}
