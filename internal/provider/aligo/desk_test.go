package aligo

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/provider/providertest"
	"creditmsg/internal/upstream"
)

func TestAnActEndsInWhatIsCertain(t *testing.T) {
	ref := provider.TemplateRef{ChannelID: "key", TemplateID: "TS_1"}
	for name, c := range map[string]struct {
		status      int
		reply, want string
	}{
		"done":              {200, `{"code":0,"message":"검수요청을 하였습니다."}`, "done"},
		"a wrong key":       {200, `{"code":-101,"message":"인증오류입니다."}`, "denied: auth_failed"},
		"a state":           {200, `{"code":509,"message":"검수요청 가능 상태가 아닙니다."}`, "denied: unrecognised_code"},
		"too fast":          {429, ``, "denied: provider_rate_limited"},
		"no code":           {200, `{}`, "open"},
		"not JSON":          {200, `<html>`, "open"},
		"a gateway's error": {502, `<html>`, "open"},
	} {
		err := answering(t, c.status, c.reply, nil).ActOnTemplate(t.Context(), provider.SubmitTemplate, ref, "")
		if got := providertest.Ending(err); got != c.want {
			t.Errorf("%s: got %s (%v), want %s", name, got, err, c.want)
		}
	}
}

func TestABalanceIsCountedInMessages(t *testing.T) {
	for reply, want := range map[string]int64{
		`{"result_code":1,"message":"","SMS_CNT":5555,"LMS_CNT":1}`: 5555,
		`{"result_code":"1","SMS_CNT":"12"}`:                        12,
		`{"result_code":1,"SMS_CNT":0}`:                             0,
		`{"result_code":1}`:                                         -1,
		`{"result_code":1,"SMS_CNT":"many"}`:                        -1,
	} {
		got, err := answering(t, 200, reply, nil).Balance(t.Context())
		if want < 0 && err == nil || want >= 0 && (err != nil || got != provider.Balance{Left: money.Amount(want) * money.Won, Unit: provider.UnitSMS}) {
			t.Errorf("%s: got %+v, %v", reply, got, err)
		}
	}
}

func TestATemplateIsWrittenInTheVendorsWords(t *testing.T) {
	var got url.Values
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		got = r.PostForm
		_, _ = w.Write([]byte(`{"code":0,"data":{"templtCode":"TS_9"}}`))
	}))
	defer s.Close()
	p, err := New(provider.Account{Name: "aligo", URL: s.URL, APIKey: "user", APISecret: "key"})
	if err != nil {
		t.Fatal(err)
	}
	id, err := p.(*account).AddTemplate(t.Context(), provider.TemplateForm{ChannelID: "sk", Name: "이름", Body: "#{이름}님", Extra: "덧붙임", Secure: true,
		Emphasis: &provider.Emphasis{Title: "제목", Subtitle: "부제"},
		Buttons:  []provider.Button{{Type: "AC", Name: "채널 추가"}, {Type: "AL", Name: "앱", SchemeIOS: "i://", SchemeAndroid: "a://"}}})
	if err != nil || id != "TS_9" {
		t.Fatalf("add: got %q, %v", id, err)
	}
	want := url.Values{"apikey": {"key"}, "userid": {"user"}, "senderkey": {"sk"}, "tpl_name": {"이름"}, "tpl_content": {"#{이름}님"}, "tpl_type": {"MI"},
		"tpl_emtype": {"TEXT"}, "tpl_secure": {"Y"}, "tpl_extra": {"덧붙임"}, "tpl_title": {"제목"}, "tpl_stitle": {"부제"},
		"tpl_advert": {"채널 추가하고 이 채널의 광고와 마케팅 메시지를 카카오톡으로 받기"},
		"tpl_button": {`{"button":[{"name":"채널 추가","linkType":"AC"},{"name":"앱","linkType":"AL","linkI":"i://","linkA":"a://"}]}`}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the form (-want +got):\n%s", diff)
	}
}

func TestATemplateThatTheVendorDoesNotHaveIsDeniedAtHome(t *testing.T) {
	for name, f := range map[string]provider.TemplateForm{
		"a table":       {Items: &provider.ItemList{Header: "머리"}},
		"quick replies": {QuickReplies: []provider.Button{{Type: "BK", Name: "네"}}},
		"a plug-in":     {Buttons: []provider.Button{{Type: "P1", Name: "결제"}}},
	} {
		_, err := answering(t, 200, `{"code":0,"data":{"templtCode":"TS_9"}}`, nil).AddTemplate(t.Context(), f)
		if got := providertest.Ending(err); got != "denied: template_mismatch" {
			t.Errorf("%s: got %s", name, got)
		}
	}
}

// FuzzTemplate holds the reader of a template to what is promised of one.
func FuzzTemplate(f *testing.F) {
	for _, seed := range []string{
		`{"senderKey":"s","templtCode":"TS_1","templtName":"n","status":"R","inspStatus":"REJ","comments":[{"content":"다시","cdate":"2026-11-22 18:00:04"}]}`,
		`{"templtCode":7,"inspStatus":"APR","status":"S","comments":"말"}`, `{"comments":{}}`, `{}`, `[]`,
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

func TestWhereATemplateStandsIsReadFromBothOfItsStates(t *testing.T) {
	for row, want := range map[string]provider.KeptTemplate{
		`"status":"R","inspStatus":"REG"`: {State: provider.TemplateDraft},
		`"status":"R","inspStatus":"REQ"`: {State: provider.TemplateInspecting},
		`"status":"A","inspStatus":"APR"`: {State: provider.TemplateApproved},
		`"status":"S","inspStatus":"APR"`: {State: provider.TemplateBlocked},
		`"status":"R","inspStatus":"NEW"`: {},
		`"status":"R","inspStatus":"REJ","comments":[{"content":"다시\n쓰세요","cdate":"2026-11-22 18:00:04"}]`: {State: provider.TemplateRejected,
			Comments: []provider.TemplateComment{{Text: "다시 쓰세요", ByInspector: true, At: time.Date(2026, 11, 22, 9, 0, 4, 0, time.UTC)}}},
		`"inspStatus":"REJ","comments":"다시"`: {State: provider.TemplateRejected, Comments: []provider.TemplateComment{{Text: "다시", ByInspector: true}}},
	} {
		var w wireTemplate
		if err := json.Unmarshal([]byte(`{"senderKey":"s","templtCode":"TS_1","templtName":"n",`+row+`}`), &w); err != nil {
			t.Fatal(err)
		}
		want.TemplateRef, want.Name = provider.TemplateRef{ChannelID: "s", TemplateID: "TS_1"}, "n"
		if diff := cmp.Diff(want, w.kept()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row, diff)
		}
	}
}
