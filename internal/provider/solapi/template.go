package solapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"

	"creditmsg/internal/provider"
	"creditmsg/internal/upstream"
)

// TemplateActs are what the vendor takes: all but a comment by itself.
func (a *account) TemplateActs() provider.TemplateActs {
	return provider.AddTemplate | provider.ChangeTemplate | provider.SubmitTemplate | provider.WithdrawTemplate | provider.ReleaseTemplate | provider.RemoveTemplate
}

// wireTemplate is a template as the vendor shows it.
type wireTemplate struct {
	ID       string `json:"templateId"`
	Channel  string `json:"channelId"`
	Name     string `json:"name"`
	Status   string `json:"status"`
	Dormant  bool   `json:"dormant"`
	Blocked  bool   `json:"block"`
	Comments []struct {
		Admin bool   `json:"isAdmin"`
		Text  string `json:"content"`
		At    string `json:"dateCreated"`
	} `json:"comments"`
}

// templateStates are what the vendor calls the states of a template.
var templateStates = map[string]provider.TemplateState{"PENDING": provider.TemplateDraft, "INSPECTING": provider.TemplateInspecting,
	"APPROVED": provider.TemplateApproved, "REJECTED": provider.TemplateRejected, "DORMANT": provider.TemplateDormant, "BLOCKED": provider.TemplateBlocked}

func (w *wireTemplate) kept() provider.KeptTemplate {
	t := provider.KeptTemplate{TemplateRef: provider.TemplateRef{ChannelID: w.Channel, TemplateID: w.ID}, Name: w.Name, State: templateStates[w.Status]}
	switch {
	case w.Blocked:
		t.State = provider.TemplateBlocked
	case w.Dormant && t.State == provider.TemplateApproved:
		t.State = provider.TemplateDormant
	}
	for _, c := range w.Comments {
		at, err := time.Parse(time.RFC3339Nano, c.At)
		if err != nil {
			at = time.Time{}
		}
		t.Comments = append(t.Comments, provider.TemplateComment{Text: upstream.Passage(c.Text), ByInspector: c.Admin, At: at.UTC()})
	}
	return t
}

// Templates lists the templates of a channel.
func (a *account) Templates(ctx context.Context, channelID string) ([]provider.KeptTemplate, error) {
	all := []provider.KeptTemplate{}
	err := a.pages(ctx, "list templates", "/kakao/v2/templates", url.Values{"channelId": {channelID}}, func(body []byte) error {
		var page struct {
			List []wireTemplate `json:"templateList"`
		}
		if err := upstream.Lenient(json.Unmarshal(body, &page)); err != nil || page.List == nil {
			return errors.New("the reply has no list")
		}
		for i := range page.List {
			if t := page.List[i].kept(); upstream.PlainID(t.TemplateID) && t.ChannelID == channelID {
				all = append(all, t)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// wireForm is a template as it is written.
type wireForm struct {
	Channel   string          `json:"channelId"`
	Name      string          `json:"name"`
	Content   string          `json:"content"`
	Category  string          `json:"categoryCode"`
	Kind      string          `json:"messageType"`
	Stress    string          `json:"emphasizeType"`
	Extra     string          `json:"extra,omitempty"`
	Title     string          `json:"emphasizeTitle,omitempty"`
	Subtitle  string          `json:"emphasizeSubtitle,omitempty"`
	Secure    bool            `json:"securityFlag"`
	Buttons   []wireButton    `json:"buttons,omitempty"`
	Quick     []wireQuick     `json:"quickReplies,omitempty"`
	Header    string          `json:"header,omitempty"`
	Highlight *provider.Item  `json:"highlight,omitempty"`
	Item      *provider.Lines `json:"item,omitempty"`
}

type wireQuick struct {
	Name string `json:"name"`
	Type string `json:"linkType"`
	wireLinks
}

// otherCategory is where a template belongs that names no line of business.
const otherCategory = "999999"

// form writes a template in the vendor's words.
func form(f *provider.TemplateForm) wireForm {
	w := wireForm{Channel: f.ChannelID, Name: f.Name, Content: f.Body, Category: f.Category, Kind: f.Kind(), Stress: f.Stress(), Extra: f.Extra, Secure: f.Secure,
		Buttons: buttons(f.Buttons)}
	if w.Category == "" {
		w.Category = otherCategory
	}
	for _, b := range f.QuickReplies {
		w.Quick = append(w.Quick, wireQuick{b.Name, b.Type, linksOf(b)})
	}
	if f.Emphasis != nil {
		w.Title, w.Subtitle = f.Emphasis.Title, f.Emphasis.Subtitle
	}
	if f.Items != nil {
		w.Header, w.Highlight, w.Item = f.Items.Header, f.Items.Highlight, f.Items.Lines()
	}
	return w
}

// AddTemplate writes a template, which is a draft then.
func (a *account) AddTemplate(ctx context.Context, f provider.TemplateForm) (string, error) {
	const act = "add the template"
	var made wireTemplate
	err := a.desk(ctx, act, http.MethodPost, "/kakao/v2/templates", form(&f), &made)
	if err == nil && !upstream.PlainID(made.ID) {
		err = errors.New(act + ": the reply names none")
	}
	if err != nil {
		return "", err
	}
	return made.ID, nil
}

// ChangeTemplate replaces the wording.
func (a *account) ChangeTemplate(ctx context.Context, templateID string, f provider.TemplateForm) error {
	return a.onTemplate(ctx, "change the template", http.MethodPut, templateID, "", form(&f))
}

// ActOnTemplate does what the vendor has a path for.
func (a *account) ActOnTemplate(ctx context.Context, act provider.TemplateActs, t provider.TemplateRef, _ string) error {
	switch act {
	case provider.SubmitTemplate:
		return a.onTemplate(ctx, "submit the template", http.MethodPut, t.TemplateID, "/inspection", nil)
	case provider.WithdrawTemplate:
		return a.onTemplate(ctx, "withdraw the template", http.MethodPut, t.TemplateID, "/inspection/cancel", nil)
	case provider.ReleaseTemplate: // the vendor's own spelling
		return a.onTemplate(ctx, "release the template", http.MethodPost, t.TemplateID, "/relese-dormant", nil)
	case provider.RemoveTemplate:
		return a.onTemplate(ctx, "remove the template", http.MethodDelete, t.TemplateID, "", nil)
	}
	return provider.NotOffered("comment on the template")
}

func (a *account) onTemplate(ctx context.Context, act, method, templateID, rest string, in any) error {
	if !upstream.PlainID(templateID) {
		return provider.Undone(act, errors.New("it has no id of this vendor"))
	}
	var done wireTemplate
	err := a.desk(ctx, act, method, "/kakao/v2/templates/"+templateID+rest, in, &done)
	if err == nil && done.ID != templateID {
		err = errors.New(act + ": the reply names another template")
	}
	return err
}

// variables are what the vendor puts into a template itself: its names with their wrapper.
func variables(names, values []string) map[string]string {
	all := make(map[string]string, len(names))
	for i, name := range names {
		if i < len(values) {
			all["#{"+name+"}"] = values[i]
		}
	}
	return all
}

// byVariables reports whether a template has parts that the vendor takes from it alone: it is then
// sent by its variables, otherwise with its text, which the vendor compares.
func byVariables(t *provider.Template) bool { return t.Items != nil || len(t.QuickReplies) > 0 }
