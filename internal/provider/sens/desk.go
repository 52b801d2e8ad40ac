package sens

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"creditmsg/internal/korea"
	"creditmsg/internal/provider"
	"creditmsg/internal/upstream"
)

// This file is what the account has besides messages. The vendor bills afterwards and tells
// no balance, has no list of sender numbers, and takes channels and templates in its console
// alone; where templates stand it shows.

// TemplateActs are none.
func (a *account) TemplateActs() provider.TemplateActs { return 0 }

// templateStates are what the vendor calls the states of an inspection.
var templateStates = map[string]provider.TemplateState{"REGISTER": provider.TemplateDraft, "REQUEST": provider.TemplateInspecting,
	"ACCEPT": provider.TemplateInspecting, "COMPLETE": provider.TemplateApproved, "REJECT": provider.TemplateRejected}

// wireTemplate is a template as the vendor shows it.
type wireTemplate struct {
	Channel    string `json:"channelId"`
	Code       string `json:"templateCode"`
	Name       string `json:"templateName"`
	Inspection string `json:"templateInspectionStatus"`
	Status     string `json:"templateStatus"` // READY, ACTIVE, STOP …
	Comments   []struct {
		Text string `json:"content"`
		At   string `json:"createTime"`
	} `json:"comments"`
}

func (w *wireTemplate) kept() provider.KeptTemplate {
	t := provider.KeptTemplate{TemplateRef: provider.TemplateRef{ChannelID: w.Channel, TemplateID: w.Code}, Name: w.Name, State: templateStates[w.Inspection]}
	if t.State == provider.TemplateApproved {
		switch w.Status {
		case "STOP":
			t.State = provider.TemplateBlocked
		case "DORMANT":
			t.State = provider.TemplateDormant
		}
	}
	for _, c := range w.Comments {
		// The vendor does not tell who wrote a comment; its customers write none by request.
		t.Comments = append(t.Comments, provider.TemplateComment{Text: upstream.Passage(c.Text), ByInspector: true, At: moment(c.At)})
	}
	return t
}

// Templates lists the templates of a channel, which the vendor names with its @.
func (a *account) Templates(ctx context.Context, channelID string) ([]provider.KeptTemplate, error) {
	const act = "list templates"
	if a.alimtalk == "" {
		return nil, provider.NotOffered(act)
	}
	reply := a.call(ctx, http.MethodGet, a.alimtalk+"/templates?"+url.Values{"channelId": {channelID}}.Encode(), nil)
	switch {
	case reply.Err != nil:
		return nil, provider.Broken(act, reply.Left, reply.Err)
	case reply.Status == http.StatusNotFound && len(reply.Body) == 0:
		return []provider.KeptTemplate{}, nil // there are none
	case reply.Status != http.StatusOK && reply.Status != http.StatusAccepted:
		r := refused(reply)
		if r.Outcome == provider.Refused {
			return nil, provider.Denied(act, r)
		}
		return nil, fmt.Errorf("%s: HTTP status %d (%s): %s", act, reply.Status, r.Code, r.Text)
	}
	var list []wireTemplate
	if err := upstream.Lenient(json.Unmarshal(reply.Body, &list)); err != nil || list == nil {
		return nil, fmt.Errorf("%s: the reply cannot be read", act)
	}
	all := []provider.KeptTemplate{}
	for i := range list {
		if t := list[i].kept(); t.TemplateID != "" {
			t.ChannelID = channelID
			all = append(all, t)
		}
	}
	return all, nil
}

// AddTemplate is denied; see above.
func (a *account) AddTemplate(context.Context, provider.TemplateForm) (string, error) {
	return "", provider.NotOffered("add the template")
}

// ChangeTemplate is denied; see above.
func (a *account) ChangeTemplate(context.Context, string, provider.TemplateForm) error {
	return provider.NotOffered("change the template")
}

// ActOnTemplate is denied; see above.
func (a *account) ActOnTemplate(context.Context, provider.TemplateActs, provider.TemplateRef, string) error {
	return provider.NotOffered("act on the template")
}

// moment reads a time, which is Korean.
func moment(text string) time.Time {
	for _, form := range []string{"2006-01-02 15:04:05.999", "2006-01-02T15:04:05.999"} {
		if t, err := time.ParseInLocation(form, text, korea.Seoul); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}
