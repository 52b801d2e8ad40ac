package sendgo

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/provider"
)

// vendor answers each path with the next of its replies, the last one again and again.
type vendor struct {
	mu      sync.Mutex
	replies map[string][]reply
	asked   []string
	proofs  []string // the Authorization of each
	body    string
}

type reply struct {
	status int
	body   string
}

func (v *vendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	path := strings.TrimPrefix(r.URL.Path, api)
	v.mu.Lock()
	v.asked, v.proofs = append(v.asked, path), append(v.proofs, r.Header.Get("Authorization"))
	if strings.HasSuffix(path, "/send") || path == "/notice-templates" {
		v.body = string(body)
	}
	list := v.replies[path]
	next := reply{404, `{"code":"NOT_FOUND"}`}
	if len(list) > 0 {
		next = list[0]
		if len(list) > 1 {
			v.replies[path] = list[1:]
		}
	}
	v.mu.Unlock()
	w.WriteHeader(next.status)
	_, _ = io.WriteString(w, next.body)
}

// usual are the replies of a vendor that is well.
func usual() map[string][]reply {
	return map[string][]reply{
		"/token":         {{200, `{"data":{"token":"sgv2.a","expiresAt":"x"}}`}, {200, `{"data":{"token":"sgv2.b","expiresAt":"x"}}`}},
		"/senders":       {{200, `{"data":{"senders":[{"uuid":"u-1","phone_number":"02-6123-4567","status":"SUCCESS"},{"uuid":"u-2","phone_number":"0261239999","status":"PENDING"}]}}`}},
		"/messages/send": {{200, `{"success":true,"data":{"campaignId":"c-1"}}`}},
		"/notices/send":  {{200, `{"success":true,"data":{"uuid":"c-2"}}`}},
	}
}

