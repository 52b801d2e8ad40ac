package console

import (
	"net/url"
	"strconv"
	"strings"

	"creditmsg/client"
)

func privacyScreens() []screen {
	const base = "/s/{site}/settings/privacy"
	return []screen{
		{pattern: "GET " + base, do: (*page).privacy},
		{pattern: "POST " + base, do: (*page).changePrivacy},
	}
}

// privacyView is how long a site keeps numbers, and which were to be forgotten.
type privacyView struct {
	Retention client.Retention
	Keep      form // of the days
	Ask       form // of a number
	Page      client.Page[client.Erasure]
	Theirs    []choice
}

func (p *page) privacy() error {
	d := privacyView{}
	if f := p.form(); f.Has("to") {
		d.Ask = f
	} else {
		d.Keep = f
	}
	return p.showPrivacy(d, false)
}

func (p *page) showPrivacy(d privacyView, theirs bool) error {
	var tag string
	var err error
	if d.Retention, err = p.api.Noting(&tag).Retention(p.ctx()); err != nil {
		return err
	}
	now := url.Values{"keep": {"days"}, "days": {strconv.Itoa(d.Retention.Days)}, tagField: {tag}}
	if d.Retention.Days == 0 {
		now = url.Values{"keep": {"ever"}, "days": {""}, tagField: {tag}}
	}
	d.Keep = d.Keep.fill(now)
	if theirs {
		d.Keep.fresh(p, tag)
		d.Theirs = []choice{{p.kept(d.Retention.Days), p.say("privacy.retention")}}
	}
	if d.Page, err = p.api.Erasures(p.ctx(), client.Paging{Limit: 20, Cursor: p.r.URL.Query().Get("cursor")}); err != nil {
		return err
	}
	if d.Keep.Problem != "" || d.Ask.Problem != "" {
		return p.unfit("privacy", d)
	}
	return p.show("privacy", d)
}

// kept says how long numbers are kept.
func (p *page) kept(days int) string {
	if days == 0 {
		return p.say("privacy.ever")
	}
	return p.say("privacy.for", "Days", days)
}

// Kept says how long numbers are kept.
func (s view) Kept(days int) string { return s.page.kept(days) }

// changePrivacy takes either form of the page.
func (p *page) changePrivacy() error {
	f := p.form()
	if f.Has("to") {
		return p.askErasure(f)
	}
	return p.setRetention(f)
}

func (p *page) setRetention(f form) error {
	days := 0
	if f.Get("keep") != "ever" {
		var err error
		if days, err = strconv.Atoi(strings.TrimSpace(f.Get("days"))); err != nil || days <= 0 {
			f.Errors, f.Problem = map[string]string{"days": p.say("privacy.no-days")}, p.say("form.wrong")
			return p.showPrivacy(privacyView{Keep: f}, false)
		}
	}
	_, err := p.onto(f).PutRetention(p.ctx(), days)
	switch {
	case overtaken(err):
		return p.showPrivacy(privacyView{Keep: f}, true)
	case err != nil && f.wrong(p, err, nil):
		return p.showPrivacy(privacyView{Keep: f}, false)
	case err != nil:
		return err
	}
	return p.done(p.path("settings", "privacy"), "privacy.kept")
}

func (p *page) askErasure(f form) error {
	if _, err := p.once(f).AskErasure(p.ctx(), strings.TrimSpace(f.Get("to"))); err != nil {
		if f.wrong(p, err, nil) {
			return p.showPrivacy(privacyView{Ask: f}, false)
		}
		return err
	}
	return p.done(p.path("settings", "privacy"), "privacy.asked")
}
