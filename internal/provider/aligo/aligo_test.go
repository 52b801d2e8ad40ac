package aligo

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/id"
	"creditmsg/internal/provider"
)

// answering is an account whose vendor gives every request this reply.
func answering(t *testing.T, status int, reply string, settings map[string]string) *account {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, reply)
	}))
	t.Cleanup(s.Close)
	p, err := New(provider.Account{Name: "aligo", URL: s.URL, APIKey: "user", APISecret: "key", Settings: settings})
	if err != nil {
		t.Fatal(err)
	}
	return p.(*account)
}

func text() provider.Leg {
	return provider.Leg{Ref: "r", To: "01012345678", From: "0261234567", Channel: provider.SMS, Text: "안녕하세요"}
}

func alimtalk() provider.Leg {
	return provider.Leg{Ref: "r", To: "01012345678", From: "0261234567", Channel: provider.Alimtalk, Text: "안녕하세요",
		Alimtalk: &provider.Template{ChannelID: "key", TemplateID: "T1"}}
}

func TestAReplyEndsInTheOneOutcomeThatIsCertain(t *testing.T) {
	for name, c := range map[string]struct {
		leg     provider.Leg
		status  int
		reply   string
		outcome provider.Outcome
		reason  provider.Reason
		id      string
	}{
		"a text":             {text(), 200, `{"result_code":"1","message":"success","msg_id":"146645343","success_cnt":1,"error_cnt":0}`, provider.Accepted, "", "sms:146645343"},
		"numbers as numbers": {text(), 200, `{"result_code":1,"msg_id":146645343}`, provider.Accepted, "", "sms:146645343"},
		"an alimtalk":        {alimtalk(), 200, `{"code":0,"message":"성공","info":{"type":"AT","mid":"8765432","scnt":1,"fcnt":0}}`, provider.Accepted, "", "alimtalk:8765432"},
		"a wrong key":        {text(), 200, `{"result_code":-101,"message":"인증오류입니다."}`, provider.Refused, provider.AuthFailed, ""},
		"no money":           {alimtalk(), 200, `{"code":-99,"message":"포인트가 부족합니다."}`, provider.Refused, provider.ProviderBalance, ""},
		"a strange sender":   {text(), 200, `{"result_code":-99,"message":"등록되지 않은 발신번호입니다."}`, provider.Refused, provider.SenderNotRegistered, ""},
		"too many":           {text(), 200, `{"result_code":-99,"message":"일일 발송 한도를 초과하였습니다."}`, provider.Refused, provider.ProviderQuota, ""},
		"too long":           {text(), 200, `{"result_code":-99,"message":"메시지 길이 초과"}`, provider.Refused, provider.ContentTooLong, ""},
		"a strange address":  {text(), 200, `{"result_code":-99,"message":"허용되지 않은 IP 입니다."}`, provider.Refused, provider.AuthFailed, ""},
		"something else":     {text(), 200, `{"result_code":-99,"message":"알 수 없음"}`, provider.Refused, provider.UnrecognisedCode, ""},
		"no id":              {text(), 200, `{"result_code":1}`, provider.Unknown, "", ""},
		"an id that is none": {text(), 200, `{"result_code":1,"msg_id":"../1"}`, provider.Unknown, "", ""},
		"no code":            {text(), 200, `{}`, provider.Unknown, "", ""},
		"not JSON":           {text(), 200, `<html>`, provider.Unknown, "", ""},
		"too fast":           {text(), 429, ``, provider.Refused, provider.ProviderRateLimited, ""},
		"a gateway's error":  {text(), 502, `<html>`, provider.Unknown, "", ""},
		"not found":          {text(), 404, ``, provider.Unknown, "", ""},
	} {
		got := answering(t, c.status, c.reply, nil).Submit(t.Context(), provider.Call{ID: id.New(), Legs: []provider.Leg{c.leg}},
			func(context.Context, string) error { return nil })
		if got.Outcome != c.outcome || got.Reason != c.reason || got.UpstreamID != c.id {
			t.Errorf("%s: got %v %s %q, want %v %s %q", name, got.Outcome, got.Reason, got.UpstreamID, c.outcome, c.reason, c.id)
		}
	}
}

func TestAnAlimtalkWithoutAnySenderIsNotSent(t *testing.T) {
	nobody := alimtalk()
	nobody.From = ""
	for setting, want := range map[string]provider.Outcome{"": provider.Refused, "0261234567": provider.Accepted} {
		settings := map[string]string{}
		if setting != "" {
			settings[settingSender] = setting
		}
		got := answering(t, 200, `{"code":0,"info":{"mid":"1"}}`, settings).Submit(t.Context(), provider.Call{ID: id.New(), Legs: []provider.Leg{nobody}}, nil)
		if got.Outcome != want {
			t.Errorf("with the setting %q: got %+v, want %v", setting, got, want)
		}
	}
}

