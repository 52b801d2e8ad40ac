package sendgo

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"creditmsg/internal/provider"
	"creditmsg/internal/upstream"
)

const (
	deskPage  = 100 // templates of one page of a list
	deskPages = 100
)

// TemplateActs are what the vendor takes; a comment goes with the submission.
func (a *account) TemplateActs() provider.TemplateActs {
	return provider.AddTemplate | provider.ChangeTemplate | provider.SubmitTemplate | provider.WithdrawTemplate | provider.ReleaseTemplate | provider.RemoveTemplate |
		provider.DeclareTemplate
}

// wireTemplate is a template as the vendor shows it, by every name that was seen of its members.
type wireTemplate struct {
	Code          string          `json:"templateCode"`
	CodeToo       string          `json:"template_code"`
	Name          string          `json:"templateName"`
	NameToo       string          `json:"template_name"`
	Inspection    string          `json:"inspectionStatus"`
	InspectionToo string          `json:"inspection_status"`
	Comments      json.RawMessage `json:"comments"`
}

// templateStates are what the vendor calls the states of a template.
var templateStates = map[string]provider.TemplateState{"REG": provider.TemplateDraft, "REQ": provider.TemplateInspecting, "APR": provider.TemplateApproved,
	"REJ": provider.TemplateRejected, "BLOCK": provider.TemplateBlocked, "DORMANT": provider.TemplateDormant}

func (w *wireTemplate) kept(channelID string) provider.KeptTemplate {
	t := provider.KeptTemplate{TemplateRef: provider.TemplateRef{ChannelID: channelID, TemplateID: cmp.Or(w.Code, w.CodeToo)},
		Name: cmp.Or(w.Name, w.NameToo), State: templateStates[cmp.Or(w.Inspection, w.InspectionToo)]}
	var list []struct {
		Text   string `json:"content"`
		Writer string `json:"writer"`
		At     string `json:"createdAt"`
	}
	if upstream.Lenient(json.Unmarshal(w.Comments, &list)) != nil {
		return t // their form is not documented
	}
	for _, c := range list {
		at, err := time.Parse(time.RFC3339Nano, c.At)
		if err != nil {
			at = time.Time{}
		}
		t.Comments = append(t.Comments, provider.TemplateComment{Text: upstream.Passage(c.Text), ByInspector: c.Writer != "CUSTOMER", At: at.UTC()})
	}
	return t
}

// Templates lists the templates of a channel.
func (a *account) Templates(ctx context.Context, channelID string) ([]provider.KeptTemplate, error) {
	const act = "list templates"
	all := []provider.KeptTemplate{}
	for page := 1; page <= deskPages; page++ {
		query := url.Values{"kakaoSenderKey": {channelID}, "count": {strconv.Itoa(deskPage)}, "page": {strconv.Itoa(page)}}
		var reply struct {
			Templates struct {
				List []wireTemplate `json:"data"`
				Last int            `json:"last_page"`
			} `json:"templates"`
		}
		if err := a.desk(ctx, act, http.MethodGet, "/notice-templates?"+query.Encode(), nil, &reply); err != nil {
			return nil, err
		}
		if reply.Templates.List == nil {
			return nil, errors.New(act + ": the reply has no list")
		}
		for i := range reply.Templates.List {
			if t := reply.Templates.List[i].kept(channelID); t.TemplateID != "" {
				all = append(all, t)
			}
		}
		if page >= reply.Templates.Last {
			return all, nil
		}
	}
	return nil, errors.New(act + ": the list does not end")
}

// wireForm is a template as it is written. The vendor asks what it is for, and that the
// customer confirms its rules.
type wireForm struct {
	Channel   string          `json:"kakaoSenderKey,omitempty"`
	Name      string          `json:"templateName"`
	Content   string          `json:"templateContent"`
	Kind      string          `json:"templateMessageType"`
	Stress    string          `json:"templateEmphasizeType"`
	Category  string          `json:"categoryCode"`
	Title     string          `json:"templateTitle,omitempty"`
	Subtitle  string          `json:"templateSubtitle,omitempty"`
	Header    string          `json:"templateHeader,omitempty"`
	Extra     string          `json:"templateExtra,omitempty"`
	Highlight *provider.Item  `json:"templateItemHighlight,omitempty"`
	Item      *provider.Lines `json:"templateItem,omitempty"`
	Buttons   []wireButton    `json:"buttons,omitempty"`
	Quick     []wireButton    `json:"quickReplies,omitempty"`
	Secure    bool            `json:"securityFlag,omitempty"`

	Purpose   string `json:"messagePurpose"`
	Basis     string `json:"legalBasis"`
	Benefit   string `json:"benefitOrigin"`
	Expiry    string `json:"expiryType"`
	Agreed    bool   `json:"optInReviewConfirmed"`
	Plain     bool   `json:"ctaClearConfirmed"`
	Confirmed bool   `json:"policyConfirmed"`
}

