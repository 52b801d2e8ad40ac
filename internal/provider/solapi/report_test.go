package solapi

import (
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/provider"
)

func TestAReportIsAuthenticOnlyWithTheSecret(t *testing.T) {
	const digest = "1c7b518f7e40f7aca065995f0f1ecb69661b1d39"
	for name, c := range map[string]struct {
		webhook provider.Webhook
		header  string
		want    bool
	}{
		"its digest":             {provider.Webhook{Secret: "my-webhook-secret"}, digest, true},
		"another digest":         {provider.Webhook{Secret: "my-webhook-secret"}, strings.Repeat("0", 40), false},
		"half of it":             {provider.Webhook{Secret: "my-webhook-secret"}, digest[:20], false},
		"no header":              {provider.Webhook{Secret: "my-webhook-secret"}, "", false},
		"itself, not asked for":  {provider.Webhook{Secret: "my-webhook-secret"}, "my-webhook-secret", false},
		"itself":                 {provider.Webhook{Secret: "my-webhook-secret", Plain: true}, "my-webhook-secret", true},
		"digest, itself wanted":  {provider.Webhook{Secret: "my-webhook-secret", Plain: true}, digest, false},
		"none configured":        {provider.Webhook{}, "da39a3ee5e6b4b0d3255bfef95601890afd80709", false},
		"none configured, plain": {provider.Webhook{Plain: true}, "", false},
	} {
		a := newVendor(t, nil).account(func(a *provider.Account) { a.Webhook = c.webhook })
		if got := a.Authentic(http.Header{"X-Solapi-Secret": {c.header}}, []byte("[]")); got != c.want {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

const flat = `{"messageId":"M4V20261122180000ABCDEFGHJKLMNPQ","groupId":"G4V20261122180000ABCDEFGHJKLMNPQ","type":"ATA","to":"01012345678","from":"0215881234",
  "statusCode":"3104","statusMessage":"카카오톡 미사용자","dateProcessed":"2026-11-22T09:00:01.000Z","dateReported":"2026-11-22T09:00:03.000Z",
  "dateReceived":null,"networkCode":null,"kakaoOptions":{"pfId":"x","new":[1]},"customFields":{"ref":"demo.1","other":7}}`

func TestReportsAreReadInEveryFormTheVendorSends(t *testing.T) {
	at := func(second int) time.Time { return time.Date(2026, 11, 22, 9, 0, second, 0, time.UTC) }
	notKakao := provider.Report{
		Ref: "demo.1", UpstreamID: "M4V20261122180000ABCDEFGHJKLMNPQ", Final: true,
		Reason: provider.NotKakaoUser, Code: "3104", Text: "카카오톡 미사용자", At: at(3),
	}
	for name, c := range map[string]struct {
		body string
		want []provider.Report
	}{
		"a list":           {"[" + flat + "," + flat + "]", []provider.Report{notKakao, notKakao}},
		"one object":       {" \n" + flat, []provider.Report{notKakao}},
		"an envelope":      {`[{"eventDataId":"E1","data":` + flat + `,"retryCount":0}]`, []provider.Report{notKakao}},
		"one envelope":     {`{"eventDataId":"E1","data":` + flat + `}`, []provider.Report{notKakao}},
		"both":             {`[` + flat + `,{"data":` + flat + `}]`, []provider.Report{notKakao, notKakao}},
		"an empty list":    {`[]`, nil},
		"a group":          {`[{"groupId":"G4V","status":"COMPLETE","count":{"total":1}},{"data":{"groupId":"G4V","status":"COMPLETE"}}]`, nil},
		"a fax":            {`{"faxId":"F1","pages":3}`, nil},
		"beside strangers": {`[null,5,"x",[],{"data":null},` + flat + `]`, []provider.Report{notKakao}},
		"delivered": {`{"messageId":"M1","statusCode":"4000","statusMessage":"","dateProcessed":"2026-11-22T09:00:01Z","dateReported":"2026-11-22T09:00:03Z","dateReceived":"2026-11-22T18:00:02+09:00","customFields":{"ref":"r"}}`,
			[]provider.Report{{Ref: "r", UpstreamID: "M1", Final: true, Delivered: true, Code: "4000", Text: "발송 완료", At: at(2)}}},
		"on its way": {`{"messageId":"M1","statusCode":"3000","dateProcessed":"2026-11-22T09:00:01Z"}`,
			[]provider.Report{{UpstreamID: "M1", Code: "3000", Text: "이통사로 접수됨, 결과 대기 중", At: at(1)}}},
		"a code not listed": {`{"messageId":"M1","statusCode":"3999","statusMessage":"new words"}`,
			[]provider.Report{{UpstreamID: "M1", Final: true, Reason: provider.UnrecognisedCode, Code: "3999", Text: "new words"}}},
		"a code of another form": {`{"messageId":"M1","statusCode":"E-9"}`, []provider.Report{{UpstreamID: "M1", Code: "E-9"}}},
		"a code as a number":     {`{"messageId":"M1","statusCode":4000}`, []provider.Report{{UpstreamID: "M1", Final: true, Delivered: true, Code: "4000", Text: "발송 완료"}}},
		"other types": {`{"messageId":"M1","statusCode":"3043","statusMessage":{"ko":1},"dateReported":1764000000,"customFields":["ref"],"data":7}`,
			[]provider.Report{{UpstreamID: "M1", Final: true, Reason: provider.RecipientPowerOff, Code: "3043", Text: "단말기 전원 꺼짐"}}},
		"a reference that is not ours": {`{"messageId":"M1","statusCode":"4000","customFields":{"ref":"` + strings.Repeat("x", 101) + `"}}`,
			[]provider.Report{{UpstreamID: "M1", Final: true, Delivered: true, Code: "4000", Text: "발송 완료"}}},
		"a number in its words": {`{"messageId":"M1","statusCode":"3032","statusMessage":"01012345678 없음"}`,
			[]provider.Report{{UpstreamID: "M1", Final: true, Reason: provider.NumberAbsent, Code: "3032", Text: "010****5678 없음"}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := newVendor(t, nil).account().Parse([]byte(c.body))
			if err != nil {
				t.Fatalf("Parse: %v", err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("reports (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhatIsNotAReportAtAllIsAnError(t *testing.T) {
	for name, body := range map[string]string{
		"nothing": "", "spaces": " \n", "text": "hello", "a string": `"x"`, "null": "null", "a number": "7",
		"half a list": `[{"messageId":"M1"`, "two": flat + flat, "too much": "[" + strings.Repeat(" ", maxReportBody) + "]",
	} {
		if got, err := parse([]byte(body)); err == nil || got != nil {
			t.Errorf("%s: got %v, %v, want an error alone", name, got, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		flat, "[" + flat + "]", `[{"eventDataId":"E1","data":` + flat + `,"retryCount":0}]`, `{"groupId":"G","status":"COMPLETE"}`,
		`{"messageId":"M1","statusCode":4000}`, `[{"data":{"data":{}}}]`, `{"messageId":"\u0000","statusCode":"\ud800","customFields":{"ref":"\u0000"}}`,
		`[null,1,"x",{"statusCode":null,"messageId":1}]`, ``, `[`, `{"statusCode":1e999,"messageId":"M"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		before := string(body)
		got, err := parse(body)
		again, errAgain := parse([]byte(before))
		if diff := cmp.Diff(got, again); diff != "" || (err == nil) != (errAgain == nil) || string(body) != before {
			t.Fatalf("the same body gave something else:\n%s", diff)
		}
		if err != nil && got != nil {
			t.Fatalf("got reports beside the error %v: %+v", err, got)
		}
		for _, r := range got {
			if (r.Reason != "") != (r.Final && !r.Delivered) || r.Delivered && !r.Final {
				t.Errorf("a report that contradicts itself: %+v", r)
			}
			if r.Ref == "" && r.UpstreamID == "" && r.Code == "" {
				t.Errorf("a report of nothing: %+v", r)
			}
			if len(r.Ref) > maxCustom || len(r.Code) > maxCode || len(r.UpstreamID) > maxGroupID || utf8.RuneCountInString(r.Text) > 200 || !utf8.ValidString(r.Ref+r.Code+r.Text+r.UpstreamID) {
				t.Errorf("a report that cannot be stored: %+v", r)
			}
		}
	})
}

func BenchmarkParse(b *testing.B) {
	body := []byte("[" + strings.TrimSuffix(strings.Repeat(flat+",", 100), ",") + "]")
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, err := parse(body); err != nil {
			b.Fatal(err)
		}
	}
}