// parsed is what a page about a call says of its one receiver.
func parsed(t *testing.T, a *account, about, row string) provider.Report {
	t.Helper()
	body, err := provider.Polled{Call: id.New(), About: about, Page: json.RawMessage(`{"list":[` + row + `]}`)}.Body()
	if err != nil {
		t.Fatal(err)
	}
	got, err := a.Parse(body)
	if err != nil || len(got) != 1 {
		t.Fatalf("%s: got %+v, %v", row, got, err)
	}
	return got[0]
}

func TestTheStateOfATextIsToldByItsWords(t *testing.T) {
	a := answering(t, 200, "", nil)
	for state, want := range map[string]provider.Report{
		"발송완료": {Final: true, Delivered: true}, "전송중": {}, "": {}, "예약 대기": {},
		"발/착신 번호 에러": {Final: true, Reason: provider.InvalidNumber}, "결번": {Final: true, Reason: provider.NumberAbsent},
		"전원 꺼짐": {Final: true, Reason: provider.RecipientPowerOff}, "음영 지역": {Final: true, Reason: provider.OutOfCoverage},
		"수신거부": {Final: true, Reason: provider.RecipientRejected}, "무슨 말": {Final: true, Reason: provider.UnrecognisedCode},
		"성인인증 실패": {Final: true, Reason: provider.AdultCheck}, "성인 인증 실패": {Final: true, Reason: provider.AdultCheck},
		"전송 시간 초과": {Final: true, Reason: provider.Expired}, "전송시간초과": {Final: true, Reason: provider.Expired},
		"메시지 길이 초과": {Final: true, Reason: provider.ContentTooLong}, "이미지 용량 초과": {Final: true, Reason: provider.AttachmentError},
		// What would be the operator's is nobody's to send again for by words alone.
		"발송한도 초과": {Final: true, Reason: provider.UnrecognisedCode}, "인증 실패": {Final: true, Reason: provider.UnrecognisedCode},
		"잔액 부족": {Final: true, Reason: provider.UnrecognisedCode},
	} {
		got := parsed(t, a, "sms", `{"mdid":"1","receiver":"010-1234-5678","sms_state":"`+state+`","send_date":"2026-11-22 18:00:04"}`)
		if got.Final != want.Final || got.Delivered != want.Delivered || got.Reason != want.Reason || got.To != "01012345678" || got.Call.IsZero() {
			t.Errorf("%s: got %+v, want %+v", state, got, want)
		}
		if got.Final && got.At.Format("15:04:05") != "09:00:04" {
			t.Errorf("%s: at %v, want 09:00:04 UTC", state, got.At)
		}
	}
}