type wireButton struct {
	Ordering      int    `json:"ordering"`
	Type          string `json:"type"`
	Name          string `json:"name"`
	URLMobile     string `json:"linkMo,omitempty"`
	URLPC         string `json:"linkPc,omitempty"`
	SchemeIOS     string `json:"schemeIos,omitempty"`
	SchemeAndroid string `json:"schemeAndroid,omitempty"`
	FormID        string `json:"bizFormId,omitempty"`
	PluginID      string `json:"pluginId,omitempty"`
	Phone         string `json:"telNumber,omitempty"`
}

func buttons(list []provider.Button) []wireButton {
	var out []wireButton
	for i, b := range list {
		out = append(out, wireButton{i + 1, b.Type, b.Name, b.URLMobile, b.URLPC, b.SchemeIOS, b.SchemeAndroid, b.FormID, b.PluginID, b.Phone})
	}
	return out
}

// otherCategory is where a template belongs that names no line of business.
const otherCategory = "999999"

func form(act string, f *provider.TemplateForm) (wireForm, error) {
	p := f.Purpose
	if p == nil || !p.Confirmed {
		return wireForm{}, &provider.Denial{Act: act, Reason: provider.ContentMissing,
			Text: "this vendor wants the template's purpose: purpose, legal_basis, benefit_origin, expiry_type, and that they are confirmed"}
	}
	w := wireForm{Channel: f.ChannelID, Name: f.Name, Content: f.Body, Kind: f.Kind(), Stress: f.Stress(), Category: cmp.Or(f.Category, otherCategory),
		Extra: f.Extra, Buttons: buttons(f.Buttons), Quick: buttons(f.QuickReplies), Secure: f.Secure,
		Purpose: p.Purpose, Basis: p.Basis, Benefit: p.Benefit, Expiry: p.Expiry, Agreed: true, Plain: true, Confirmed: true}
	if f.Emphasis != nil {
		w.Title, w.Subtitle = f.Emphasis.Title, f.Emphasis.Subtitle
	}
	if f.Items != nil {
		w.Header, w.Highlight, w.Item = f.Items.Header, f.Items.Highlight, f.Items.Lines()
	}
	return w, nil
}

// AddTemplate writes a template, which is a draft then.
func (a *account) AddTemplate(ctx context.Context, f provider.TemplateForm) (string, error) {
	const act = "add the template"
	in, err := form(act, &f)
	if err != nil {
		return "", err
	}
	var reply struct {
		wireTemplate
		A wireTemplate `json:"template"`
	}
	if err := a.desk(ctx, act, http.MethodPost, "/notice-templates", in, &reply); err != nil {
		return "", err
	}
	code := cmp.Or(reply.A.Code, reply.A.CodeToo, reply.Code, reply.CodeToo)
	if code == "" {
		return "", errors.New(act + ": the reply names none")
	}
	return code, nil
}

// ChangeTemplate replaces the wording; the channel stays.
func (a *account) ChangeTemplate(ctx context.Context, templateID string, f provider.TemplateForm) error {
	const act = "change the template"
	in, err := form(act, &f)
	if err != nil {
		return err
	}
	in.Channel = ""
	return a.onTemplate(ctx, act, http.MethodPut, templateID, "", in)
}

// ActOnTemplate does what the vendor has a path for.
func (a *account) ActOnTemplate(ctx context.Context, act provider.TemplateActs, t provider.TemplateRef, comment string) error {
	switch act {
	case provider.SubmitTemplate:
		in := map[string]string{}
		if comment != "" {
			in["comment"] = comment
		}
		return a.onTemplate(ctx, "submit the template", http.MethodPost, t.TemplateID, "/inspection", in)
	case provider.WithdrawTemplate:
		return a.onTemplate(ctx, "withdraw the template", http.MethodDelete, t.TemplateID, "/inspection", nil)
	case provider.ReleaseTemplate:
		return a.onTemplate(ctx, "release the template", http.MethodPost, t.TemplateID, "/release", struct{}{})
	case provider.RemoveTemplate:
		return a.onTemplate(ctx, "remove the template", http.MethodDelete, t.TemplateID, "", nil)
	}
	return provider.NotOffered("comment on the template")
}

func (a *account) onTemplate(ctx context.Context, act, method, templateID, rest string, in any) error {
	return a.desk(ctx, act, method, "/notice-templates/"+url.PathEscape(templateID)+rest, in, nil)
}
