package api

import (
	"net/http"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/kakao"
	"creditmsg/internal/message"
	"creditmsg/internal/provider"
)

// registrationView is a template at one provider account.
type registrationView struct {
	Provider   string          `json:"provider"`
	ChannelID  string          `json:"channel_id"`
	TemplateID string          `json:"template_id" doc:"Empty until the vendor gave one."`
	State      string          `json:"state" doc:"draft, inspecting, approved, rejected, dormant or blocked, as the vendor has it; empty where it calls it by a name that is not known."`
	Doing      string          `json:"doing,omitempty" enum:"submit,withdraw,comment,release,remove" doc:"What is under way."`
	Problem    string          `json:"problem,omitempty" doc:"Why what was asked for is not done, or not yet."`
	Comments   []kakao.Comment `json:"comments" doc:"What the inspector and you wrote, oldest first."`
	CheckedAt  maybeInstant    `json:"checked_at" doc:"When the vendor was last asked."`
}

// showTemplates gives what shows templates of a site with where they stand at the accounts.
func (a *api) showTemplates(tx *db.Tx, siteID string, list ...message.Template) (func(message.Template) (templateView, error), error) {
	codes := make([]string, len(list))
	for i, t := range list {
		codes[i] = t.Code
	}
	all, err := kakao.Registrations(tx, siteID, codes...)
	if err != nil {
		return nil, err
	}
	return func(t message.Template) (templateView, error) {
		v := showTemplate(t)
		for _, r := range all[t.Code] {
			one := registrationView{r.Account, r.ChannelID, r.TemplateID, string(r.State), r.Wish, r.Problem, r.Comments, maybeInstant(r.LookedAt)}
			if one.Comments == nil {
				one.Comments = []kakao.Comment{}
			}
			v.Registrations = append(v.Registrations, one)
		}
		return v, nil
	}, nil
}

// showOne shows one template.
func (a *api) showOne(tx *db.Tx, t message.Template) (templateView, error) {
	show, err := a.showTemplates(tx, t.Site, t)
	if err != nil {
		return templateView{}, err
	}
	return show(t)
}

// templateWish is what is asked for about a template.
type templateWish struct {
	Code string `path:"code" example:"RESERVE_01"`
	Body *struct {
		Providers []string          `json:"providers,omitempty" maxItems:"20" doc:"Provider accounts; all where it can be, if left out."`
		Comment   string            `json:"comment,omitempty" doc:"To the inspector, at most 500 characters." example:"예약한 고객에게 보내는 안내입니다."`
		Purpose   *provider.Purpose `json:"purpose,omitempty" doc:"Some vendors want to know what a template is for; only submit takes it. confirmed says that somebody has checked that its readers agreed, that its links are plain and that it keeps the vendor's rules."`
	} `nameHint:"TemplateWish"`
}

func (in *templateWish) of(siteID string) kakao.Wish {
	w := kakao.Wish{Site: siteID, Code: in.Code}
	if in.Body != nil {
		w.Accounts, w.Comment, w.Purpose = in.Body.Providers, in.Body.Comment, in.Body.Purpose
	}
	return w
}

// templateActs declares the routes about templates at the vendors.
func templateActs(a *api) {
	for _, one := range []struct {
		id, verb, summary, about string
		do                       func(*db.Tx, kakao.Wish) error
	}{
		{"submitTemplate", "submit", "Have a template inspected", "It is registered at each provider account where its channel is, in its present wording, and submitted. That goes on by itself; " +
			"`registrations` tells how far it is, and template.approved or template.rejected is an event. A wording that was approved cannot be changed: another one is another template at the vendor.",
			func(tx *db.Tx, w kakao.Wish) error { return a.Kakao.Submit(tx, w) }},
		{"withdrawTemplate", "withdraw", "Take a template out of its inspection", "Where the vendor takes that.", func(tx *db.Tx, w kakao.Wish) error { return a.Kakao.Withdraw(tx, w) }},
		{"commentTemplate", "comments", "Write to the inspector of a template", "Where the vendor takes that; others take a comment with the submission.", func(tx *db.Tx, w kakao.Wish) error { return a.Kakao.Comment(tx, w) }},
		{"releaseTemplate", "release", "Wake a template that has become dormant", "A template that was not used for a year becomes dormant.", func(tx *db.Tx, w kakao.Wish) error { return a.Kakao.Release(tx, w) }},
		{"syncTemplate", "sync", "Have the vendors asked where a template stands", "They are asked by themselves: every ten minutes during an inspection, else once a day.",
			func(tx *db.Tx, w kakao.Wish) error { return a.Kakao.Look(tx, w.Site, w.Code) }},
	} {
		write(a, operation{
			id: one.id, method: http.MethodPost, path: "/v1/templates/{code}/" + one.verb, tag: "Templates", ability: "templates:write", status: http.StatusOK,
			summary: one.summary, about: one.about, codes: []string{fault.CodeStateConflict},
		}, func(tx *db.Tx, x *exchange, in *templateWish) (templateView, error) {
			if err := one.do(tx, in.of(x.site)); err != nil {
				return templateView{}, err
			}
			t, err := message.FindTemplate(tx, x.site, in.Code)
			if err != nil {
				return templateView{}, err
			}
			return a.showOne(tx, t)
		})
	}
}
