package solapi

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/provider/providertest"
	"creditmsg/internal/upstream"
)

// desk is an account whose vendor gives every request this answer; it keeps the last request.
func desk(t *testing.T, status int, answer string) (*account, *http.Request, *[]byte) {
	t.Helper()
	last, body := &http.Request{}, new([]byte)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*body, _ = io.ReadAll(r.Body)
		last.Method, last.URL = r.Method, r.URL
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(s.Close)
	p, err := New(provider.Account{Name: "solapi", URL: s.URL, APIKey: testKey, APISecret: testSecret})
	if err != nil {
		t.Fatal(err)
	}
	return p.(*account), last, body
}

const someTemplate = "KA01TP260101000000000LmNoPqRsTuV"

func TestAnActEndsInWhatIsCertain(t *testing.T) {
	for name, c := range map[string]struct {
		status      int
		reply, want string
	}{
		"done":                  {200, `{"templateId":"` + someTemplate + `","status":"INSPECTING"}`, "done"},
		"another template":      {200, `{"templateId":"KA01TP260101000000000XXXXXXXXXXX"}`, "open"},
		"a state":               {400, `{"errorCode":"ValidationError","errorMessage":"x"}`, "denied: content_missing"},
		"a code nobody knows":   {400, `{"errorCode":"SomethingNew","errorMessage":"x"}`, "denied: unrecognised_code"},
		"a wrong key":           {403, `{"errorCode":"SignatureDoesNotMatch","errorMessage":"x"}`, "denied: auth_failed"},
		"seen before":           {403, `{"errorCode":"DuplicatedSignature","errorMessage":"x"}`, "open"},
		"too fast":              {429, `{"errorCode":"TooManyRequests","errorMessage":"x"}`, "denied: provider_rate_limited"},
		"a failure":             {500, `{"errorCode":"InternalError","errorMessage":"x"}`, "open"},
		"a stranger's 404":      {404, `<html>`, "open"},
		"not JSON":              {200, `<html>`, "open"},
		"an answer of nothing":  {200, `{}`, "open"},
		"moved somewhere else":  {302, ``, "open"},
		"taken, but not for it": {202, `{}`, "open"},
	} {
		a, _, _ := desk(t, c.status, c.reply)
		err := a.ActOnTemplate(t.Context(), provider.SubmitTemplate, provider.TemplateRef{TemplateID: someTemplate}, "")
		if got := providertest.Ending(err); got != c.want {
			t.Errorf("%s: got %s (%v), want %s", name, got, err, c.want)
		}
	}
}

func TestActsAreMadeAtTheVendorsPaths(t *testing.T) {
	for act, want := range map[provider.TemplateActs]string{
		provider.SubmitTemplate: "PUT /inspection", provider.WithdrawTemplate: "PUT /inspection/cancel",
		provider.ReleaseTemplate: "POST /relese-dormant", provider.RemoveTemplate: "DELETE ",
	} {
		a, last, _ := desk(t, 200, `{"templateId":"`+someTemplate+`"}`)
		if err := a.ActOnTemplate(t.Context(), act, provider.TemplateRef{TemplateID: someTemplate}, ""); err != nil {
			t.Errorf("%s: %v", want, err)
		}
		method, rest, _ := strings.Cut(want, " ")
		if last.Method != method || last.URL.Path != "/kakao/v2/templates/"+someTemplate+rest {
			t.Errorf("got %s %s, want %s", last.Method, last.URL.Path, want)
		}
	}
	a, last, _ := desk(t, 200, `{}`)
	err := a.ActOnTemplate(t.Context(), provider.RemoveTemplate, provider.TemplateRef{TemplateID: "../../cash"}, "")
	if providertest.Ending(err) != "denied: provider_internal" || last.URL != nil {
		t.Errorf("an id that is a path: got %v at %v", err, last.URL)
	}
}

func TestATemplateIsWrittenInTheVendorsWords(t *testing.T) {
	a, _, body := desk(t, 200, `{"templateId":"`+someTemplate+`"}`)
	id, err := a.AddTemplate(t.Context(), provider.TemplateForm{ChannelID: "KA01PF", Name: "이름", Body: "#{이름}님", Secure: true,
		Items:        &provider.ItemList{Header: "머리", Items: []provider.Item{{Title: "값", Description: "#{값}"}}},
		Buttons:      []provider.Button{{Type: "AC", Name: "채널 추가"}, {Type: "WL", Name: "보기", URLMobile: "https://m.example"}},
		QuickReplies: []provider.Button{{Type: "BK", Name: "네"}}})
	want := `{"channelId":"KA01PF","name":"이름","content":"#{이름}님","categoryCode":"999999","messageType":"AD","emphasizeType":"ITEM_LIST","securityFlag":true,` +
		`"buttons":[{"buttonName":"채널 추가","buttonType":"AC"},{"buttonName":"보기","buttonType":"WL","linkMo":"https://m.example"}],` +
		`"quickReplies":[{"name":"네","linkType":"BK"}],"header":"머리","item":{"list":[{"title":"값","description":"#{값}"}]}}`
	if err != nil || id != someTemplate || string(*body) != want {
		t.Errorf("add: got %q, %v\n%s\nwant\n%s", id, err, *body, want)
	}
}

func TestTheBalanceIsCashAndPoints(t *testing.T) {
	for reply, want := range map[string]money.Amount{
		`{"balance":100.5,"point":20}`: 120*money.Won + 5000, `{"balance":0}`: 0, `{"balance":-1.00009,"point":0}`: -money.Won, `{"point":3}`: -1, `{"balance":"x"}`: -1,
	} {
		a, _, _ := desk(t, 200, reply)
		got, err := a.Balance(t.Context())
		if want == -1 && err == nil || want != -1 && (err != nil || got.Left != want || got.Unit != provider.UnitWon) {
			t.Errorf("%s: got %+v, %v", reply, got, err)
		}
	}
}

func TestWhereATemplateStandsIsRead(t *testing.T) {
	for row, want := range map[string]provider.KeptTemplate{
		`"status":"PENDING"`: {State: provider.TemplateDraft}, `"status":"INSPECTING"`: {State: provider.TemplateInspecting}, `"status":"APPROVED"`: {State: provider.TemplateApproved},
		`"status":"APPROVED","dormant":true`: {State: provider.TemplateDormant}, `"status":"APPROVED","block":true`: {State: provider.TemplateBlocked}, `"status":"NEW"`: {},
		`"status":"REJECTED","comments":[{"isAdmin":true,"content":"변수","dateCreated":"2026-11-22T09:00:05.000Z"},{"content":null}]`: {State: provider.TemplateRejected,
			Comments: []provider.TemplateComment{{Text: "변수", ByInspector: true, At: time.Date(2026, 11, 22, 9, 0, 5, 0, time.UTC)}, {}}},
	} {
		var w wireTemplate
		if err := json.Unmarshal([]byte(`{"templateId":"T","channelId":"c","name":"n",`+row+`}`), &w); err != nil {
			t.Fatal(err)
		}
		want.TemplateRef, want.Name = provider.TemplateRef{ChannelID: "c", TemplateID: "T"}, "n"
		if diff := cmp.Diff(want, w.kept()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row, diff)
		}
	}
}

// FuzzTemplate holds the reader of a template to what is promised of one.
func FuzzTemplate(f *testing.F) {
	for _, seed := range []string{
		`{"templateId":"T","status":"REJECTED","comments":[{"isAdmin":true,"content":"x\ny","dateCreated":"2026-11-22T09:00:05Z"}]}`, `{"dormant":"x","comments":[1]}`, `{}`, `[]`,
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
