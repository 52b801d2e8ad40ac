package nhncloud

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"

	"creditmsg/internal/korea"
	"creditmsg/internal/provider"
	"creditmsg/internal/upstream"
)

// TemplateActs are what the vendor takes. A template is submitted as it is added or changed;
// one that was rejected also by a comment.
func (a *account) TemplateActs() provider.TemplateActs {
	return provider.AddTemplate | provider.ChangeTemplate | provider.CommentTemplate | provider.RemoveTemplate
}

// templateStates are what the vendor calls the states of a template.
var templateStates = map[string]provider.TemplateState{"TSC01": provider.TemplateInspecting, "TSC02": provider.TemplateInspecting,
	"TSC03": provider.TemplateApproved, "TSC04": provider.TemplateRejected}

// wireTemplate is a template as the vendor shows it.
type wireTemplate struct {
	Sender   string `json:"senderKey"`
	Code     string `json:"templateCode"`
	Name     string `json:"templateName"`
	Status   string `json:"status"`
	Dormant  bool   `json:"dormant"`
	Blocked  bool   `json:"block"`
	Comments []struct {
		Text   string `json:"content"`
		At     string `json:"createdAt"`
		Before string `json:"createAt"` // of older versions
		Status string `json:"status"`
	} `json:"comments"`
}

func (w *wireTemplate) kept() provider.KeptTemplate {
	t := provider.KeptTemplate{TemplateRef: provider.TemplateRef{ChannelID: w.Sender, TemplateID: w.Code}, Name: w.Name, State: templateStates[w.Status]}
	switch {
	case w.Blocked:
		t.State = provider.TemplateBlocked
	case w.Dormant && t.State == provider.TemplateApproved:
		t.State = provider.TemplateDormant
	}
	for _, c := range w.Comments {
		// INQ is the customer's; APR, REJ, REP and REQ are the inspector's.
		t.Comments = append(t.Comments, provider.TemplateComment{Text: upstream.Passage(c.Text), ByInspector: c.Status != "INQ", At: moment(c.At, c.Before)})
	}
	return t
}

// moment reads the first of these that is a time; times are Korean, with or without saying so.
func moment(texts ...string) time.Time {
	for _, text := range texts {
		if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
			return t.UTC()
		}
		for _, form := range []string{"2006-01-02T15:04:05.999", "2006-01-02 15:04:05.999"} {
			if t, err := time.ParseInLocation(form, text, korea.Seoul); err == nil {
				return t.UTC()
			}
		}
	}
	return time.Time{}
}

// templates is the path of a channel's templates.
func templates(channelID string) string {
	return "/senders/" + url.PathEscape(channelID) + "/templates"
}

// Templates lists the templates of a channel.
func (a *account) Templates(ctx context.Context, channelID string) ([]provider.KeptTemplate, error) {
	all := []provider.KeptTemplate{}
	err := a.pages(ctx, a.alimtalk, "list templates", templates(channelID), func(body json.RawMessage) (int, error) {
		var page struct {
			Response struct {
				List []wireTemplate `json:"templates"`
			} `json:"templateListResponse"`
		}
		if err := upstream.Lenient(json.Unmarshal(body, &page)); err != nil || page.Response.List == nil {
			return 0, errNoList
		}
		for i := range page.Response.List {
			if t := page.Response.List[i].kept(); t.TemplateID != "" {
				t.ChannelID = channelID
				all = append(all, t)
			}
		}
		return len(page.Response.List), nil
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// wireForm is a template as it is written.
type wireForm struct {
	Code     string       `json:"templateCode,omitempty"`
	Name     string       `json:"templateName"`
	Content  string       `json:"templateContent"`
	Kind     string       `json:"templateMessageType"`
	Stress   string       `json:"templateEmphasizeType"`
	Extra    string       `json:"templateExtra,omitempty"`
	Title    string       `json:"templateTitle,omitempty"`
	Subtitle string       `json:"templateSubtitle,omitempty"`
	Secure   bool         `json:"securityFlag"`
	Category string       `json:"categoryCode,omitempty"`
	Buttons  []wireButton `json:"buttons,omitempty"`
	Quick    []wireButton `json:"quickReplies,omitempty"`
	wireTable
}

func form(code string, f *provider.TemplateForm) wireForm {
	w := wireForm{Code: code, Name: f.Name, Content: f.Body, Kind: f.Kind(), Stress: f.Stress(), Extra: f.Extra, Secure: f.Secure, Category: f.Category,
		Buttons: buttons(f.Buttons), Quick: buttons(f.QuickReplies), wireTable: table(f.Items)}
	if f.Emphasis != nil {
		w.Title, w.Subtitle = f.Emphasis.Title, f.Emphasis.Subtitle
	}
	return w
}

// AddTemplate writes a template under the code of its form, and thereby submits it.
func (a *account) AddTemplate(ctx context.Context, f provider.TemplateForm) (string, error) {
	const act = "add the template"
	if !upstream.PlainID(f.Code) {
		return "", provider.Undone(act, errors.New("it has no code"))
	}
	if err := a.desk(ctx, a.alimtalk, act, http.MethodPost, templates(f.ChannelID), form(f.Code, &f), nil); err != nil {
		return "", err
	}
	return f.Code, nil
}

// ChangeTemplate replaces the wording, and thereby submits it again.
func (a *account) ChangeTemplate(ctx context.Context, templateID string, f provider.TemplateForm) error {
	return a.onTemplate(ctx, "change the template", http.MethodPut, provider.TemplateRef{ChannelID: f.ChannelID, TemplateID: templateID}, "", form("", &f))
}

// ActOnTemplate comments or removes.
func (a *account) ActOnTemplate(ctx context.Context, act provider.TemplateActs, t provider.TemplateRef, comment string) error {
	switch act {
	case provider.CommentTemplate:
		return a.onTemplate(ctx, "comment on the template", http.MethodPost, t, "/comments", map[string]string{"comment": comment})
	case provider.RemoveTemplate:
		return a.onTemplate(ctx, "remove the template", http.MethodDelete, t, "", nil)
	}
	return provider.NotOffered("act on the template")
}

func (a *account) onTemplate(ctx context.Context, act, method string, t provider.TemplateRef, rest string, in any) error {
	return a.desk(ctx, a.alimtalk, act, method, templates(t.ChannelID)+"/"+url.PathEscape(t.TemplateID)+rest, in, nil)
}
