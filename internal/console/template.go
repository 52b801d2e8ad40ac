package console

import (
	"slices"

	"golang.org/x/sync/errgroup"

	"creditmsg/client"
)

const kakaoBase = "/s/{site}/settings/kakao"

var kakaoTabs = []door{
	{"templates", "", []string{"settings", "kakao"}, "templates:read"},
	{"channels", "", []string{"settings", "kakao", "channels"}, "channels:read"},
}

func templateScreens() []screen {
	const one = kakaoBase + "/templates/{code}"
	return []screen{
		{pattern: "GET " + kakaoBase, do: (*page).templates},
		{pattern: "GET " + kakaoBase + "/new", do: (*page).templateNew},
		{pattern: "POST " + kakaoBase + "/new", do: (*page).addTemplate},
		{pattern: "POST " + kakaoBase + "/preview", do: (*page).templatePreview},
		{pattern: "GET " + one, do: (*page).template},
		{pattern: "GET " + one + "/edit", do: (*page).templateEdit},
		{pattern: "POST " + one + "/edit", do: (*page).setTemplate},
		{pattern: "GET " + one + "/submit", do: (*page).submitForm},
		{pattern: "POST " + one + "/submit", do: (*page).submitTemplate},
		{pattern: "GET " + one + "/comment", do: (*page).commentForm},
		{pattern: "POST " + one + "/comment", do: (*page).commentTemplate},
		{pattern: "GET " + one + "/state", do: (*page).templateStateForm},
		{pattern: "POST " + one + "/state", do: (*page).setTemplateState},
		{pattern: "POST " + one + "/{act}", do: (*page).templateAct},
	}
}

// kakao is a path of what a site has at Kakao.
func (p *page) kakao(parts ...string) string {
	return p.path(append([]string{"settings", "kakao"}, parts...)...)
}

// Kakao is such a path for pages.
func (s view) Kakao(parts ...string) string { return s.page.kakao(parts...) }

func (p *page) templates() error {
	if !p.can("templates:read") && p.can("channels:read") {
		return p.lead(p.kakao("channels"))
	}
	list, err := p.api.Templates(p.ctx(), client.Paging{Limit: 30, Cursor: p.r.URL.Query().Get("cursor")})
	if err != nil {
		return err
	}
	return p.show("templates", list)
}

// templateView is the page of one template.
type templateView struct {
	Template client.Template
	Preview  preview
	Acts     []string // that the vendors may take now
	Submit   bool     // it can be handed in for inspection
}

func (p *page) template() error {
	t, err := p.api.Template(p.ctx(), p.r.PathValue("code"))
	if err != nil {
		return err
	}
	d := templateView{Template: t, Preview: preview{t}}
	if p.can("templates:write") {
		d.Submit = t.State == "draft" || t.State == "rejected" || len(t.Registrations) == 0
		if d.Acts, err = p.templateActsOn(t); err != nil {
			return err
		}
	}
	return p.show("template", d)
}

// actIn is the state of a template at an account in which the vendor may be asked for an act.
var actIn = map[string]string{"withdraw": "inspecting", "release": "dormant", "comment": "inspecting"}

// templateActsOn are what can be asked of the vendors of a template now. The API decides; this leaves out
// what it would refuse.
func (p *page) templateActsOn(t client.Template) (out []string, err error) {
	var accounts client.Page[client.KakaoAccount]
	if len(t.Registrations) == 0 || !p.can("channels:read") {
		return nil, nil
	}
	if accounts, err = p.api.KakaoAccounts(p.ctx()); err != nil {
		return nil, err
	}
	for _, act := range []string{"comment", "withdraw", "release"} {
		if slices.ContainsFunc(t.Registrations, func(r client.Registration) bool {
			return r.State == actIn[act] && slices.ContainsFunc(accounts.Data, func(a client.KakaoAccount) bool {
				return a.Provider == r.Provider && slices.Contains(a.TemplateActs, act)
			})
		}) {
			out = append(out, act)
		}
	}
	return append(out, "sync"), nil
}

func (p *page) templateAct() error {
	code, act := p.r.PathValue("code"), p.r.PathValue("act")
	api := p.once(p.form())
	back := p.kakao("templates", code)
	var err error
	switch act {
	case "withdraw":
		_, err = api.WithdrawTemplate(p.ctx(), code, client.TemplateWish{})
	case "release":
		_, err = api.ReleaseTemplate(p.ctx(), code, client.TemplateWish{})
	case "sync":
		_, err = api.SyncTemplate(p.ctx(), code, client.TemplateWish{})
	case "remove":
		back = p.kakao()
		err = api.RemoveTemplate(p.ctx(), code)
	default:
		return p.nothing()
	}
	if err != nil {
		return p.refused(err, p.kakao("templates", code))
	}
	return p.done(back, "template."+act)
}

// wish is the form by which something is asked of the vendors.
type wish struct {
	Template client.Template
	Form     form
	Accounts []choice // that take it
	Purpose  bool     // one of them wants to know what the template is for
}

// showWish shows the form with the accounts that take such a wish.
func (p *page) showWish(name string, f form, takes func(client.KakaoAccount) bool) error {
	d := wish{Form: f}
	var channel client.KakaoChannel
	var accounts client.Page[client.KakaoAccount]
	var err error
	if d.Template, err = p.api.Template(p.ctx(), p.r.PathValue("code")); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(p.ctx())
	group.Go(func() (err error) { accounts, err = p.api.KakaoAccounts(ctx); return err })
	group.Go(func() (err error) {
		channel, err = p.api.KakaoChannel(ctx, d.Template.Channel)
		if client.IsProblem(err, "not_found") {
			err = nil // it is nowhere, then
		}
		return err
	})
	if err := group.Wait(); err != nil {
		return err
	}
	for _, a := range accounts.Data {
		if channel.Registrations[a.Provider].State == "registered" && takes(a) {
			d.Accounts = append(d.Accounts, choice{a.Provider, a.Provider})
			d.Purpose = d.Purpose || a.WantsPurpose
		}
	}
	if f.Problem != "" {
		return p.unfit(name, d)
	}
	return p.show(name, d)
}

