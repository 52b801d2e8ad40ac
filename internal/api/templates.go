package api

import (
	"maps"
	"net/http"
	"reflect"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/message"
	"creditmsg/internal/provider"
)

// templateView is an Alimtalk template.
type templateView struct {
	Code    string       `json:"code"`
	Name    string       `json:"name"`
	Channel string       `json:"channel" doc:"The Kakao channel." example:"@demo"`
	Body    string       `json:"body" doc:"With its #{variables}."`
	Buttons []buttonView `json:"buttons"`
	TemplateParts
	State     string                              `json:"state" enum:"draft,inspecting,approved,rejected,dormant,blocked"`
	Providers map[string]message.ProviderTemplate `json:"providers" doc:"What the provider accounts that can send it call it."`
	CreatedAt instant                             `json:"created_at"`
	UpdatedAt instant                             `json:"updated_at"`

	Registrations []registrationView `json:"registrations" doc:"Where it stands at each provider account that it was submitted to, or whose ids the operator set."`
}

// setting is the template without where it stands at the vendors, who are asked all the time.
func (v templateView) setting() any {
	v.Registrations = nil
	return v
}

// TemplateParts are what a template may have besides its body and buttons. It is exported, since
// members of an embedded type that is not are no part of a schema.
type TemplateParts struct {
	QuickReplies []buttonView       `json:"quick_replies,omitempty" maxItems:"5" doc:"Of types WL, AL, BK, BC, BT and BF."`
	Emphasis     *provider.Emphasis `json:"emphasis,omitempty" doc:"A title above the body and words below that; not together with item_list."`
	ItemList     *provider.ItemList `json:"item_list,omitempty" doc:"A table above the body: variables may stand in its header, its highlight and its descriptions."`
	Extra        string             `json:"extra,omitempty" doc:"Fixed words below the body, at most 500 characters."`
	Category     string             `json:"category,omitempty" doc:"Kakao's code of six digits; others where it is left out." example:"001001"`
	Secure       bool               `json:"secure,omitempty" doc:"The words are shown on the main device alone."`
}

// buttonView is a button under an Alimtalk.
type buttonView struct {
	Type          string `json:"type" doc:"WL web link, AL app link, DS delivery tracking, BK keyword, MD message, BC consultation, BT bot, AC adds the channel, BF form, P1 P2 P3 plug-ins, TN call."`
	Name          string `json:"name" doc:"At most 14 characters."`
	URLMobile     string `json:"url_mobile,omitempty"`
	URLPC         string `json:"url_pc,omitempty"`
	SchemeIOS     string `json:"scheme_ios,omitempty"`
	SchemeAndroid string `json:"scheme_android,omitempty"`
	FormID        string `json:"biz_form_id,omitempty"`
	PluginID      string `json:"plugin_id,omitempty"`
	Phone         string `json:"phone_number,omitempty"`
}

// templateBody is a template as it is written.
type templateBody struct {
	Code    string       `json:"code,omitempty" doc:"In a PUT it may be left out." example:"RESERVE_01"`
	Name    string       `json:"name,omitempty" maxLength:"200"`
	Channel string       `json:"channel" example:"@demo"`
	Body    string       `json:"body" example:"#{이름}님, 예약이 확정되었습니다."`
	Buttons []buttonView `json:"buttons,omitempty" maxItems:"5" doc:"At most 2 beside quick replies. One of type AC stands first and is named 채널 추가."`
	TemplateParts
	State     string                              `json:"state,omitempty" enum:"draft,inspecting,approved,rejected,dormant,blocked" doc:"Only operators set it; a template begins as a draft."`
	Providers map[string]message.ProviderTemplate `json:"providers,omitempty" doc:"Ids by hand; where it is left out, they stay. submit sets them by itself."`
}

type templateAdded struct{ Body templateBody }

type templateSet struct {
	Code string `path:"code"`
	Body templateBody
}

type templateNamed struct {
	Code string `path:"code" example:"RESERVE_01"`
}

func showTemplate(t message.Template) templateView {
	v := templateView{Code: t.Code, Name: t.Name, Channel: t.Channel, Body: t.Body, Buttons: showButtons(t.Buttons),
		TemplateParts: TemplateParts{showButtons(t.QuickReplies), t.Emphasis, t.Items, t.Extra, t.Category, t.Secure},
		State:         string(t.State), Providers: t.Providers, CreatedAt: instant(t.CreatedAt), UpdatedAt: instant(t.UpdatedAt), Registrations: []registrationView{}}
	if v.Providers == nil {
		v.Providers = map[string]message.ProviderTemplate{}
	}
	return v
}

// of is the template that the body asks for.
func (b templateBody) of(site, code string) message.Template {
	t := message.Template{Site: site, Code: code, Name: b.Name, Channel: b.Channel, Body: b.Body, Buttons: readViews(b.Buttons),
		TemplateParts: message.TemplateParts{QuickReplies: readViews(b.QuickReplies), Emphasis: b.Emphasis, Items: b.ItemList,
			Extra: b.Extra, Category: b.Category, Secure: b.Secure},
		State: message.TemplateState(b.State), Providers: b.Providers}
	if t.Items != nil && len(t.Items.Items) == 0 {
		t.Items.Items = nil // as it is read again
	}
	return t
}

func showButtons(list []provider.Button) []buttonView {
	out := make([]buttonView, len(list))
	for i, b := range list {
		out[i] = buttonView(b)
	}
	return out
}

