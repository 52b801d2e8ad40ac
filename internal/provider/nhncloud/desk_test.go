package nhncloud

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/provider"
	"creditmsg/internal/provider/providertest"
	"creditmsg/internal/upstream"
)

func TestAnActEndsInWhatIsCertain(t *testing.T) {
	for name, c := range map[string]struct {
		status      int
		reply, want string
	}{
		"done":              {200, `{"header":{"isSuccessful":true,"resultCode":0}}`, "done"},
		"a wrong key":       {200, `{"header":{"isSuccessful":false,"resultCode":-1000}}`, "denied: auth_failed"},
		"no such template":  {200, `{"header":{"isSuccessful":false,"resultCode":-3003}}`, "denied: template_not_found"},
		"a system error":    {200, `{"header":{"isSuccessful":false,"resultCode":-9999}}`, "open"},
		"too fast":          {429, ``, "denied: provider_rate_limited"},
		"no header":         {200, `{}`, "open"},
		"not JSON":          {200, `<html>`, "open"},
		"a gateway's error": {502, `<html>`, "open"},
		"denied by status":  {400, `{"header":{"isSuccessful":false,"resultCode":-3003}}`, "denied: template_not_found"},
		"a code of 500":     {500, `{"header":{"isSuccessful":false,"resultCode":-3003}}`, "open"},
	} {
		v := &vendor{status: c.status, reply: c.reply}
		ref := provider.TemplateRef{ChannelID: strings.Repeat("a", 40), TemplateID: "T/1"}
		err := v.account(t).(provider.TemplateKeeper).ActOnTemplate(t.Context(), provider.RemoveTemplate, ref, "")
		if got := providertest.Ending(err); got != c.want || v.header.Get("X-Secret-Key") != "kakaosecret" {
			t.Errorf("%s: got %s (%v), want %s", name, got, err, c.want)
		}
	}
}

func TestATemplateIsWrittenInTheVendorsWords(t *testing.T) {
	sender := strings.Repeat("a", 40)
	v := &vendor{status: 200, reply: `{"header":{"isSuccessful":true,"resultCode":0}}`}
	f := provider.TemplateForm{ChannelID: sender, Name: "이름", Code: "T1", Body: "#{이름}님", Extra: "덧붙임",
		Items: &provider.ItemList{Header: "머리", Highlight: &provider.Item{Title: "A", Description: "B"},
			Items: []provider.Item{{Title: "값", Description: "#{값}"}}, Summary: &provider.Item{Title: "합", Description: "1원"}},
		Buttons: []provider.Button{{Type: "TN", Name: "전화", Phone: "02-6123-4567"}, {Type: "BF", Name: "서식", FormID: "7"}}, QuickReplies: []provider.Button{{Type: "BK", Name: "네"}}}
	id, err := v.account(t).(provider.TemplateKeeper).AddTemplate(t.Context(), f)
	want := `{"templateCode":"T1","templateName":"이름","templateContent":"#{이름}님","templateMessageType":"EX","templateEmphasizeType":"ITEM_LIST","templateExtra":"덧붙임","securityFlag":false,` +
		`"buttons":[{"ordering":1,"type":"TN","name":"전화","telNumber":"02-6123-4567"},{"ordering":2,"type":"BF","name":"서식","bizFormId":7}],"quickReplies":[{"ordering":1,"type":"BK","name":"네"}],` +
		`"templateHeader":"머리","templateItemHighlight":{"title":"A","description":"B"},"templateItem":{"list":[{"title":"값","description":"#{값}"}],"summary":{"title":"합","description":"1원"}}}`
	if err != nil || id != "T1" || v.path != "/alimtalk/v2.3/appkeys/kakaoapp/senders/"+sender+"/templates" || v.body != want {
		t.Errorf("add: got %q, %v, %s\n%s\nwant\n%s", id, err, v.path, v.body, want)
	}
	f.Code = ""
	if _, err := v.account(t).(provider.TemplateKeeper).AddTemplate(t.Context(), f); providertest.Ending(err) != "denied: provider_internal" {
		t.Errorf("without a code: got %v", err)
	}
}

func TestWhereATemplateStandsIsRead(t *testing.T) {
	for row, want := range map[string]provider.KeptTemplate{
		`"status":"TSC01"`:                             {State: provider.TemplateInspecting},
		`"status":"TSC02"`:                             {State: provider.TemplateInspecting},
		`"status":"TSC03"`:                             {State: provider.TemplateApproved},
		`"status":"TSC03","dormant":true`:              {State: provider.TemplateDormant},
		`"status":"TSC03","dormant":true,"block":true`: {State: provider.TemplateBlocked},
		`"status":"TSC99"`:                             {},
		`"status":"TSC04","comments":[{"content":"왜요","status":"INQ","createAt":"2026-11-22 18:00:04.0"},{"content":"변수","status":"REJ","createdAt":"2026-11-22T18:00:05"}]`: {
			State: provider.TemplateRejected, Comments: []provider.TemplateComment{{Text: "왜요", At: time.Date(2026, 11, 22, 9, 0, 4, 0, time.UTC)},
				{Text: "변수", ByInspector: true, At: time.Date(2026, 11, 22, 9, 0, 5, 0, time.UTC)}}},
	} {
		var w wireTemplate
		if err := json.Unmarshal([]byte(`{"senderKey":"s","templateCode":"T","templateName":"n",`+row+`}`), &w); err != nil {
			t.Fatal(err)
		}
		want.TemplateRef, want.Name = provider.TemplateRef{ChannelID: "s", TemplateID: "T"}, "n"
		if diff := cmp.Diff(want, w.kept()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row, diff)
		}
	}
}

// FuzzTemplate holds the reader of a template to what is promised of one.
func FuzzTemplate(f *testing.F) {
	for _, seed := range []string{
		`{"senderKey":"s","templateCode":"T","status":"TSC04","comments":[{"content":"x","createdAt":"2026-11-22T18:00:05+09:00","status":"REJ"}]}`,
		`{"dormant":1,"comments":{}}`, `{}`, `[]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var w wireTemplate
		if upstream.Lenient(json.Unmarshal(body, &w)) == nil {
			providertest.Kept(t, w.kept())
		}
	})
}

// TestAReportIsAuthenticByTheTextOfTheConsole holds the proof of reports to the vendor's: the
// text itself, in its own header, and nothing made of it.
func TestAReportIsAuthenticByTheTextOfTheConsole(t *testing.T) {
	const text = "hook-secret-0001"
	p, err := New(provider.Account{Name: "nhn", APIKey: "app", APISecret: "secret", Webhook: provider.Webhook{Secret: text}})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		header http.Header
		want   bool
	}{
		"the text":         {http.Header{"X-Toast-Webhook-Signature": {text}}, true},
		"another":          {http.Header{"X-Toast-Webhook-Signature": {text + "x"}}, false},
		"a part of it":     {http.Header{"X-Toast-Webhook-Signature": {text[:5]}}, false},
		"nothing":          {http.Header{"X-Toast-Webhook-Signature": {""}}, false},
		"another header":   {http.Header{"X-Signature": {text}}, false},
		"the API's secret": {http.Header{"X-Toast-Webhook-Signature": {"secret"}}, false},
	} {
		if got := p.Authentic(c.header, []byte(`{}`)); got != c.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
	none, err := New(provider.Account{Name: "nhn", APIKey: "app", APISecret: "secret"})
	if err != nil || none.Authentic(http.Header{"X-Toast-Webhook-Signature": {""}}, nil) {
		t.Errorf("without a text: %v, or authentic", err)
	}
}