func takesTemplates(a client.KakaoAccount) bool { return slices.Contains(a.TemplateActs, "submit") }

func takesComments(a client.KakaoAccount) bool { return slices.Contains(a.TemplateActs, "comment") }

func (p *page) submitForm() error { return p.showWish("template-submit", p.form(), takesTemplates) }

func (p *page) submitTemplate() error {
	f := p.form()
	w := client.TemplateWish{Providers: f.chosen("providers"), Comment: f.Get("comment")}
	if f.Get("purpose.purpose")+f.Get("purpose.legal_basis")+f.Get("purpose.benefit_origin")+f.Get("purpose.expiry_type")+f.Get("purpose.confirmed") != "" {
		w.Purpose = &client.TemplatePurpose{Purpose: f.Get("purpose.purpose"), Basis: f.Get("purpose.legal_basis"), Benefit: f.Get("purpose.benefit_origin"),
			Expiry: f.Get("purpose.expiry_type"), Confirmed: f.Get("purpose.confirmed") != ""}
	}
	code := p.r.PathValue("code")
	if _, err := p.once(f).SubmitTemplate(p.ctx(), code, w); err != nil {
		names := listed("/providers", "providers", len(w.Providers))
		names["/purpose"] = "purpose.confirmed"
		if f.wrong(p, err, names) {
			return p.showWish("template-submit", f, takesTemplates)
		}
		return err
	}
	return p.done(p.kakao("templates", code), "template.submit")
}

func (p *page) commentForm() error { return p.showWish("template-comment", p.form(), takesComments) }

func (p *page) commentTemplate() error {
	f := p.form()
	w := client.TemplateWish{Providers: f.chosen("providers"), Comment: f.Get("comment")}
	code := p.r.PathValue("code")
	if _, err := p.once(f).CommentTemplate(p.ctx(), code, w); err != nil {
		if f.wrong(p, err, listed("/providers", "providers", len(w.Providers))) {
			return p.showWish("template-comment", f, takesComments)
		}
		return err
	}
	return p.done(p.kakao("templates", code), "template.comment")
}

// templateStates are those that the operator can set.
var templateStates = []string{"draft", "inspecting", "approved", "rejected", "dormant", "blocked"}

// templateState is the operator's form: what has come of an inspection, and what vendors call the
// template.
type templateState struct {
	Template client.Template
	Form     form
	States   []choice
	Accounts []string
	Theirs   []choice
}

func (p *page) templateStateForm() error {
	if err := p.operates(); err != nil {
		return err
	}
	return p.showTemplateState(p.form(), false)
}

// idFields are those of what an account calls a template.
func idFields(account string) (channel, template string) {
	return "ids." + account + ".channel_id", "ids." + account + ".template_id"
}

func (p *page) showTemplateState(f form, late bool) error {
	var tag string
	t, err := p.api.Noting(&tag).Template(p.ctx(), p.r.PathValue("code"))
	if err != nil {
		return err
	}
	accounts, err := p.api.KakaoAccounts(p.ctx())
	if err != nil {
		return err
	}
	d := templateState{Template: t, States: p.wordsOf(func(v string) string { return p.word("template.state", v) }, templateStates...)}
	now := map[string]string{"state": t.State, tagField: tag}
	for _, a := range accounts.Data {
		d.Accounts = append(d.Accounts, a.Provider)
		channel, template := idFields(a.Provider)
		now[channel], now[template] = t.Providers[a.Provider].ChannelID, t.Providers[a.Provider].TemplateID
	}
	if late {
		f.fresh(p, tag)
		d.Theirs = append(d.Theirs, choice{p.say("state"), p.word("template.state", t.State)})
		for account, ids := range t.Providers {
			d.Theirs = append(d.Theirs, choice{account, ids.ChannelID + " / " + ids.TemplateID})
		}
	}
	if d.Form = f.Filled(now); d.Form.Problem != "" {
		return p.unfit("template-state", d)
	}
	return p.show("template-state", d)
}

func (p *page) setTemplateState() error {
	if err := p.operates(); err != nil {
		return err
	}
	f := p.form()
	code := p.r.PathValue("code")
	t, err := p.api.Template(p.ctx(), code)
	if err != nil {
		return err
	}
	accounts, err := p.api.KakaoAccounts(p.ctx())
	if err != nil {
		return err
	}
	t.State = f.Get("state")
	ids := map[string]client.ProviderTemplate{}
	for account, one := range t.Providers {
		ids[account] = one
	}
	for _, a := range accounts.Data {
		channel, template := idFields(a.Provider)
		one := client.ProviderTemplate{ChannelID: f.Get(channel), TemplateID: f.Get(template)}
		if ids[a.Provider] = one; one == (client.ProviderTemplate{}) {
			delete(ids, a.Provider)
		}
	}
	t.Providers = ids
	if _, err := p.onto(f).PutTemplate(p.ctx(), t); err != nil {
		if overtaken(err) {
			return p.showTemplateState(f, true)
		}
		if f.wrong(p, err, nil) {
			return p.showTemplateState(f, false)
		}
		return err
	}
	return p.done(p.kakao("templates", code), "template.state")
}