func readViews(list []buttonView) (out []provider.Button) {
	for _, b := range list {
		out = append(out, provider.Button(b))
	}
	return out
}

// templates declares the routes about Alimtalk templates.
func templates(a *api) {
	read(a, operation{
		id: "listTemplates", method: http.MethodGet, path: "/v1/templates", tag: "Templates", ability: "templates:read", status: http.StatusOK,
		summary: "List the templates, by code",
	}, a.listTemplates)
	read(a, operation{
		id: "getTemplate", method: http.MethodGet, path: "/v1/templates/{code}", tag: "Templates", ability: "templates:read", status: http.StatusOK,
		summary: "Get a template",
	}, func(tx *db.Tx, x *exchange, in *templateNamed) (templateView, error) {
		t, err := message.FindTemplate(tx, x.site, in.Code)
		if err != nil {
			return templateView{}, err
		}
		return a.showOne(tx, t)
	})
	write(a, operation{
		id: "addTemplate", method: http.MethodPost, path: "/v1/templates", tag: "Templates", ability: "templates:write", status: http.StatusCreated,
		summary: "Add a template", codes: []string{fault.CodeAlreadyExists},
	}, a.addTemplate)
	write(a, operation{
		id: "setTemplate", method: http.MethodPut, path: "/v1/templates/{code}", tag: "Templates", ability: "templates:write", status: http.StatusOK,
		summary: "Replace a template", about: "New wording is inspected again: it makes the template a draft, unless an operator sets its state.",
	}, a.setTemplate)
	write(a, operation{
		id: "removeTemplate", method: http.MethodDelete, path: "/v1/templates/{code}", tag: "Templates", ability: "templates:write", status: http.StatusNoContent,
		summary: "Remove a template", about: "Messages keep the wording they were accepted with. Vendors remove it too, unless it was approved there.",
	}, func(tx *db.Tx, x *exchange, in *templateNamed) (nothing, error) {
		if err := message.RemoveTemplate(tx, x.site, in.Code); err != nil {
			return nothing{}, err
		}
		return nothing{}, a.Kakao.Forget(tx, x.site, in.Code)
	})
	templateActs(a)
}

func (a *api) listTemplates(tx *db.Tx, x *exchange, in *Paging) (out listOf[templateView], err error) {
	l, err := a.list(tx, x, "templates")
	if err != nil {
		return out, err
	}
	var after string
	if err := l.after(in.Cursor, &after); err != nil {
		return out, err
	}
	rows, err := message.Templates(tx, x.site, after, in.Limit+1)
	if err != nil {
		return out, err
	}
	show, err := a.showTemplates(tx, x.site, rows...)
	if err != nil {
		return out, err
	}
	return pageOf(l, rows, in.Limit, show, func(t message.Template) any { return t.Code })
}

// notYours is the fault for a state that only operators set.
func notYours(initial string) error {
	return fault.New(fault.Denied, fault.CodeForbidden, "only operators set a state; leave it out, or give %s", initial).
		At("/state", "not with this token")
}

func (a *api) addTemplate(tx *db.Tx, x *exchange, in *templateAdded) (templateView, error) {
	t := in.Body.of(x.site, in.Body.Code)
	if t.State == "" {
		t.State = message.TemplateDraft
	}
	if t.State != message.TemplateDraft && !x.operator() {
		return templateView{}, notYours(string(message.TemplateDraft))
	}
	t, err := message.AddTemplate(tx, t)
	if err != nil {
		return templateView{}, err
	}
	return a.written(tx, x, t)
}

// written shows a template that was written. Ids that an operator sets are followed; a site
// could name another's.
func (a *api) written(tx *db.Tx, x *exchange, t message.Template) (templateView, error) {
	if x.operator() {
		if err := a.Kakao.Follow(tx, t); err != nil {
			return templateView{}, err
		}
	}
	return a.showOne(tx, t)
}

// setTemplate keeps the state for a site, unless the wording changes, or ids that a site sets:
// what was approved is what was inspected.
func (a *api) setTemplate(tx *db.Tx, x *exchange, in *templateSet) (templateView, error) {
	if in.Body.Code != "" && in.Body.Code != in.Code {
		return templateView{}, fault.Check("/code", "the path names template %s; a template's code does not change", cut(in.Code))
	}
	old, err := message.LockTemplate(tx, x.site, in.Code)
	if err != nil {
		return templateView{}, err
	}
	t := in.Body.of(x.site, in.Code)
	t.CreatedAt = old.CreatedAt
	same := t.Body == old.Body && t.Channel == old.Channel && (len(t.Buttons)+len(old.Buttons) == 0 || reflect.DeepEqual(t.Buttons, old.Buttons)) &&
		reflect.DeepEqual(t.TemplateParts, old.TemplateParts)
	if in.Body.Providers == nil {
		t.Providers = old.Providers
	}
	kept := message.TemplateDraft
	if same && (x.operator() || len(t.Providers) == 0 || maps.Equal(t.Providers, old.Providers)) {
		kept = old.State
	}
	switch {
	case t.State == "":
		t.State = kept
	case x.operator():
	case t.State != kept && t.State != old.State:
		return templateView{}, notYours(string(kept))
	default:
		t.State = kept
	}
	if t, err = message.SetTemplate(tx, t); err != nil {
		return templateView{}, err
	}
	return a.written(tx, x, t)
}
