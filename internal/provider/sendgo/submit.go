package sendgo

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"

	"creditmsg/internal/korea"
	"creditmsg/internal/provider"
	"creditmsg/internal/upstream"
)

// Submit hands a call over as one campaign. begun is never called.
func (a *account) Submit(ctx context.Context, c provider.Call, _ provider.Begun) provider.Result {
	members, indexes := provider.Sift(a.Capabilities(), c.Legs, 0)
	if len(indexes) == 0 {
		return provider.Result{Outcome: provider.Accepted, Members: members}
	}
	legs := provider.Pick(c.Legs, indexes)
	path, campaign, failed := a.campaign(ctx, legs)
	if failed != nil {
		return *failed
	}
	body, err := json.Marshal(campaign)
	if err != nil {
		return provider.Result{Outcome: provider.NotSent, Text: "write campaign: " + err.Error()}
	}
	reply, failed := a.authorised(ctx, http.MethodPost, path+"/send", body)
	switch {
	case failed != nil:
		return *failed
	case reply.Err != nil && !reply.Left:
		return provider.Unsent(ctx, "send campaign", reply.Err)
	case reply.Err != nil:
		return provider.Result{Outcome: provider.Unknown, Text: "send campaign: " + reply.Err.Error()}
	case reply.Status != http.StatusOK && reply.Status != http.StatusCreated:
		return aboutFiles(refused(reply), legs[0].Channel)
	}
	id := campaignID(reply.Body)
	if id == "" {
		return provider.Result{Outcome: provider.Unknown, Text: "send campaign: the reply names no campaign"}
	}
	return provider.Result{Outcome: provider.Accepted, UpstreamID: path[1:] + ":" + id, Members: members}
}

// The bodies of the two requests that hand over.
type (
	wireNotice struct {
		At       *string             `json:"at"`
		Schedule string              `json:"scheduleType"`
		Template string              `json:"templateCode"`
		FailOver string              `json:"replaceSms"`
		Subject  *string             `json:"smsSubject"`
		Content  *string             `json:"smsContent"`
		Contacts []map[string]string `json:"contacts"`
		Channel  string              `json:"kakaoSenderKey"`
		Sender   *string             `json:"senderKey"`
	}
	wireText struct {
		Kind     string              `json:"campaignType"`
		Type     string              `json:"messageType"`
		Schedule string              `json:"scheduleType"`
		At       *string             `json:"at"`
		Subject  *string             `json:"subject"`
		Content  string              `json:"content"`
		Files    []wireFile          `json:"files"`
		Contacts []map[string]string `json:"contacts"`
		Sender   string              `json:"senderKey"`
	}
)

// wireFile is one picture.
type wireFile struct {
	Name string `json:"fileName"`
	Body string `json:"fileBody"`
}

// campaign is the path and the body of the campaign of legs, which have together what
// together says. failed says why there is none.
func (a *account) campaign(ctx context.Context, legs []provider.Leg) (path string, body any, failed *provider.Result) {
	first := &legs[0]
	contacts := make([]map[string]string, len(legs))
	for i := range legs {
		contacts[i] = contact(&legs[i])
	}
	if first.Channel == provider.Alimtalk {
		return "/notices", wireNotice{Schedule: "DIRECTLY", Template: first.Alimtalk.TemplateID, FailOver: "N",
			Contacts: contacts, Channel: first.Alimtalk.ChannelID}, nil
	}
	key, failed := a.senderKey(ctx, first.From)
	switch {
	case failed != nil:
		return "", nil, failed
	case key == "":
		return "", nil, &provider.Result{Outcome: provider.Refused, Reason: provider.SenderNotRegistered, Text: "the vendor has no approved sender of this number"}
	}
	m := wireText{Kind: "MESSAGE", Type: "SMS", Schedule: "DIRECTLY", Content: first.Text, Files: []wireFile{}, Contacts: contacts, Sender: key}
	if first.Advertising {
		m.Kind = "ADVERTISE"
	}
	if first.Channel != provider.SMS {
		subject := cmp.Or(first.Subject, korea.FirstLine(first.Text))
		m.Type, m.Subject = strings.ToUpper(first.Channel.String()), &subject
	}
	for _, p := range first.Pictures {
		m.Files = append(m.Files, wireFile{p.Name, base64.StdEncoding.EncodeToString(p.Content)})
	}
	return "/messages", m, nil
}

// contact is one leg, with the variables of its template.
func contact(l *provider.Leg) map[string]string {
	c := map[string]string{}
	if l.Alimtalk != nil {
		for i, name := range l.Alimtalk.Names {
			if i < len(l.Alimtalk.Values) {
				c[name] = l.Alimtalk.Values[i]
			}
		}
	}
	c["contact"] = string(l.To)
	return c
}

// campaignID reads the campaign that a reply names; empty for none of an id's form.
func campaignID(body []byte) string {
	var answer struct {
		Data struct {
			A string `json:"campaignId"`
			B string `json:"campaign_id"`
			C string `json:"uuid"`
			D string `json:"id"`
		} `json:"data"`
	}
	if upstream.Lenient(json.Unmarshal(body, &answer)) != nil {
		return ""
	}
	if id := cmp.Or(answer.Data.A, answer.Data.B, answer.Data.C, answer.Data.D); upstream.PlainID(id) {
		return id
	}
	return ""
}
