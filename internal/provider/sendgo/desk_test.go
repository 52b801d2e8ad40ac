package sendgo

import (
	"encoding/json"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/provider/providertest"
	"creditmsg/internal/upstream"
)

// desk is an account of this vendor.
func (v *vendor) desk(t *testing.T) *account {
	t.Helper()
	s := httptest.NewServer(v)
	t.Cleanup(s.Close)
	p, err := New(provider.Account{Name: "sendgo", URL: s.URL, APIKey: "access", APISecret: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	return p.(*account)
}

// TestWhoCallsIsProvenAsTheDocumentsSay holds both headers to their documented forms: the
// keys in base64 for a token, and of v2 the token as it is.
func TestWhoCallsIsProvenAsTheDocumentsSay(t *testing.T) {
	v := &vendor{replies: usual()}
	if _, err := v.desk(t).Senders(t.Context()); err != nil {
		t.Fatal(err)
	}
	if want := []string{"Basic YWNjZXNzOnNlY3JldA==", "Bearer sgv2.a"}; !slices.Equal(v.proofs, want) {
		t.Errorf("got %v, want %v", v.proofs, want)
	}
}

func TestAnActEndsInWhatIsCertain(t *testing.T) {
	for name, c := range map[string]struct {
		token *reply
		reply reply
		want  string
	}{
		"done":                 {nil, reply{200, `{"success":true,"data":{}}`}, "done"},
		"a state":              {nil, reply{422, `{"code":"KAKAO_API_ERROR","message":"x"}`}, "denied: unrecognised_code"},
		"no such template":     {nil, reply{404, `{"code":"INVALID_TEMPLATE_CODE"}`}, "denied: template_not_found"},
		"not of a company":     {nil, reply{403, `{"code":"TEAM_REQUIRED_FOR_KAKAO"}`}, "denied: auth_failed"},
		"no token":             {&reply{401, `{"code":"INVALID_SECRET_KEY"}`}, reply{}, "denied: auth_failed"},
		"a token's failure":    {&reply{500, `{"code":"INTERNAL_SERVER_ERROR"}`}, reply{}, "denied: provider_internal"},
		"too fast":             {nil, reply{429, ``}, "denied: provider_rate_limited"},
		"a failure":            {nil, reply{500, `{"code":"INTERNAL_SERVER_ERROR"}`}, "open"},
		"not JSON":             {nil, reply{200, `<html>`}, "open"},
		"a stranger's 404":     {nil, reply{404, `<html>`}, "open"},
		"its token every time": {nil, reply{401, `{"code":"TOKEN_MISMATCH"}`}, "denied: provider_internal"},
	} {
		v := &vendor{replies: usual()}
		v.replies["/notice-templates/T1/inspection"] = []reply{c.reply}
		if c.token != nil {
			v.replies["/token"] = []reply{*c.token}
		}
		a, _ := v.impatient(t)
		err := a.ActOnTemplate(t.Context(), provider.SubmitTemplate, provider.TemplateRef{ChannelID: "c", TemplateID: "T1"}, "")
		if got := providertest.Ending(err); got != c.want {
			t.Errorf("%s: got %s (%v), want %s", name, got, err, c.want)
		}
	}
}

func TestCreditsAreReadByEveryNameThatTheyMayHave(t *testing.T) {
	for data, want := range map[string]money.Amount{
		`{"credits":12345.6789}`: 12_345*money.Won + 6789, `{"credit":"7"}`: 7 * money.Won, `{"balance":-3}`: -3 * money.Won, `{"amount":0.00009}`: 0,
		`{}`: -1, `{"credits":"x"}`: -1,
	} {
		v := &vendor{replies: usual()}
		v.replies["/credits"] = []reply{{200, `{"success":true,"data":` + data + `}`}}
		got, err := v.desk(t).Balance(t.Context())
		if want == -1 {
			if err == nil {
				t.Errorf("%s: got %+v, want an error", data, got)
			}
			continue
		}
		if err != nil || got.Left != want || got.Unit != provider.UnitCredit {
			t.Errorf("%s: got %+v, %v; want %s", data, got, err, want)
		}
	}
}

func TestATemplateIsWrittenInTheVendorsWords(t *testing.T) {
	v := &vendor{replies: usual()}
	v.replies["/notice-templates"] = []reply{{201, `{"success":true,"data":{"template":{"template_code":"KNT-1"}}}`}}
	f := provider.TemplateForm{ChannelID: "c", Name: "이름", Body: "#{이름}님", Emphasis: &provider.Emphasis{Title: "제목", Subtitle: "부제"},
		Buttons: []provider.Button{{Type: "WL", Name: "보기", URLMobile: "https://m.example"}}}
	if _, err := v.desk(t).AddTemplate(t.Context(), f); providertest.Ending(err) != "denied: content_missing" || len(v.asked) > 0 {
		t.Errorf("without its purpose: got %v after %v", err, v.asked)
	}
	f.Purpose = &provider.Purpose{Purpose: "TRANSACTIONAL", Basis: "CONTRACT", Benefit: "NONE", Expiry: "NONE", Confirmed: true}
	id, err := v.desk(t).AddTemplate(t.Context(), f)
	want := `{"kakaoSenderKey":"c","templateName":"이름","templateContent":"#{이름}님","templateMessageType":"BA","templateEmphasizeType":"TEXT","categoryCode":"999999",` +
		`"templateTitle":"제목","templateSubtitle":"부제","buttons":[{"ordering":1,"type":"WL","name":"보기","linkMo":"https://m.example"}],` +
		`"messagePurpose":"TRANSACTIONAL","legalBasis":"CONTRACT","benefitOrigin":"NONE","expiryType":"NONE","optInReviewConfirmed":true,"ctaClearConfirmed":true,"policyConfirmed":true}`
	if err != nil || id != "KNT-1" || v.body != want {
		t.Errorf("add: got %q, %v\n%s\nwant\n%s", id, err, v.body, want)
	}
}

func TestWhereATemplateStandsIsRead(t *testing.T) {
	for row, want := range map[string]provider.KeptTemplate{
		`"inspectionStatus":"REG"`: {State: provider.TemplateDraft}, `"inspection_status":"REQ"`: {State: provider.TemplateInspecting},
		`"inspectionStatus":"APR"`: {State: provider.TemplateApproved}, `"inspectionStatus":"DORMANT"`: {State: provider.TemplateDormant},
		`"inspectionStatus":"BLOCK"`: {State: provider.TemplateBlocked}, `"inspectionStatus":"SOON"`: {}, `"comments":"x"`: {},
		`"inspectionStatus":"REJ","comments":[{"content":"변수","writer":"KAKAO","createdAt":"2026-11-22T18:00:05+09:00"},{"content":"네","writer":"CUSTOMER"}]`: {State: provider.TemplateRejected,
			Comments: []provider.TemplateComment{{Text: "변수", ByInspector: true, At: time.Date(2026, 11, 22, 9, 0, 5, 0, time.UTC)}, {Text: "네"}}},
	} {
		var w wireTemplate
		if err := json.Unmarshal([]byte(`{"templateCode":"T","templateName":"n",`+row+`}`), &w); err != nil {
			t.Fatal(err)
		}
		want.TemplateRef, want.Name = provider.TemplateRef{ChannelID: "c", TemplateID: "T"}, "n"
		if diff := cmp.Diff(want, w.kept("c")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row, diff)
		}
	}
}

func TestSendersAreToldWithTheirStates(t *testing.T) {
	v := &vendor{replies: usual()}
	v.replies["/senders"] = []reply{{200, `{"data":{"senders":[{"uuid":"u-1","phone_number":"02-6123-4567","status":"SUCCESS"},{"uuid":"u-2","phone_e164":"+82261239999","status":"PENDING"},` +
		`{"phone_number":"15881234","status":"REJECTED"},{"phone_number":"15771234","status":"STOPPED"},{"phone_number":"112"}]}}`}}
	got, err := v.desk(t).Senders(t.Context())
	want := []provider.ListedSender{{Number: "0261234567", State: provider.SenderUsable}, {Number: "0261239999", State: provider.SenderWaiting},
		{Number: "15881234", State: provider.SenderRejected}, {Number: "15771234", State: provider.SenderHeld}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// FuzzTemplate holds the reader of a template to what is promised of one.
func FuzzTemplate(f *testing.F) {
	for _, seed := range []string{
		`{"templateCode":"T","inspectionStatus":"REJ","comments":[{"content":"x","writer":"KAKAO","createdAt":"2026-11-22T18:00:05+09:00"}]}`,
		`{"template_code":1,"comments":"x"}`, `{"comments":` + strings.Repeat("[", 20) + `}`, `{}`, `[]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var w wireTemplate
		if upstream.Lenient(json.Unmarshal(body, &w)) == nil {
			providertest.Kept(t, w.kept("c"))
		}
	})
}