func TestTheResultOfAnAlimtalkIsToldByItsCodeAndWords(t *testing.T) {
	for name, c := range map[string]struct {
		row     string
		success string
		want    provider.Report
	}{
		"delivered":            {`"msgid":"1","rslt":"0"`, "", provider.Report{Final: true, Delivered: true}},
		"delivered, as Kakao":  {`"msgid":"1","rslt":"0000"`, "", provider.Report{Final: true, Delivered: true}},
		"delivered, as set":    {`"msgid":"1","rslt":"K1"`, "K1, K2", provider.Report{Final: true, Delivered: true}},
		"not as set":           {`"msgid":"1","rslt":"0"`, "K1", provider.Report{Final: true, Reason: provider.UnrecognisedCode}},
		"on its way":           {`"msgid":"Q1","rslt":"0"`, "", provider.Report{}},
		"nothing said":         {`"msgid":"1","rslt":""`, "", provider.Report{}},
		"another text":         {`"msgid":"1","rslt":"U","rslt_message":"메시지가 템플릿과 일치하지않음"`, "", provider.Report{Final: true, Reason: provider.TemplateMismatch}},
		"not on Kakao":         {`"msgid":"1","rslt":"X","rslt_message":"카카오톡 미사용자"`, "", provider.Report{Final: true, Reason: provider.NotKakaoUser}},
		"Kakao's own code":     {`"msgid":"1","rslt":"3018","rslt_message":"실패"`, "", provider.Report{Final: true, Reason: provider.KakaoUndeliverable}},
		"the operator's words": {`"msgid":"1","rslt":"X","rslt_message":"인증 실패"`, "", provider.Report{Final: true, Reason: provider.UnrecognisedCode}},
		"the same, and a code": {`"msgid":"1","rslt":"3018","rslt_message":"인증 실패"`, "", provider.Report{Final: true, Reason: provider.KakaoUndeliverable}},
		"the operator's code":  {`"msgid":"1","rslt":"4156","rslt_message":"한도"`, "", provider.Report{Final: true, Reason: provider.ProviderQuota}},
		"out of time":          {`"msgid":"1","rslt":"X","rslt_message":"시간 초과"`, "", provider.Report{Final: true, Reason: provider.Expired}},
		"a malformed number":   {`"msgid":"1","status":"2","rslt":""`, "", provider.Report{Final: true, Reason: provider.InvalidNumber}},
		"null":                 {`"msgid":"1","rslt":null`, "", provider.Report{}},
		"an object":            {`"msgid":"1","rslt":{}`, "", provider.Report{}},
		"a list":               {`"msgid":"1","rslt":["0"]`, "", provider.Report{}},
		"a yes":                {`"msgid":"1","rslt":true`, "", provider.Report{}},
		"numbers, not in text": {`"msgid":1,"status":3,"rslt":0`, "", provider.Report{Final: true, Delivered: true}},
	} {
		settings := map[string]string{}
		if c.success != "" {
			settings[settingSuccess] = c.success
		}
		got := parsed(t, answering(t, 200, "", settings), "alimtalk", `{"phone":"01012345678",`+c.row+`}`)
		if got.Final != c.want.Final || got.Delivered != c.want.Delivered || got.Reason != c.want.Reason {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
		if got.Final && !got.Delivered && got.Code == "" {
			t.Errorf("%s: a failure without a code", name)
		}
	}
}

func TestAnAccountThatCannotWorkIsRefused(t *testing.T) {
	for name, a := range map[string]provider.Account{
		"no user":            {APISecret: "k"},
		"no key":             {APIKey: "u"},
		"a bad sender":       {APIKey: "u", APISecret: "k", Settings: map[string]string{settingSender: "112"}},
		"an unknown setting": {APIKey: "u", APISecret: "k", Settings: map[string]string{"x": "y"}},
		"no channel":         {APIKey: "u", APISecret: "k", Channels: []provider.Channel{}},
		"a bad address":      {APIKey: "u", APISecret: "k", URL: "ftp://h"},
	} {
		if _, err := New(a); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

// FuzzParse holds the parser to: no panic, no reports beside an error, and no report without
// its call and number.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`{"call":"01m8m69ndne77r6sfxs3zhfbwr","about":"sms","page":{"list":[{"receiver":"01012345678","sms_state":"발송완료"}]}}`,
		`{"call":"01m8m69ndne77r6sfxs3zhfbwr","about":"alimtalk","page":{"list":[{"phone":"01012345678","msgid":1,"rslt":"U","rslt_message":"x"}]}}`,
		`{"call":"x","about":"sms","page":{}}`, `{}`, `[]`, ``,
	} {
		f.Add([]byte(seed))
	}
	p, err := New(provider.Account{Name: "aligo", APIKey: "user", APISecret: "key"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		reports, err := p.Parse(body)
		if err != nil && len(reports) > 0 {
			t.Errorf("got %d reports beside an error", len(reports))
		}
		for _, r := range reports {
			if r.Call.IsZero() || r.To == "" || r.Delivered && !r.Final {
				t.Errorf("got %+v", r)
			}
		}
	})
}

func TestPicturesArePartsOfTheFormInTheirOrder(t *testing.T) {
	var path string
	var fields url.Values
	var files [][2]string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseMultipartForm(1 << 20); err != nil {
			t.Errorf("read the form: %v", err)
		}
		path, fields = r.URL.Path, r.MultipartForm.Value
		for _, name := range []string{"image1", "image2", "image3"} {
			for _, f := range r.MultipartForm.File[name] {
				file, err := f.Open()
				if err != nil {
					t.Error(err)
					continue
				}
				content, _ := io.ReadAll(file)
				files = append(files, [2]string{name + " " + f.Filename + " " + f.Header.Get("Content-Type"), string(content)})
			}
		}
		_, _ = io.WriteString(w, `{"result_code":1,"msg_id":1}`)
	}))
	t.Cleanup(s.Close)
	p, err := New(provider.Account{Name: "aligo", URL: s.URL, APIKey: "user", APISecret: "key"})
	if err != nil {
		t.Fatal(err)
	}
	mms := text()
	mms.Channel, mms.Subject, mms.Pictures = provider.MMS, "제목", []provider.Picture{{Name: "b.jpg", Content: []byte("2nd")}, {Name: "a.jpg", Content: []byte("1st")}}
	got := p.Submit(t.Context(), provider.Call{ID: id.New(), Legs: []provider.Leg{mms}}, nil)
	if got.Outcome != provider.Accepted {
		t.Errorf("got %+v, want it accepted", got)
	}
	want := url.Values{"user_id": {"user"}, "key": {"key"}, "sender": {"0261234567"}, "cnt": {"1"}, "msg_type": {"MMS"}, "title": {"제목"}, "rec_1": {"01012345678"}, "msg_1": {"안녕하세요"}}
	if diff := cmp.Diff(want, fields); diff != "" || path != "/send_mass/" {
		t.Errorf("fields for %s (-want +got):\n%s", path, diff)
	}
	if diff := cmp.Diff([][2]string{{"image1 b.jpg image/jpeg", "2nd"}, {"image2 a.jpg image/jpeg", "1st"}}, files); diff != "" {
		t.Errorf("pictures (-want +got):\n%s", diff)
	}
}