func (v *vendor) submit(t *testing.T, legs ...provider.Leg) provider.Result {
	t.Helper()
	s := httptest.NewServer(v)
	t.Cleanup(s.Close)
	p, err := New(provider.Account{Name: "sendgo", URL: s.URL, APIKey: "access", APISecret: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	return p.Submit(t.Context(), provider.Call{ID: id.New(), Legs: legs}, func(context.Context, string) error { return nil })
}

func text(from korea.Number) provider.Leg {
	return provider.Leg{Ref: "r", To: "01012345678", From: from, Channel: provider.SMS, Text: "안녕하세요"}
}

func notice() provider.Leg {
	return provider.Leg{Ref: "r", To: "01012345678", Channel: provider.Alimtalk, Text: "김하나님",
		Alimtalk: &provider.Template{ChannelID: "channel", TemplateID: "T1", Names: []string{"이름"}, Values: []string{"김하나"}}}
}

func TestACampaignIsWhatTheVendorsDocumentsSay(t *testing.T) {
	v := &vendor{replies: usual()}
	if got := v.submit(t, text("0261234567")); got.Outcome != provider.Accepted || got.UpstreamID != "messages:c-1" {
		t.Errorf("a text: got %+v", got)
	}
	if want := `{"campaignType":"MESSAGE","messageType":"SMS","scheduleType":"DIRECTLY","at":null,"subject":null,"content":"안녕하세요","files":[],"contacts":[{"contact":"01012345678"}],"senderKey":"u-1"}`; v.body != want {
		t.Errorf("a text: got %s, want %s", v.body, want)
	}
	if want := []string{"/token", "/senders", "/messages/send"}; !slices.Equal(v.asked, want) {
		t.Errorf("asked %v, want %v", v.asked, want)
	}
	mms := text("0261234567")
	mms.Channel, mms.Subject, mms.Pictures = provider.MMS, "제목", []provider.Picture{{Name: "a.jpg", Content: []byte("jpeg")}}
	v = &vendor{replies: usual()}
	if got := v.submit(t, mms); got.Outcome != provider.Accepted {
		t.Errorf("an mms: got %+v", got)
	}
	if want := `{"campaignType":"MESSAGE","messageType":"MMS","scheduleType":"DIRECTLY","at":null,"subject":"제목","content":"안녕하세요","files":[{"fileName":"a.jpg","fileBody":"anBlZw=="}],"contacts":[{"contact":"01012345678"}],"senderKey":"u-1"}`; v.body != want {
		t.Errorf("an mms: got %s, want %s", v.body, want)
	}
	v = &vendor{replies: usual()}
	if got := v.submit(t, notice()); got.Outcome != provider.Accepted || got.UpstreamID != "notices:c-2" {
		t.Errorf("an alimtalk: got %+v", got)
	}
	if want := `{"at":null,"scheduleType":"DIRECTLY","templateCode":"T1","replaceSms":"N","smsSubject":null,"smsContent":null,"contacts":[{"contact":"01012345678","이름":"김하나"}],"kakaoSenderKey":"channel","senderKey":null}`; v.body != want {
		t.Errorf("an alimtalk: got %s, want %s", v.body, want)
	}
}

// impatient is an adapter before the vendor that notes its rests, during which its clock alone
// goes on.
func (v *vendor) impatient(t *testing.T) (a *account, rests *[]time.Duration) {
	t.Helper()
	a, rests = v.desk(t), &[]time.Duration{}
	now := time.Now()
	a.now = func() time.Time { return now }
	a.rest = func(_ context.Context, d time.Duration) error {
		*rests, now = append(*rests, d), now.Add(d)
		return nil
	}
	return a, rests
}

func TestATokenThatIsNotTakenAnyMoreIsRenewed(t *testing.T) {
	old := reply{401, `{"code":"TOKEN_MISMATCH","message":"Token Mismatch"}`}
	for name, c := range map[string]struct {
		refusals []reply // of the request that hands over, before it is taken
		ever     bool
		outcome  provider.Outcome
		reason   provider.Reason
		asked    int // a token, and the request that hands over, for each try
		rests    int
	}{
		"taken by another":        {[]reply{old}, false, provider.Accepted, "", 4, 1},
		"taken three times":       {[]reply{old, old, old}, false, provider.Accepted, "", 8, 3},
		"taken every time":        {[]reply{old}, true, provider.NotSent, provider.ProviderInternal, 8, 3},
		"not read by the vendor":  {[]reply{{401, `{"code":"INVALID_BEARER_SIGNATURE"}`}}, true, provider.NotSent, provider.ProviderInternal, 8, 3},
		"refused for who knows":   {[]reply{{401, `<html>`}}, false, provider.Accepted, "", 4, 0},
		"refused so twice":        {[]reply{{401, `<html>`}}, true, provider.Refused, provider.AuthFailed, 4, 0},
		"the keys' own fault":     {[]reply{{401, `{"code":"INVALID_SECRET_KEY"}`}}, true, provider.Refused, provider.AuthFailed, 2, 0},
		"the address's own fault": {[]reply{{403, `{"code":"IP_NOT_ALLOWED"}`}}, true, provider.Refused, provider.AuthFailed, 2, 0},
	} {
		v := &vendor{replies: usual()}
		if v.replies["/notices/send"] = append(c.refusals, v.replies["/notices/send"]...); c.ever {
			v.replies["/notices/send"] = c.refusals
		}
		a, rests := v.impatient(t)
		got := a.Submit(t.Context(), provider.Call{ID: id.New(), Legs: []provider.Leg{notice()}}, nil)
		if got.Outcome != c.outcome || got.Reason != c.reason || len(v.asked) != c.asked || len(*rests) != c.rests {
			t.Errorf("%s: got %v %s after %v and the rests %v; want %v %s after %d requests and %d rests", name, got.Outcome, got.Reason, v.asked, *rests,
				c.outcome, c.reason, c.asked, c.rests)
		}
		for i, d := range *rests {
			if most := firstRest << i; d > most || d < most/2 {
				t.Errorf("%s: rest %d is %v, want from %v to %v", name, i, d, most/2, most)
			}
		}
	}
}

func TestATokenThatThisProcessGotMeanwhileIsUsed(t *testing.T) {
	v := &vendor{replies: usual()}
	a, rests := v.impatient(t)
	for range 2 { // both hold the first token
		if _, failed := a.token(t.Context()); failed != nil {
			t.Fatal(failed)
		}
	}
	a.forget("sgv2.a", firstRest)
	if token, _ := a.token(t.Context()); token != "sgv2.b" || len(*rests) != 1 {
		t.Errorf("got %q after the rests %v, want a new token after one", token, *rests)
	}
	a.forget("sgv2.a", firstRest) // the other one, late
	if token, _ := a.token(t.Context()); token != "sgv2.b" || len(*rests) != 1 || len(v.asked) != 2 {
		t.Errorf("got %q after the rests %v and %v, want the token got meanwhile", token, *rests, v.asked)
	}
}

func TestACallThatEndsWhileItsTokenRestsIsNotSent(t *testing.T) {
	v := &vendor{replies: usual()}
	v.replies["/notices/send"] = []reply{{401, `{"code":"TOKEN_MISMATCH"}`}}
	a := v.desk(t)
	ctx, cancel := context.WithCancel(t.Context())
	rest := a.rest
	a.rest = func(ctx context.Context, d time.Duration) error {
		cancel()
		return rest(ctx, d)
	}
	got := a.Submit(ctx, provider.Call{ID: id.New(), Legs: []provider.Leg{notice()}}, nil)
	if want := []string{"/token", "/notices/send"}; got.Outcome != provider.NotSent || got.Reason != "" || !slices.Equal(v.asked, want) {
		t.Errorf("got %v %q after %v, want not sent after %v", got.Outcome, got.Reason, v.asked, want)
	}
}

// jealous is a vendor that takes only the newest of the tokens that it gave.
type jealous struct {
	mu     sync.Mutex
	tokens int
}

func (v *jealous) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case strings.HasSuffix(r.URL.Path, "/token"):
		v.tokens++
		_, _ = fmt.Fprintf(w, `{"data":{"token":"sgv2.%d"}}`, v.tokens)
	case r.Header.Get("Authorization") != fmt.Sprintf("Bearer sgv2.%d", v.tokens):
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"code":"TOKEN_MISMATCH","message":"Token Mismatch"}`)
	default:
		_, _ = io.WriteString(w, `{"success":true,"data":{"campaignId":"c-1"}}`)
	}
}

func TestProcessesThatShareAnAccountLetEachOtherSend(t *testing.T) {
	v := &jealous{}
	s := httptest.NewServer(v)
	t.Cleanup(s.Close)
	const calls, atOnce, most = 100, 10, 20
	results := make(chan provider.Result, 2*calls)
	var all sync.WaitGroup
	for range 2 {
		p, err := New(provider.Account{Name: "sendgo", URL: s.URL, APIKey: "access", APISecret: "secret"})
		if err != nil {
			t.Fatal(err)
		}
		for range atOnce {
			all.Go(func() {
				for range calls / atOnce {
					results <- p.Submit(t.Context(), provider.Call{ID: id.New(), Legs: []provider.Leg{notice()}}, nil)
				}
			})
		}
	}
	all.Wait()
	close(results)
	for got := range results {
		if got.Outcome != provider.Accepted {
			t.Errorf("got %v %s (%s), want it accepted", got.Outcome, got.Reason, got.Code)
		}
	}
	if v.tokens > most {
		t.Errorf("the two got %d tokens for %d calls, want at most %d", v.tokens, 2*calls, most)
	}
}

func TestAReplyEndsInTheOneOutcomeThatIsCertain(t *testing.T) {
	for name, c := range map[string]struct {
		path    string
		reply   reply
		outcome provider.Outcome
		reason  provider.Reason
	}{
		"no token":           {"/token", reply{401, `{"code":"INVALID_SECRET_KEY","message":"x"}`}, provider.Refused, provider.AuthFailed},
		"a token's failure":  {"/token", reply{500, `{"code":"INTERNAL_SERVER_ERROR"}`}, provider.NotSent, provider.ProviderInternal},
		"a strange token":    {"/token", reply{200, `{"data":{"token":"a\r\nb"}}`}, provider.NotSent, provider.ProviderInternal},
		"no money":           {"/notices/send", reply{402, `{"code":"PAYMENT_REQUIRED"}`}, provider.Refused, provider.ProviderBalance},
		"no such template":   {"/notices/send", reply{404, `{"code":"INVALID_TEMPLATE_CODE"}`}, provider.Refused, provider.TemplateNotFound},
		"a policy":           {"/notices/send", reply{422, `{"code":"POLICY_REVIEW_REQUIRED"}`}, provider.Refused, provider.AdvertRule},
		"an unknown refusal": {"/notices/send", reply{422, `{"code":"SOMETHING_NEW"}`}, provider.Refused, provider.UnrecognisedCode},
		"too fast":           {"/notices/send", reply{429, ``}, provider.Refused, provider.ProviderRateLimited},
		"a stranger's 404":   {"/notices/send", reply{404, `<html>`}, provider.Unknown, ""},
		"a failure":          {"/notices/send", reply{500, `{"code":"INTERNAL_SERVER_ERROR"}`}, provider.Unknown, ""},
		"no campaign":        {"/notices/send", reply{200, `{"success":true,"data":{}}`}, provider.Unknown, ""},
		"a campaign's path":  {"/notices/send", reply{200, `{"data":{"campaignId":"../x"}}`}, provider.Unknown, ""},
	} {
		v := &vendor{replies: usual()}
		v.replies[c.path] = []reply{c.reply}
		if got := v.submit(t, notice()); got.Outcome != c.outcome || got.Reason != c.reason {
			t.Errorf("%s: got %v %s, want %v %s", name, got.Outcome, got.Reason, c.outcome, c.reason)
		}
	}
	if got := (&vendor{replies: usual()}).submit(t, text("0261239999")); got.Outcome != provider.Refused || got.Reason != provider.SenderNotRegistered {
		t.Errorf("a sender that is not approved: got %v %s", got.Outcome, got.Reason)
	}
}

func TestASenderIsNotRegisteredOnlyWhenTheListSaysSo(t *testing.T) {
	for list, want := range map[string]provider.Reason{
		`{"data":{"senders":[]}}`: provider.SenderNotRegistered,
		`{"data":{"senders":[{"uuid":"u","phone_number":"0269999999","status":"SUCCESS"}]}}`:                                           provider.SenderNotRegistered,
		`{"data":{"senders":[{"uuid":"u","phone_number":"+1 555 0100","status":"SUCCESS"}]}}`:                                          provider.SenderNotRegistered,
		`{"data":{"senders":[{"uuid":"u","phone_number":"0261234567","status":"SUCCESS"}, 7]}}`:                                        "",
		`{"data":{"senders":[{"uuid":null,"phone_number":"0269999999"},{"uuid":"u","phone_number":"0261234567","status":"SUCCESS"}]}}`: "",
		`{"data":{}}`: provider.ProviderInternal, `{"data":{"senders":null}}`: provider.ProviderInternal, `{"data":{"senders":{"data":[]}}}`: provider.ProviderInternal,
		`{"data":[]}`: provider.ProviderInternal, `{}`: provider.ProviderInternal, `[]`: provider.ProviderInternal, `<html>`: provider.ProviderInternal,
		`{"data":{"senders":["0261234567"]}}`: provider.ProviderInternal, `{"data":{"senders":[{"id":"u","number":"0261234567"}]}}`: provider.ProviderInternal,
	} {
		outcome := map[provider.Reason]provider.Outcome{"": provider.Accepted, provider.SenderNotRegistered: provider.Refused, provider.ProviderInternal: provider.NotSent}[want]
		v := &vendor{replies: usual()}
		v.replies["/senders"] = []reply{{200, list}}
		if got := v.submit(t, text("0261234567")); got.Outcome != outcome || got.Reason != want {
			t.Errorf("%s: got %v %s, want %v %s", list, got.Outcome, got.Reason, outcome, want)
		}
	}
}

func TestItemsAreReadByEveryNameOfTheirMembers(t *testing.T) {
	for name, c := range map[string]struct {
		about, item string
		want        provider.Report
	}{
		"delivered":          {"messages", `"phone_e164":"+821012345678","status":"SUCCESS"`, provider.Report{Final: true, Delivered: true}},
		"failed":             {"messages", `"phone":"010-1234-5678","sms_status":"FAILED","sms_result_code":"3001"`, provider.Report{Final: true, Reason: provider.NumberAbsent}},
		"not on Kakao":       {"notices", `"phone_e164":"+821012345678","kakao_status":"FAILED","kakao_result_code":"3019"`, provider.Report{Final: true, Reason: provider.NotKakaoUser}},
		"failed, not why":    {"notices", `"phone_e164":"+821012345678","status":"FAILED"`, provider.Report{Final: true, Reason: provider.KakaoUndeliverable}},
		"uncertain":          {"notices", `"phone_e164":"+821012345678","status":"FAILED","result_code":"3005"`, provider.Report{}},
		"a text, not why":    {"messages", `"phone_e164":"+821012345678","status":"FAILED"`, provider.Report{Final: true, Reason: provider.UnrecognisedCode}},
		"cancelled":          {"messages", `"phone_e164":"+821012345678","status":"CANCELED"`, provider.Report{Final: true, Reason: provider.Cancelled}},
		"on its way":         {"messages", `"phone_e164":"+821012345678","status":"PROGRESS"`, provider.Report{}},
		"a word nobody knew": {"messages", `"phone_e164":"+821012345678","status":"WHATEVER"`, provider.Report{}},
	} {
		body, err := provider.Polled{Call: id.New(), About: c.about, Page: json.RawMessage(`{"data":{"campaign":{"items":[{` + c.item + `}]}}}`)}.Body()
		if err != nil {
			t.Fatal(err)
		}
		got, err := parse(body)
		if err != nil || len(got) != 1 {
			t.Errorf("%s: got %+v, %v", name, got, err)
			continue
		}
		r := got[0]
		if r.Final != c.want.Final || r.Delivered != c.want.Delivered || r.Reason != c.want.Reason || r.To != "01012345678" {
			t.Errorf("%s: got %+v, want %+v", name, r, c.want)
		}
	}
}

// FuzzParse holds the parser to: no panic, no reports beside an error, and no report without
// its call and number.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`{"call":"01m8m69ndne77r6sfxs3zhfbwr","about":"messages","page":{"data":{"campaign":{"items":[{"phone_e164":"+821012345678","status":"SUCCESS"}]}}}}`,
		`{"call":"01m8m69ndne77r6sfxs3zhfbwr","about":"notices","page":{"data":{"campaign":{"items":[{"phone":1,"status":"FAILED","result_code":"3019"}]}}}}`,
		`{"call":"x","about":"messages","page":{}}`, `{}`, `[]`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		reports, err := parse(body)
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
