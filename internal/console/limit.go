package console

import (
	"net/url"
	"strconv"
	"strings"

	"creditmsg/client"
)

func limitScreens() []screen {
	return []screen{
		{pattern: "GET /s/{site}/settings/limits", do: (*page).limits},
		{pattern: "GET /operator/limits", do: (*page).siteLimits},
		{pattern: "GET /operator/limits/{id}", do: (*page).siteLimit},
		{pattern: "POST /operator/limits/{id}", do: (*page).setSiteLimit},
		{pattern: "GET /operator/limits/{id}/tokens/{token}", do: (*page).tokenLimit},
		{pattern: "POST /operator/limits/{id}/tokens/{token}", do: (*page).setTokenLimit},
	}
}

func (p *page) limits() error {
	l, err := p.api.Limits(p.ctx())
	if err != nil {
		return err
	}
	return p.show("limits", l)
}

func (p *page) siteLimits() error {
	list, err := p.api.Sites(p.ctx(), client.Paging{Limit: 50, Cursor: p.r.URL.Query().Get("cursor")})
	if err != nil {
		return err
	}
	return p.show("site-limits", list)
}

// limitView is the form of how much a site may do, or a token of one.
type limitView struct {
	ID     string // of the site
	Limits client.Limits
	Form   form
	Tokens []client.Token
	More   string // of the tokens
	Token  client.Token
	Now    client.TokenLimits
	Theirs []choice
}

// bound writes a limit that is set: "" is what the installation allows, 0 is any number.
func bound(n *int64) string {
	if n == nil {
		return ""
	}
	return strconv.FormatInt(*n, 10)
}

// unusual writes a limit of a token as it is set: "" is the usual one, 0 is any number.
func unusual(n, usual *int64) string {
	switch {
	case n == nil && usual == nil || n != nil && usual != nil && *n == *usual:
		return ""
	case n == nil:
		return "0"
	}
	return bound(n)
}

// readBound reads one; ok is false where it is no number.
func readBound(text string) (n *int64, ok bool) {
	text = strings.ReplaceAll(strings.TrimSpace(text), ",", "")
	if text == "" {
		return nil, true
	}
	v, err := strconv.ParseInt(text, 10, 64)
	return &v, err == nil
}

// limitNames are where fields of the API stand in the form.
var limitNames = map[string]string{"/requests_per_minute": "requests", "/recipients_per_minute": "recipients", "/recipients_per_day": "day"}

// bounds reads the fields of the form, and notes those that are no numbers.
func (f *form) bounds(p *page, names ...string) (out []*int64, ok bool) {
	f.Errors = map[string]string{}
	for _, name := range names {
		n, fine := readBound(f.Get(name))
		if !fine {
			f.Errors[name] = p.say("limit.no-number")
		}
		out = append(out, n)
	}
	if len(f.Errors) > 0 {
		f.Problem = p.say("form.wrong")
	}
	return out, len(f.Errors) == 0
}

func (p *page) siteLimit() error { return p.showSiteLimit(p.form(), false) }

func (p *page) showSiteLimit(f form, theirs bool) error {
	d := limitView{ID: p.r.PathValue("id")}
	var tag string
	var err error
	if d.Limits, err = p.api.Noting(&tag).SiteLimits(p.ctx(), d.ID); err != nil {
		return err
	}
	own := d.Limits.Own
	d.Form = f.fill(url.Values{"requests": {bound(own.Requests)}, "recipients": {bound(own.Recipients)}, "day": {bound(own.Day)}, tagField: {tag}})
	if theirs {
		d.Form.fresh(p, tag)
		d.Theirs = []choice{{bound(own.Requests), p.say("limit.requests")}, {bound(own.Recipients), p.say("limit.recipients")}, {bound(own.Day), p.say("limit.day")}}
	}
	tokens, err := p.api.ForSite(d.ID).Tokens(p.ctx(), client.Paging{Limit: 50, Cursor: p.r.URL.Query().Get("cursor")})
	if err != nil {
		return err
	}
	d.Tokens, d.More = tokens.Data, tokens.NextCursor
	if d.Form.Problem != "" {
		return p.unfit("site-limit", d)
	}
	return p.show("site-limit", d)
}

func (p *page) setSiteLimit() error {
	f := p.form()
	n, ok := f.bounds(p, "requests", "recipients", "day")
	if !ok {
		return p.showSiteLimit(f, false)
	}
	set := client.SiteLimits{MinuteLimits: client.MinuteLimits{Requests: n[0], Recipients: n[1]}, Day: n[2]}
	_, err := p.onto(f).SetSiteLimits(p.ctx(), p.r.PathValue("id"), set)
	switch {
	case overtaken(err):
		return p.showSiteLimit(f, true)
	case err != nil && f.wrong(p, err, limitNames):
		return p.showSiteLimit(f, false)
	case err != nil:
		return err
	}
	return p.done(to("operator", "limits", p.r.PathValue("id")), "limit.set")
}

func (p *page) tokenLimit() error { return p.showTokenLimit(p.form(), false) }

func (p *page) showTokenLimit(f form, theirs bool) error {
	d := limitView{ID: p.r.PathValue("id")}
	var tag string
	var err error
	if d.Token, err = p.api.ForSite(d.ID).TokenByID(p.ctx(), p.r.PathValue("token")); err != nil {
		return err
	}
	if d.Now, err = p.api.Noting(&tag).TokenLimits(p.ctx(), d.ID, d.Token.ID); err != nil {
		return err
	}
	if d.Limits, err = p.api.SiteLimits(p.ctx(), d.ID); err != nil {
		return err
	}
	usual := d.Limits.Token
	d.Form = f.fill(url.Values{"requests": {unusual(d.Now.Requests, usual.Requests)}, "recipients": {unusual(d.Now.Recipients, usual.Recipients)}, tagField: {tag}})
	if theirs {
		d.Form.fresh(p, tag)
		d.Theirs = []choice{{bound(d.Now.Requests), p.say("limit.requests")}, {bound(d.Now.Recipients), p.say("limit.recipients")}}
	}
	if d.Form.Problem != "" {
		return p.unfit("token-limit", d)
	}
	return p.show("token-limit", d)
}

func (p *page) setTokenLimit() error {
	f, id := p.form(), p.r.PathValue("id")
	n, ok := f.bounds(p, "requests", "recipients")
	if !ok {
		return p.showTokenLimit(f, false)
	}
	_, err := p.onto(f).SetTokenLimits(p.ctx(), id, p.r.PathValue("token"), client.MinuteLimits{Requests: n[0], Recipients: n[1]})
	switch {
	case overtaken(err):
		return p.showTokenLimit(f, true)
	case err != nil && f.wrong(p, err, limitNames):
		return p.showTokenLimit(f, false)
	case err != nil:
		return err
	}
	return p.done(to("operator", "limits", id), "limit.set")
}
