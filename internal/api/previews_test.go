package api

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"creditmsg/internal/db"
	"creditmsg/internal/message"
	"creditmsg/internal/provider"
)

// seen is what a preview shows.
func (w *world) seen(body string) (v previewView) {
	w.t.Helper()
	g := w.post("/v1/messages/preview", body).is(200)
	if err := json.Unmarshal(g.body, &v); err != nil {
		w.t.Fatalf("read the preview %s: %v", g.body, err)
	}
	return v
}

func TestAPreviewShowsEachLegAsItWillBeSent(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.update(func(tx *db.Tx) error {
			_, err := message.AddTemplate(tx, message.Template{Site: "rich", Code: "TABLE_01", Name: "주문", Channel: "@demo", Body: "#{이름}님의 주문입니다.", State: message.TemplateApproved,
				Buttons: []provider.Button{{Type: "WL", Name: "보기", URLMobile: "https://shop.example/#{주문}"}},
				TemplateParts: message.TemplateParts{QuickReplies: []provider.Button{{Type: "BK", Name: "문의"}}, Extra: "고객센터 1588-0000",
					Items: &provider.ItemList{Header: "주문 안내", Highlight: &provider.Item{Title: "#{이름}님", Description: "감사합니다"},
						Items: []provider.Item{{Title: "상품", Description: "#{상품}"}, {Title: "번호", Description: "#{주문}"}}}},
				Providers: map[string]message.ProviderTemplate{"solapi": {ChannelID: "KA01PF260101000000000AbCdEfGhIjK", TemplateID: "KA01TP260101000000000LmNoPqRsTuV"}}})
			return err
		})
		v := w.seen(`{"strategy":"alimtalk_first","alimtalk":{"template_code":"TABLE_01"},"text":{"body":"#{이름}님, 주문 #{주문}"},"variables":{"이름":"김하나","주문":"A-1"}}`)
		if len(v.Steps) != 2 || v.Steps[0].Channel != "alimtalk" || v.Steps[1].Channel != "sms" || v.Rejection != nil {
			t.Fatalf("the legs are %+v", v)
		}
		a := v.Steps[0].Alimtalk
		if a.Channel != "@demo" || a.Body != "김하나님의 주문입니다." || a.Extra != "고객센터 1588-0000" || a.Buttons[0].URLMobile != "https://shop.example/A-1" || a.QuickReplies[0].Type != "BK" ||
			a.ItemList.Highlight.Title != "김하나님" || a.ItemList.Items[0].Description != "#{상품}" || a.Limit != 700 || a.Characters != 12 {
			t.Errorf("the Alimtalk is %+v", a)
		}
		if s := v.Steps[1].Text; s.Body != "김하나님, 주문 A-1" || s.From != "0261234567" || s.Bytes != 18 || s.Limit != 90 || s.Coaching.Over != nil || s.Coaching.Shorter != nil {
			t.Errorf("the text is %+v", s)
		}
		if fmt.Sprint(v.Variables) != "[{이름 김하나 false} {상품 #{상품} true} {주문 A-1 false}]" && len(v.Variables) != 3 {
			t.Errorf("the variables are %v", v.Variables)
		}
		// What is sent is what was shown.
		sent := w.send(`{"strategy":"sms_only","text":{"body":"#{이름}님, 주문 #{주문}"},"recipients":[{"to":"01012345678","variables":{"이름":"김하나","주문":"A-1"}}]}`)
		w.drain()
		if got := w.sim.Received(); len(got) != 1 || got[0].Text != v.Steps[1].Text.Body {
			t.Errorf("%v was sent as %+v", sent["id"], got)
		}
	})
}

func TestAPreviewShowsAdvertisingWithItsMarks(t *testing.T) {
	w := onSQLite(t)
	v := w.seen(`{"strategy":"sms_only","text":{"body":"오늘만 세일","advertising":true,"opt_out_number":"080-123-4567"}}`)
	if s := v.Steps[0].Text; !s.Advertising || s.Body != "(광고)오늘만 세일\n무료수신거부 0801234567" {
		t.Errorf("it shows %+v", s)
	}
	w.post("/v1/messages/preview", `{"strategy":"sms_only","text":{"body":"오늘만 세일","advertising":true}}`).refused(422, "validation")
}

