package aligo

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"

	"creditmsg/internal/provider"
	"creditmsg/internal/upstream"
)

// TemplateActs are what the vendor takes.
func (a *account) TemplateActs() provider.TemplateActs {
	return provider.AddTemplate | provider.ChangeTemplate | provider.SubmitTemplate | provider.RemoveTemplate
}

// wireTemplate is a template as the vendor shows it. Comments are lists of objects whose
// members are not documented, or text.
type wireTemplate struct {
	Sender     string          `json:"senderKey"`
	Code       word            `json:"templtCode"`
	Name       string          `json:"templtName"`
	Status     string          `json:"status"`     // A, R waiting, S stopped
	Inspection string          `json:"inspStatus"` // REG, REQ, APR, REJ
	Comments   json.RawMessage `json:"comments"`
}

// templateStates are what the vendor calls the states of an inspection.
var templateStates = map[string]provider.TemplateState{"REG": provider.TemplateDraft, "REQ": provider.TemplateInspecting,
	"APR": provider.TemplateApproved, "REJ": provider.TemplateRejected}

func (w *wireTemplate) kept() provider.KeptTemplate {
	t := provider.KeptTemplate{TemplateRef: provider.TemplateRef{ChannelID: w.Sender, TemplateID: string(w.Code)}, Name: w.Name, State: templateStates[w.Inspection]}
	if t.State == provider.TemplateApproved && w.Status == "S" {
		t.State = provider.TemplateBlocked // or asleep: the vendor has one word for both
	}
	var list []struct {
		Text string `json:"content"`
		At   string `json:"cdate"`
	}
	var text string
	if upstream.Lenient(json.Unmarshal(w.Comments, &list)) == nil && len(list) > 0 {
		for _, c := range list {
			t.Comments = append(t.Comments, provider.TemplateComment{Text: upstream.Passage(c.Text), ByInspector: true, At: at(c.At)})
		}
	} else if json.Unmarshal(w.Comments, &text) == nil && text != "" {
		t.Comments = []provider.TemplateComment{{Text: upstream.Passage(text), ByInspector: true}}
	}
	return t
}

// Templates lists the templates of a channel.
func (a *account) Templates(ctx context.Context, channelID string) ([]provider.KeptTemplate, error) {
	const act = "list templates"
	var reply struct {
		List []wireTemplate `json:"list"`
	}
	if err := a.desk(ctx, provider.Alimtalk, act, "/akv10/template/list/", url.Values{"senderkey": {channelID}}, &reply); err != nil {
		return nil, err
	}
	if reply.List == nil {
		return nil, errors.New(act + ": the reply has no list")
	}
	all := []provider.KeptTemplate{}
	for i := range reply.List {
		if t := reply.List[i].kept(); t.TemplateID != "" {
			t.ChannelID = channelID
			all = append(all, t)
		}
	}
	return all, nil
}

// formButton is a button as a template is written; the vendor shows and sends it under other
// names.
type formButton struct {
	Name string `json:"name"`
	Type string `json:"linkType"`
	M    string `json:"linkM,omitempty"`
	P    string `json:"linkP,omitempty"`
	I    string `json:"linkI,omitempty"`
	A    string `json:"linkA,omitempty"`
}

// form is a template in the vendor's words. Of buttons it takes those of linkNames, and no
// quick replies and no tables.
func form(act string, f *provider.TemplateForm) (url.Values, error) {
	unknown := func(b provider.Button) bool { return linkNames[b.Type] == "" }
	if f.Items != nil || len(f.QuickReplies) > 0 || slices.ContainsFunc(f.Buttons, unknown) {
		return nil, &provider.Denial{Act: act, Reason: provider.TemplateMismatch, Text: "this vendor takes neither tables nor quick replies, and of buttons AC, AL, BK, DS, MD and WL"}
	}
	form := url.Values{"senderkey": {f.ChannelID}, "tpl_name": {f.Name}, "tpl_content": {f.Body}, "tpl_type": {f.Kind()}, "tpl_emtype": {f.Stress()}, "tpl_secure": {"N"}}
	if f.Secure {
		form.Set("tpl_secure", "Y")
	}
	if f.Extra != "" {
		form.Set("tpl_extra", f.Extra)
	}
	if f.Emphasis != nil {
		form.Set("tpl_title", f.Emphasis.Title)
		form.Set("tpl_stitle", f.Emphasis.Subtitle)
	}
	if kind := f.Kind(); kind == "AD" || kind == "MI" { // Kakao's own words, which are fixed
		form.Set("tpl_advert", "채널 추가하고 이 채널의 광고와 마케팅 메시지를 카카오톡으로 받기")
	}
	if len(f.Buttons) > 0 {
		list := make([]formButton, len(f.Buttons))
		for i, b := range f.Buttons {
			list[i] = formButton{b.Name, b.Type, b.URLMobile, b.URLPC, b.SchemeIOS, b.SchemeAndroid}
		}
		text, err := json.Marshal(map[string]any{"button": list})
		if err != nil {
			return nil, provider.Undone(act, errors.New("the buttons cannot be written"))
		}
		form.Set("tpl_button", string(text))
	}
	return form, nil
}

// AddTemplate writes a template, which is a draft then.
func (a *account) AddTemplate(ctx context.Context, f provider.TemplateForm) (string, error) {
	const act = "add the template"
	fields, err := form(act, &f)
	if err != nil {
		return "", err
	}
	var reply struct {
		Data wireTemplate `json:"data"`
	}
	if err := a.desk(ctx, provider.Alimtalk, act, "/akv10/template/add/", fields, &reply); err != nil {
		return "", err
	}
	if reply.Data.Code == "" {
		return "", errors.New(act + ": the reply names none")
	}
	return string(reply.Data.Code), nil
}

// ChangeTemplate replaces the wording.
func (a *account) ChangeTemplate(ctx context.Context, templateID string, f provider.TemplateForm) error {
	const act = "change the template"
	fields, err := form(act, &f)
	if err != nil {
		return err
	}
	fields.Set("tpl_code", templateID)
	return a.desk(ctx, provider.Alimtalk, act, "/akv10/template/modify/", fields, nil)
}

// ActOnTemplate submits or removes.
func (a *account) ActOnTemplate(ctx context.Context, act provider.TemplateActs, t provider.TemplateRef, _ string) error {
	form := url.Values{"senderkey": {t.ChannelID}, "tpl_code": {t.TemplateID}}
	switch act {
	case provider.SubmitTemplate:
		return a.desk(ctx, provider.Alimtalk, "submit the template", "/akv10/template/request/", form, nil)
	case provider.RemoveTemplate:
		return a.desk(ctx, provider.Alimtalk, "remove the template", "/akv10/template/del/", form, nil)
	}
	return provider.NotOffered("act on the template")
}
