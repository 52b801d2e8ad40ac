package nhncloud

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/provider"
	"creditmsg/internal/upstream"
)

// vendor answers every request with one reply and keeps what came.
type vendor struct {
	status int
	reply  string
	path   string
	header http.Header
	body   string
}

func (v *vendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	v.path, v.header, v.body = r.URL.Path, r.Header, string(body)
	w.WriteHeader(v.status)
	_, _ = io.WriteString(w, v.reply)
}

func (v *vendor) account(t *testing.T) provider.Provider {
	t.Helper()
	s := httptest.NewServer(v)
	t.Cleanup(s.Close)
	p, err := New(provider.Account{Name: "nhn", URL: s.URL, APIKey: "app", APISecret: "secret",
		Settings: map[string]string{settingKey: "kakaoapp", settingSecret: "kakaosecret", settingOrigin: "123456789"}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func leg(c provider.Channel) provider.Leg {
	l := provider.Leg{Ref: "shop.a.0.1.1", To: korea.Number("01012345678"), From: "0261234567", Channel: c, Text: "안녕하세요"}
	if c == provider.MMS {
		l.Pictures = []provider.Picture{{Name: "b.jpg", UpstreamID: "12"}, {Name: "a.jpg", UpstreamID: "11"}}
	}
	if c == provider.Alimtalk {
		l.Alimtalk = &provider.Template{ChannelID: strings.Repeat("a", 40), TemplateID: "ORDER_01",
			Buttons: []provider.Button{{Type: "WL", Name: "보기", URLMobile: "https://m.example"}}}
	}
	return l
}

func submit(t *testing.T, p provider.Provider, legs ...provider.Leg) provider.Result {
	t.Helper()
	return p.Submit(t.Context(), provider.Call{ID: id.New(), Legs: legs}, func(context.Context, string) error { return nil })
}

func TestARequestIsWhatTheVendorsDocumentsSay(t *testing.T) {
	for channel, want := range map[provider.Channel]struct{ path, secret, body string }{
		provider.SMS: {"/sms/v3.0/appKeys/app/sender/sms", "secret",
			`{"body":"안녕하세요","sendNo":"0261234567","senderGroupingKey":"CALL","originCode":"123456789","recipientList":[{"recipientNo":"01012345678","recipientGroupingKey":"shop.a.0.1.1"}]}`},
		provider.LMS: {"/sms/v3.0/appKeys/app/sender/mms", "secret",
			`{"title":"안녕하세요","body":"안녕하세요","sendNo":"0261234567","senderGroupingKey":"CALL","originCode":"123456789","recipientList":[{"recipientNo":"01012345678","recipientGroupingKey":"shop.a.0.1.1"}]}`},
		provider.MMS: {"/sms/v3.0/appKeys/app/sender/mms", "secret",
			`{"title":"안녕하세요","body":"안녕하세요","sendNo":"0261234567","senderGroupingKey":"CALL","originCode":"123456789","attachFileIdList":[12,11],"recipientList":[{"recipientNo":"01012345678","recipientGroupingKey":"shop.a.0.1.1"}]}`},
		provider.Alimtalk: {"/alimtalk/v2.3/appkeys/kakaoapp/raw-messages", "kakaosecret",
			`{"senderKey":"` + strings.Repeat("a", 40) + `","templateCode":"ORDER_01","senderGroupingKey":"CALL","recipientList":[{"recipientNo":"01012345678","recipientGroupingKey":"shop.a.0.1.1",` +
				`"content":"안녕하세요","buttons":[{"ordering":1,"type":"WL","name":"보기","linkMo":"https://m.example"}],"resendParameter":{"isResend":false}}]}`},
	} {
		v := &vendor{status: 200, reply: "{}"}
		call := id.New()
		v.account(t).Submit(t.Context(), provider.Call{ID: call, Legs: []provider.Leg{leg(channel)}}, nil)
		if got := strings.Replace(v.body, call.String(), "CALL", 1); v.path != want.path || v.header.Get("X-Secret-Key") != want.secret || got != want.body {
			t.Errorf("%v: got %s with %s\n%s\nwant %s with %s\n%s", channel, v.path, v.header.Get("X-Secret-Key"), got, want.path, want.secret, want.body)
		}
		if key := v.header.Get("X-NC-API-IDEMPOTENCY-KEY"); (key == call.String()) != (channel == provider.Alimtalk) {
			t.Errorf("%v: got the idempotency key %q", channel, key)
		}
	}
}

func TestAReplyEndsInTheOneOutcomeThatIsCertain(t *testing.T) {
	const one = `{"header":{"isSuccessful":true,"resultCode":0},"body":{"data":{"requestId":"R1","sendResultList":[{"recipientSeq":1,"recipientGroupingKey":"shop.a.0.1.1","resultCode":CODE}]}}}`
	for name, c := range map[string]struct {
		status  int
		reply   string
		outcome provider.Outcome
		reason  provider.Reason
	}{
		"taken":                   {200, strings.Replace(one, "CODE", "0", 1), provider.Accepted, ""},
		"its recipient refused":   {200, strings.Replace(one, "CODE", "-2019", 1), provider.Accepted, ""},
		"another recipient":       {200, strings.Replace(strings.Replace(one, "CODE", "0", 1), "shop.a", "shop.b", 1), provider.Unknown, ""},
		"nobody named":            {200, `{"header":{"isSuccessful":true,"resultCode":0},"body":{"data":{"requestId":"R1"}}}`, provider.Unknown, ""},
		"no header":               {200, `{}`, provider.Unknown, ""},
		"not JSON":                {200, `<html>`, provider.Unknown, ""},
		"a wrong key":             {200, `{"header":{"isSuccessful":false,"resultCode":-1000}}`, provider.Refused, provider.AuthFailed},
		"a strange sender":        {200, `{"header":{"isSuccessful":false,"resultCode":-2312}}`, provider.Refused, provider.SenderNotRegistered},
		"a full queue":            {200, `{"header":{"isSuccessful":false,"resultCode":-2021}}`, provider.NotSent, provider.ProviderInternal},
		"a system error":          {200, `{"header":{"isSuccessful":false,"resultCode":-9999}}`, provider.Unknown, ""},
		"a code nobody knows":     {200, `{"header":{"isSuccessful":false,"resultCode":-7777}}`, provider.Refused, provider.UnrecognisedCode},
		"too fast":                {429, ``, provider.Refused, provider.ProviderRateLimited},
		"not let in":              {403, ``, provider.Refused, provider.AuthFailed},
		"a gateway's error":       {502, `<html>`, provider.Unknown, ""},
		"a vendor's 500":          {500, `{"header":{"isSuccessful":false,"resultCode":-2312}}`, provider.Unknown, ""},
		"not found by a stranger": {404, ``, provider.Unknown, ""},
		"a refusal by status":     {400, `{"header":{"isSuccessful":false,"resultCode":-2312}}`, provider.Refused, provider.SenderNotRegistered},
		"a code without a status": {422, `{"header":{"isSuccessful":false,"resultCode":-7777}}`, provider.Refused, provider.UnrecognisedCode},
		"a full queue by status":  {400, `{"header":{"isSuccessful":false,"resultCode":-2021}}`, provider.NotSent, provider.ProviderInternal},
		"a system error of 400":   {400, `{"header":{"isSuccessful":false,"resultCode":-9999}}`, provider.Unknown, ""},
		"a key used before":       {409, `{"header":{"isSuccessful":false,"resultCode":-1005}}`, provider.Unknown, ""},
		"a success of 400":        {400, strings.Replace(one, "CODE", "0", 1), provider.Unknown, ""},
		"no header in a 400":      {400, `{"resultCode":-2312}`, provider.Unknown, ""},
		"too slow":                {408, `{"header":{"isSuccessful":false,"resultCode":-2312}}`, provider.Unknown, ""},
		"too fast, with a code":   {429, `{"header":{"isSuccessful":false,"resultCode":-2312}}`, provider.Refused, provider.ProviderRateLimited},
		"not let in, with a code": {403, `{"header":{"isSuccessful":false,"resultCode":-2312}}`, provider.Refused, provider.AuthFailed},
		"all refused, unnamed":    {200, `{"header":{"isSuccessful":false,"resultCode":-1031}}`, provider.Refused, provider.UnrecognisedCode},
		"all refused, others":     {200, `{"header":{"isSuccessful":false,"resultCode":-1031},"message":{"requestId":"R1","sendResults":[{"recipientSeq":1,"resultCode":-4019}]}}`, provider.Refused, provider.UnrecognisedCode},
		"all refused, but one":    {200, `{"header":{"isSuccessful":false,"resultCode":-1031},"message":{"requestId":"R1","sendResults":[{"recipientSeq":1,"resultCode":0}]}}`, provider.Unknown, ""},
		"all refused":             {200, `{"header":{"isSuccessful":false,"resultCode":-1031},"message":{"requestId":"R1","sendResults":[{"recipientSeq":1,"recipientGroupingKey":"shop.a.0.1.1","resultCode":-4019}]}}`, provider.Accepted, ""},
	} {
		got := submit(t, (&vendor{status: c.status, reply: c.reply}).account(t), leg(provider.SMS))
		if got.Outcome != c.outcome || got.Reason != c.reason {
			t.Errorf("%s: got %v %s, want %v %s", name, got.Outcome, got.Reason, c.outcome, c.reason)
		}
		if name == "its recipient refused" && (!got.Members[0].Refused || got.Members[0].Reason != provider.InvalidNumber || got.Members[0].Code != "-2019") {
			t.Errorf("%s: got %+v", name, got.Members[0])
		}
	}
}

func TestOnlyACallWithPicturesIsRefusedForAnExpiredFile(t *testing.T) {
	bare := leg(provider.MMS)
	bare.Pictures = nil
	for name, c := range map[string]struct {
		leg  provider.Leg
		want provider.Result
	}{
		"an mms":              {leg(provider.MMS), provider.Result{Outcome: provider.NotSent, Code: "-2004", Gone: []string{"12", "11"}}},
		"a picture by itself": {bare, provider.Result{Outcome: provider.Refused, Reason: provider.AttachmentError, Code: "-2004"}},
		"a text":              {leg(provider.SMS), provider.Result{Outcome: provider.Refused, Reason: provider.AttachmentError, Code: "-2004"}},
		"an alimtalk":         {leg(provider.Alimtalk), provider.Result{Outcome: provider.Refused, Reason: provider.ContentMissing, Code: "-2004"}},
	} {
		if diff := cmp.Diff(c.want, refused(&c.leg, fileExpired, "", upstream.Reply{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestTheSameNumberMeansAnotherThingToTheOtherProduct(t *testing.T) {
	if text, kakao := apiReason(provider.SMS, -2019), apiReason(provider.Alimtalk, -2019); text != provider.InvalidNumber || kakao != provider.ContentTooLong {
		t.Errorf("-2019: got %s of a text and %s of an alimtalk", text, kakao)
	}
}

func TestReportsOfBothProductsAreRead(t *testing.T) {
	for name, c := range map[string]struct {
		hook string
		want provider.Report
	}{
		"a text":         {`"senderType":"NORMAL_SMS","recipientGroupingKey":"r","messageStatus":"COMPLETED","resultCode":"1000"`, provider.Report{Final: true, Delivered: true}},
		"a failed text":  {`"senderType":"NORMAL_SMS","recipientGroupingKey":"r","messageStatus":"FAILED","resultCode":"3005"`, provider.Report{Final: true, Reason: provider.HandsetBusy}},
		"an alimtalk":    {`"kakaoMessageType":"ALIMTALK_NORMAL","recipientGroupingKey":"r","resultCode":"3019"`, provider.Report{Final: true, Reason: provider.NotKakaoUser}},
		"an uncertain":   {`"kakaoMessageType":"ALIMTALK_NORMAL","recipientGroupingKey":"r","resultCode":"3005"`, provider.Report{}},
		"the misspelt":   {`"recipientGropuingKey":"r","messageStatus":"COMPLETED","resultCode":"1000"`, provider.Report{Final: true, Delivered: true}},
		"a cancellation": {`"recipientGroupingKey":"r","messageStatus":"CANCEL"`, provider.Report{Final: true, Reason: provider.Cancelled}},
		"a double":       {`"recipientGroupingKey":"r","messageStatus":"DUPLICATED"`, provider.Report{Final: true, Reason: provider.Duplicate}},
		"an advert":      {`"recipientGroupingKey":"r","messageStatus":"FAILED_AD"`, provider.Report{Final: true, Reason: provider.AdvertRule}},
		"a strange code": {`"recipientGroupingKey":"r","messageStatus":"FAILED","resultCode":"7777"`, provider.Report{Final: true, Reason: provider.UnrecognisedCode}},
	} {
		got, err := parse([]byte(`{"event":"MESSAGE_RESULT_UPDATE","hooks":[{"requestId":"R","recipientSeq":2,"receiveDate":"2026-11-22T18:00:04",` + c.hook + `}]}`))
		if err != nil || len(got) != 1 {
			t.Errorf("%s: got %+v, %v", name, got, err)
			continue
		}
		r := got[0]
		if r.Final != c.want.Final || r.Delivered != c.want.Delivered || r.Reason != c.want.Reason || r.Ref != "r" || r.UpstreamID != "R/2" {
			t.Errorf("%s: got %+v, want %+v", name, r, c.want)
		}
		if at := r.At.Format("15:04:05"); at != "09:00:04" {
			t.Errorf("%s: at %s UTC, want 09:00:04", name, at)
		}
	}
	for _, state := range []string{`"messageStatus":"SENDING"`, `"messageStatus":"SOON","kakaoMessageType":"ALIMTALK_NORMAL"`,
		`"msgStatus":"1"`, `"msgStatus":"2"`, `"msgStatus":"7"`, `"msgStatus":"9"`} {
		for _, code := range []string{"1000", "3012", "7777"} {
			got, err := parse([]byte(`{"event":"MESSAGE_RESULT_UPDATE","hooks":[{"requestId":"R","recipientSeq":2,"resultCode":"` + code + `",` + state + `}]}`))
			if err != nil || len(got) != 1 || got[0].Final || got[0].Delivered || got[0].Reason != "" {
				t.Errorf("%s with the code %s: got %+v, %v; want it on its way", state, code, got, err)
			}
		}
	}
	for state, want := range map[string]provider.Report{`"msgStatus":"0","resultCode":"3012"`: {Reason: provider.SpamBlocked}, `"msgStatus":"3","resultCode":"1000"`: {Delivered: true},
		`"msgStatus":"4"`: {Reason: provider.Cancelled}, `"msgStatus":"5"`: {Reason: provider.Duplicate}, `"msgStatus":"6"`: {Reason: provider.AdvertRule}} {
		got, err := parse([]byte(`{"event":"MESSAGE_RESULT_UPDATE","hooks":[{"requestId":"R","recipientSeq":2,` + state + `}]}`))
		if err != nil || len(got) != 1 || !got[0].Final || got[0].Delivered != want.Delivered || got[0].Reason != want.Reason {
			t.Errorf("%s: got %+v, %v; want an end like %+v", state, got, err, want)
		}
	}
	other, err := parse([]byte(`{"event":"CONVERSION_BLOCK","hooks":[{"hookId":"h","recipientNo":"01012345678","unsubscribeNo":"0801234567"}]}`))
	if err != nil || len(other) != 0 {
		t.Errorf("another event: got %+v, %v, want nothing", other, err)
	}
}

func TestAnAccountThatCannotWorkIsRefused(t *testing.T) {
	good := func() provider.Account {
		return provider.Account{Name: "nhn", APIKey: "K", APISecret: "S", Settings: map[string]string{}}
	}
	if _, err := New(good()); err != nil {
		t.Fatalf("a good account: %v", err)
	}
	for name, change := range map[string]func(*provider.Account){
		"no key":                  func(a *provider.Account) { a.APIKey = "" },
		"no secret":               func(a *provider.Account) { a.APISecret = "" },
		"half of alimtalk":        func(a *provider.Account) { a.Settings[settingKey] = "k" },
		"an origin of letters":    func(a *provider.Account) { a.Settings[settingOrigin] = "abc" },
		"an unknown setting":      func(a *provider.Account) { a.Settings["sms_service"] = "x" },
		"an address with a query": func(a *provider.Account) { a.URL = "https://h/?x=1" },
		"no channel":              func(a *provider.Account) { a.Channels = []provider.Channel{} },
	} {
		a := good()
		change(&a)
		if _, err := New(a); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

// FuzzParse holds the parser to: no panic, no reports beside an error, and nothing delivered
// that is not final.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`{"event":"MESSAGE_RESULT_UPDATE","hooks":[{"requestId":"R","recipientSeq":1,"recipientGroupingKey":"a.b.0.1.1","messageStatus":"COMPLETED","resultCode":"1000","receiveDate":"2026-11-22T18:00:04"}]}`,
		`{"event":"UNSUBSCRIBE","hooks":[{}]}`, `{"hooks":[{"requestId":1}]}`, `{"hooks":{}}`, `{}`, `[]`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		reports, err := parse(body)
		if err != nil && len(reports) > 0 {
			t.Errorf("got %d reports beside an error", len(reports))
		}
		for _, r := range reports {
			if r.Delivered && !r.Final || r.Final && !r.Delivered && r.Reason == "" {
				t.Errorf("got %+v", r)
			}
		}
	})
}

func TestAnUploadIsWhatTheVendorsDocumentsSay(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		reply  string
		want   provider.Uploaded
	}{
		"taken":     {200, `{"header":{"isSuccessful":true,"resultCode":0,"resultMessage":"SUCCESS"},"body":{"data":{"fileId":123456}}}`, provider.Uploaded{ID: "123456", Keeps: keptFor}},
		"too large": {200, `{"header":{"isSuccessful":false,"resultCode":-2005,"resultMessage":"size"}}`, provider.Uploaded{Failed: provider.Result{Outcome: provider.Refused, Reason: provider.AttachmentError, Code: "-2005", Text: "size"}}},
		"by status": {400, `{"header":{"isSuccessful":false,"resultCode":-2010,"resultMessage":"type"}}`, provider.Uploaded{Failed: provider.Result{Outcome: provider.Refused, Reason: provider.AttachmentError, Code: "-2010", Text: "type"}}},
		"no number": {200, `{"header":{"isSuccessful":true,"resultCode":0},"body":{"data":{}}}`, provider.Uploaded{Failed: provider.Result{Outcome: provider.NotSent, Reason: provider.ProviderInternal, Text: "upload picture: the reply names no file"}}},
	} {
		v := &vendor{status: c.status, reply: c.reply}
		got := v.account(t).(provider.Uploader).Upload(t.Context(), provider.Picture{Name: "a.jpg", Content: []byte("jpeg")})
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if want := `{"fileName":"a.jpg","createUser":"creditmsg","fileBody":"anBlZw=="}`; v.path != "/sms/v3.0/appKeys/app/attachfile/binaryUpload" || v.body != want {
			t.Errorf("%s: got %s to %s, want %s", name, v.body, v.path, want)
		}
	}
}