func TestAPreviewSaysWhatMakesATextLongAndHowItCouldBeShorter(t *testing.T) {
	w := onSQLite(t)
	long := "★ " + strings.Repeat("가", 40) + "  “끝”  #{이름}"
	v := w.seen(fmt.Sprintf(`{"strategy":"sms_only","text":{"body":%q},"variables":{"이름":"김"},"recipient_count":1000}`, long))
	s := v.Steps[0].Text
	if v.Steps[0].Channel != "lms" || s.Subject == "" || s.Limit != 2000 || s.Bytes != 95 {
		t.Fatalf("the text is %+v", s)
	}
	if o := s.Coaching.Over; o == nil || o.Limit != 90 || o.BytesOver != s.Bytes-90 || o.FromByte > 90 || o.FromByte < 89 || !strings.HasSuffix(s.Body, o.Rest) || len([]rune(s.Body))-o.FromCharacter != len([]rune(o.Rest)) {
		t.Errorf("too much is %+v", o)
	}
	short := s.Coaching.Shorter
	if short == nil || short.Channel != "sms" || short.Bytes > 90 || !strings.Contains(short.Body, "#{이름}") || short.SavedPerRecipient.String() != "27.00" || short.SavedInAll.String() != "27000.00" {
		t.Fatalf("the shorter one is %+v", short)
	}
	for _, k := range short.Changes {
		if k.TextKo == "" || k.TextEn == "" || k.Count == 0 || len(k.Some) == 0 {
			t.Errorf("a change shows nothing: %+v", k)
		}
	}
	again := w.seen(fmt.Sprintf(`{"strategy":"sms_only","text":{"body":%q},"recipients":[{"to":"01012345678","variables":{"이름":"김"}}]}`, short.Body))
	if again.Steps[0].Channel != "sms" || again.Steps[0].Text.Bytes != short.Bytes || again.RecipientCount != 1 {
		t.Errorf("the shorter one is shown as %+v", again.Steps[0])
	}
}

func TestAPreviewShowsWhatCannotBeSentInsteadOfRefusingIt(t *testing.T) {
	w := onSQLite(t)
	v := w.seen(`{"strategy":"sms_only","text":{"body":"안녕하세요😀 – #{이름}","subject":"✿"}}`)
	s := v.Steps[0].Text
	if v.Rejection == nil || v.Rejection.Code != "unsupported_character" || len(s.Coaching.Unsupported) != 3 {
		t.Fatalf("it shows %+v", v)
	}
	u := s.Coaching.Unsupported
	if u[0].Character != "😀" || u[0].Places[0] != 5 || u[0].Substitute != nil || u[0].Part != "body" || u[0].CodePoint != "U+1F600" || *u[1].Substitute != "-" || u[2].Part != "subject" {
		t.Errorf("the characters are %+v", u)
	}
	if short := s.Coaching.Shorter; short == nil || short.Body != "안녕하세요 - #{이름}" || short.SavedPerRecipient != 0 {
		t.Errorf("it can be sent as %+v", short)
	}
	// Of a replaced text the characters are told too, but nothing is refused.
	if v := w.seen(`{"strategy":"sms_only","text":{"body":"안녕–","replace_unsupported":true}}`); v.Rejection != nil || v.Steps[0].Text.Body != "안녕-" || len(v.Steps[0].Text.Coaching.Unsupported) != 1 {
		t.Errorf("replaced it is %+v", v)
	}
	if v := w.seen(fmt.Sprintf(`{"strategy":"sms_only","text":{"body":%q}}`, strings.Repeat("가", 1001))); v.Rejection == nil || v.Rejection.Code != "text_too_long" || v.Steps[0].Text.Coaching.Over.Limit != 2000 {
		t.Errorf("what is too long is %+v", v)
	}
	if v := w.seen(fmt.Sprintf(`{"strategy":"sms_only","text":{"body":%q,"max_channel":"sms"}}`, strings.Repeat("가", 46))); v.Rejection == nil || v.Rejection.Code != "over_max_channel" || v.Steps[0].Channel != "lms" {
		t.Errorf("what is dearer than allowed is %+v", v)
	}
	for body, code := range map[string]string{
		`{"strategy":"sms_only","text":{"body":""}}`:                                  "validation",
		`{"strategy":"alimtalk_first","alimtalk":{"template_code":"NONE"}}`:           "unknown_template",
		`{"strategy":"sms_only","text":{"body":"a"},"variables":{"a":1}}`:             "validation",
		`{"strategy":"sms_only","text":{"body":"a"},"recipient_count":0}`:             "validation",
		`{"strategy":"sms_only","text":{"body":"a","from":"02-111-2222"}}`:            "sender_not_registered",
		`{"strategy":"sms_only","text":{"body":"a","attachments":["att_1"]}}`:         "validation",
		`{"strategy":"sms_only","text":{"body":"a"},"recipients":[{"variables":{}}]}`: "validation",
		`{"strategy":"policy","policy":"none","text":{"body":"a"}}`:                   "validation",
	} {
		w.post("/v1/messages/preview", body).refused(422, code)
	}
	w.post("/v1/messages", `{"strategy":"sms_only","text":{"body":"a"},"variables":{},"recipients":[{"to":"01012345678"}]}`).refused(422, "validation")
}

func TestAPreviewOfAnMMSShowsItsPictures(t *testing.T) {
	w := onSQLite(t)
	picture := w.attached()
	v := w.seen(fmt.Sprintf(`{"strategy":"sms_only","text":{"body":"  가  ","attachments":[%q]}}`, picture))
	if s := v.Steps[0]; s.Channel != "mms" || s.Text.Attachments[0] != picture || s.Text.Coaching.Over != nil || s.Text.Coaching.Shorter != nil {
		t.Errorf("it shows %+v", s)
	}
}
