package sens

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/id"
	"creditmsg/internal/provider"
	"creditmsg/internal/provider/providertest"
)

// TestSignaturesAreThoseOfTheVectors holds the signature to two requests of a made-up
// account, one with a query.
func TestSignaturesAreThoseOfTheVectors(t *testing.T) {
	const service = "/sms/v2/services/ncp:sms:kr:123456789012:sim/messages"
	for _, c := range []struct{ method, path, want string }{
		{"POST", service, "T1HvltCfLSWkcguE9W9Ss4aCRa0moSnM9dBg8Ue7omg="},
		{"GET", service + "?requestId=RSSA-1-abc", "8FFkp75GCEqcZcz7P3N/ozVgZ/zDalTj+C1HwFBuIbE="},
	} {
		if got := sign([]byte("SimSecretKey0123456789SimSecretKey012345"), c.method, c.path, "1795340400000", "SIMACCESSKEY12345678"); got != c.want {
			t.Errorf("%s %s: got %s, want %s", c.method, c.path, got, c.want)
		}
	}
}

// TestARequestCarriesTheVector holds what leaves the adapter to the same vectors.
func TestARequestCarriesTheVector(t *testing.T) {
	var got http.Header
	var path string
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got, path = r.Header, r.RequestURI }))
	defer s.Close()
	p, err := New(provider.Account{Name: "sens", URL: s.URL, APIKey: "SIMACCESSKEY12345678", APISecret: "SimSecretKey0123456789SimSecretKey012345",
		Settings: map[string]string{settingSMS: "ncp:sms:kr:123456789012:sim"}})
	if err != nil {
		t.Fatal(err)
	}
	a := p.(*account)
	a.now = func() time.Time { return time.UnixMilli(1_795_340_400_000) }
	for _, c := range []struct{ method, query, want string }{
		{"POST", "", "T1HvltCfLSWkcguE9W9Ss4aCRa0moSnM9dBg8Ue7omg="},
		{"GET", "?requestId=RSSA-1-abc", "8FFkp75GCEqcZcz7P3N/ozVgZ/zDalTj+C1HwFBuIbE="},
	} {
		a.call(t.Context(), c.method, a.sms+"/messages"+c.query, nil)
		if got.Get("x-ncp-apigw-signature-v2") != c.want || got.Get("x-ncp-apigw-timestamp") != "1795340400000" || got.Get("x-ncp-iam-access-key") != "SIMACCESSKEY12345678" {
			t.Errorf("%s %s: got %v, want the signature %s", c.method, path, got, c.want)
		}
	}
}

func TestAnAccountThatCannotWorkIsRefused(t *testing.T) {
	good := func() provider.Account {
		return provider.Account{Name: "sens", APIKey: "KEY", APISecret: "SECRET", Settings: map[string]string{settingSMS: "ncp:sms:kr:123456789012:p"}}
	}
	if _, err := New(good()); err != nil {
		t.Fatalf("a good account: %v", err)
	}
	for name, change := range map[string]func(*provider.Account){
		"no key":                    func(a *provider.Account) { a.APIKey = "" },
		"no secret":                 func(a *provider.Account) { a.APISecret = "" },
		"no service":                func(a *provider.Account) { a.Settings = nil },
		"an unknown setting":        func(a *provider.Account) { a.Settings["service"] = "x" },
		"a service that is a path":  func(a *provider.Account) { a.Settings[settingSMS] = "../x" },
		"an address without a host": func(a *provider.Account) { a.URL = "http://" },
		"alimtalk alone, without its service": func(a *provider.Account) {
			a.Channels = []provider.Channel{provider.Alimtalk}
		},
	} {
		a := good()
		change(&a)
		if _, err := New(a); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

func TestTemplatesAreReadWithWhereTheyStand(t *testing.T) {
	for name, c := range map[string]struct {
		status      int
		reply, want string
		first       provider.KeptTemplate
	}{
		"none":       {404, ``, "done", provider.KeptTemplate{}},
		"approved":   {200, `[{"templateCode":"T","templateName":"n","templateInspectionStatus":"COMPLETE","templateStatus":"ACTIVE"}]`, "done", provider.KeptTemplate{Name: "n", State: provider.TemplateApproved}},
		"asleep":     {200, `[{"templateCode":"T","templateInspectionStatus":"COMPLETE","templateStatus":"DORMANT"}]`, "done", provider.KeptTemplate{State: provider.TemplateDormant}},
		"stopped":    {200, `[{"templateCode":"T","templateInspectionStatus":"COMPLETE","templateStatus":"STOP"}]`, "done", provider.KeptTemplate{State: provider.TemplateBlocked}},
		"rejected":   {200, `[{"templateCode":"T","templateInspectionStatus":"REJECT","comments":[{"content":"변수","createTime":"2026-11-22 18:00:05"}]}]`, "done", provider.KeptTemplate{State: provider.TemplateRejected, Comments: []provider.TemplateComment{{Text: "변수", ByInspector: true, At: time.Date(2026, 11, 22, 9, 0, 5, 0, time.UTC)}}}},
		"a new one":  {200, `[{"templateCode":"T","templateInspectionStatus":"LATER"}]`, "done", provider.KeptTemplate{}},
		"not let in": {401, `{"error":{"errorCode":"200","message":"Authentication Failed"}}`, "denied: auth_failed", provider.KeptTemplate{}},
		"a failure":  {500, ``, "open", provider.KeptTemplate{}},
		"an object":  {200, `{}`, "open", provider.KeptTemplate{}},
		"null":       {200, `null`, "open", provider.KeptTemplate{}},
	} {
		var asked string
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked = r.RequestURI
			w.WriteHeader(c.status)
			_, _ = w.Write([]byte(c.reply))
		}))
		p, err := New(provider.Account{Name: "sens", URL: s.URL, APIKey: "KEY", APISecret: "SECRET", Settings: map[string]string{settingAlimtalk: "ncp:kkobizmsg:kr:1:p"}})
		if err != nil {
			t.Fatal(err)
		}
		all, err := p.(provider.TemplateKeeper).Templates(t.Context(), "@demo")
		s.Close()
		if got := providertest.Ending(err); got != c.want || asked != "/alimtalk/v2/services/ncp:kkobizmsg:kr:1:p/templates?channelId=%40demo" {
			t.Errorf("%s: got %s (%v) at %s, want %s", name, got, err, asked, c.want)
		}
		if len(all) > 0 {
			c.first.TemplateRef = provider.TemplateRef{ChannelID: "@demo", TemplateID: "T"}
			if diff := cmp.Diff(c.first, all[0]); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
			providertest.Kept(t, all[0])
		}
	}
}

// parsed is what a page about a call says of its one recipient.
func parsed(t *testing.T, about, row string) provider.Report {
	t.Helper()
	body, err := provider.Polled{Call: id.New(), About: about, Page: json.RawMessage(`{"messages":[{"to":"01012345678",` + row + `}]}`)}.Body()
	if err != nil {
		t.Fatal(err)
	}
	got, err := parse(body)
	if err != nil || len(got) != 1 {
		t.Fatalf("%s: got %+v, %v", row, got, err)
	}
	return got[0]
}

func TestAMessageEndsOnlyByACode(t *testing.T) {
	for row, want := range map[string]provider.Report{
		`"status":"COMPLETED","statusCode":"0"`:         {Final: true, Delivered: true, Code: "0"},
		`"status":"COMPLETED","statusCode":0`:           {Final: true, Delivered: true, Code: "0"},
		`"status":"COMPLETED","statusCode":"3001"`:      {Final: true, Reason: provider.NumberAbsent, Code: "3001"},
		`"status":"COMPLETED","statusCode":"X9"`:        {Final: true, Reason: provider.UnrecognisedCode, Code: "X9"},
		`"status":"COMPLETED","statusCode":null`:        {},
		`"status":"COMPLETED","statusCode":""`:          {},
		`"status":"COMPLETED","statusCode":{}`:          {},
		`"status":"COMPLETED","statusCode":["0"]`:       {},
		`"status":"COMPLETED","statusCode":false`:       {},
		`"status":"PROCESSING","statusCode":"3001"`:     {},
		`"status":"READY"`:                              {},
		`"status":"COMPLETED","statusName":"success"`:   {},
		`"status":null,"statusCode":"0","statusName":0`: {},
	} {
		got := parsed(t, "sms", row)
		if got.Final != want.Final || got.Delivered != want.Delivered || got.Reason != want.Reason || got.Code != want.Code {
			t.Errorf("%s: got %+v, want %+v", row, got, want)
		}
	}
}

func TestAnAlimtalkEndsOnlyByACode(t *testing.T) {
	for row, want := range map[string]provider.Report{
		`"requestStatusCode":"A000","messageStatusCode":"0000"`:                                  {Final: true, Delivered: true, Code: "0000"},
		`"requestStatusCode":"A000","messageStatusCode":3019,"messageStatusName":"fail"`:         {Final: true, Reason: provider.NotKakaoUser, Code: "3019"},
		`"requestStatusCode":"B001","messageStatusCode":null`:                                    {Final: true, Reason: provider.TemplateMismatch, Code: "B001"},
		`"requestStatusCode":"A000","messageStatusCode":null,"messageStatusName":null`:           {},
		`"requestStatusCode":null,"messageStatusCode":null`:                                      {},
		`"requestStatusCode":"A000","messageStatusCode":{},"messageStatusName":"fail"`:           {},
		`"requestStatusCode":"A000","messageStatusCode":"","messageStatusName":"processing"`:     {},
		`"requestStatusCode":"A000","messageStatusCode":"3005","messageStatusName":"processing"`: {},
	} {
		got := parsed(t, "alimtalk", row)
		if got.Final != want.Final || got.Delivered != want.Delivered || got.Reason != want.Reason || got.Code != want.Code {
			t.Errorf("%s: got %+v, want %+v", row, got, want)
		}
	}
}

func TestARecipientOfAnAlimtalkIsRefusedOnlyByACode(t *testing.T) {
	for row, want := range map[string]struct {
		outcome provider.Outcome
		member  provider.Member
	}{
		`"messageId":"m-1","requestStatusCode":"A000"`:                         {provider.Accepted, provider.Member{UpstreamID: "m-1"}},
		`"messageId":"m-1","requestStatusCode":"B001","requestStatusDesc":"글"`: {provider.Accepted, provider.Member{Refused: true, Reason: provider.TemplateMismatch, Code: "B001", Text: "글"}},
		`"requestStatusCode":"A100"`:                                           {provider.Accepted, provider.Member{Refused: true, Reason: provider.UnrecognisedCode, Code: "A100"}},
		`"messageId":"m-1"`:                                                    {provider.Accepted, provider.Member{UpstreamID: "m-1"}},
		`"messageId":"m-1","requestStatusCode":null`:                           {provider.Accepted, provider.Member{UpstreamID: "m-1"}},
		`"messageId":"m-1","requestStatusCode":7`:                              {provider.Accepted, provider.Member{UpstreamID: "m-1"}},
		`"requestStatusCode":""`:                                               {provider.Unknown, provider.Member{}},
		`"messageId":null,"requestStatusCode":null`:                            {provider.Unknown, provider.Member{}},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusAccepted)
			_, _ = io.WriteString(w, `{"requestId":"RKAA-1","statusCode":"202","statusName":"success","messages":[{"to":"01012345678",`+row+`}]}`)
		}))
		p, err := New(provider.Account{Name: "sens", URL: s.URL, APIKey: "KEY", APISecret: "SECRET", Settings: map[string]string{settingAlimtalk: "ncp:kkobizmsg:kr:1:p"}})
		if err != nil {
			t.Fatal(err)
		}
		leg := provider.Leg{Ref: "r", To: "01012345678", Channel: provider.Alimtalk, Text: "글", Alimtalk: &provider.Template{ChannelID: "@demo", TemplateID: "T"}}
		got := p.Submit(t.Context(), provider.Call{ID: id.New(), Legs: []provider.Leg{leg}}, nil)
		s.Close()
		if got.Outcome != want.outcome || got.Outcome == provider.Accepted && !cmp.Equal(got.Members, []provider.Member{want.member}) {
			t.Errorf("%s: got %+v, want %v %+v", row, got, want.outcome, want.member)
		}
	}
}

// lists is an account whose vendor answers questions about a call by their queries.
func lists(t *testing.T, answer func(q url.Values) (status int, reply string)) (p provider.Poller, asked *int) {
	t.Helper()
	asked = new(int)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*asked++
		if q := r.URL.Query(); q.Get("requestId") != "RSSA-1" || q.Get("pageSize") != "100" {
			t.Errorf("asked for %s, want the request in pages of 100", r.URL.RawQuery)
		}
		status, reply := answer(r.URL.Query())
		w.WriteHeader(status)
		_, _ = io.WriteString(w, reply)
	}))
	t.Cleanup(s.Close)
	made, err := New(provider.Account{Name: "sens", URL: s.URL, APIKey: "KEY", APISecret: "SECRET", Settings: map[string]string{settingSMS: "ncp:sms:kr:123456789012:p"}})
	if err != nil {
		t.Fatal(err)
	}
	return made.(provider.Poller), asked
}

// TestACallIsAskedAboutToTheEndOfItsList has a call of three in a list that goes on by tokens,
// by numbers of pages, or not at all.
func TestACallIsAskedAboutToTheEndOfItsList(t *testing.T) {
	const one, two, three = `{"to":"01000000001"}`, `{"to":"01000000002"}`, `{"to":"01000000003"}`
	all := one + "," + two + "," + three
	type pages map[string]string // by token, or index with a # before it
	for name, c := range map[string]struct {
		pages pages
		asked int
		tells int // bodies; 0 = an error
	}{
		"one page":                   {pages{"#": `"hasMore":false,"messages":[` + all}, 1, 1},
		"one page, and nothing said": {pages{"#": `"messages":[` + all}, 1, 1},
		"not all there yet":          {pages{"#": `"hasMore":false,"messages":[` + one}, 1, 1},
		"by tokens": {pages{"#": `"hasMore":true,"nextToken":"a","messages":[` + one, "a": `"hasMore":true,"nextToken":7,"messages":[` + two,
			"7": `"hasMore":false,"nextToken":null,"messages":[` + three}, 3, 3},
		"by tokens alone": {pages{"#": `"nextToken":"a","messages":[` + one + "," + two, "a": `"nextToken":"","messages":[` + three}, 2, 2},
		"by numbers": {pages{"#": `"hasMore":true,"pageIndex":0,"messages":[` + one, "#1": `"hasMore":true,"pageIndex":1,"messages":[` + two,
			"#2": `"hasMore":false,"pageIndex":2,"messages":[` + three}, 3, 3},
		"by numbers from one": {pages{"#": `"hasMore":true,"pageIndex":1,"messages":[` + one + "," + two, "#2": `"hasMore":false,"pageIndex":2,"messages":[` + three}, 2, 2},
		"by numbers that are not said": {pages{"#": `"hasMore":true,"nextToken":null,"messages":[` + one, "#1": `"hasMore":true,"messages":[` + two,
			"#2": `"hasMore":false,"messages":[` + three}, 3, 3},
		"more that does not come, and all are there": {pages{"#": `"hasMore":true,"messages":[` + all}, 2, 1},
		"the same page again, and all are there":     {pages{"#": `"hasMore":true,"messages":[` + all, "#1": `"hasMore":true,"messages":[` + all}, 2, 2},
		"more that does not come":                    {pages{"#": `"hasMore":true,"messages":[` + one + "," + two}, 2, 0},
		"an empty page":                              {pages{"#": `"hasMore":true,"messages":[` + one, "#1": `"hasMore":true,"messages":[`}, 2, 0},
		"the same page again":                        {pages{"#": `"hasMore":true,"messages":[` + one, "#1": `"hasMore":true,"messages":[` + one}, 2, 0},
		"the same token again":                       {pages{"#": `"hasMore":true,"nextToken":"a","messages":[` + one, "a": `"hasMore":true,"nextToken":"a","messages":[` + one}, 2, 0},
	} {
		p, asked := lists(t, func(q url.Values) (int, string) {
			key := q.Get("nextToken")
			if key == "" {
				key = "#" + q.Get("pageIndex")
			} else if q.Has("pageIndex") {
				t.Errorf("%s: asked for by both: %v", name, q)
			}
			page, ok := c.pages[key]
			if !ok {
				return http.StatusNotFound, ""
			}
			return http.StatusOK, "{" + page + "]}"
		})
		got, err := p.Poll(t.Context(), provider.Enquiry{ID: id.New(), UpstreamID: "sms:RSSA-1", Refs: []string{"r1", "r2", "r3"}})
		if len(got) != c.tells || (err != nil) != (c.tells == 0) || *asked != c.asked {
			t.Errorf("%s: got %d pages, %v after %d requests, want %d after %d", name, len(got), err, *asked, c.tells, c.asked)
		}
	}
}

func TestAListThatDoesNotEndIsAnError(t *testing.T) {
	n := 0
	p, asked := lists(t, func(url.Values) (int, string) {
		n++
		return http.StatusOK, fmt.Sprintf(`{"hasMore":true,"messages":[{"to":"%011d"}]}`, n)
	})
	if got, err := p.Poll(t.Context(), provider.Enquiry{ID: id.New(), UpstreamID: "sms:RSSA-1", Refs: []string{"r"}}); err == nil || *asked != maxPages {
		t.Errorf("got %d pages, %v after %d requests, want an error after %d", len(got), err, *asked, maxPages)
	}
}

// FuzzParse holds the parser to: no panic, and no report without its call and number.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`{"call":"01k9z0000000000000000000000","about":"sms","page":{"messages":[{"to":"01012345678","status":"COMPLETED","statusCode":"0"}]}}`,
		`{"call":"019a1234-5678-7abc-8def-0123456789ab","about":"alimtalk","page":{"messages":[{"to":"01012345678","requestStatusCode":"A000","messageStatusCode":"3019","messageStatusName":"fail"}]}}`,
		`{"call":"","about":"sms","page":null}`, `{}`, `[]`, ``,
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

func TestAPictureIsKeptAsLongAsTheVendorSaysAndNeverLonger(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		reply  string
		want   provider.Uploaded
	}{
		"six days":         {200, `{"fileId":"f-1","createTime":"2026-05-01T10:00:00.000","expireTime":"2026-05-07T10:00:00.000"}`, provider.Uploaded{ID: "f-1", Keeps: keptFor}},
		"a day":            {200, `{"fileId":"f-1","createTime":"2026-05-01 10:00:00.000","expireTime":"2026-05-02 10:00:00.000"}`, provider.Uploaded{ID: "f-1", Keeps: 24 * time.Hour}},
		"in other zones":   {200, `{"fileId":"f-1","createTime":"2026-05-01T01:00:00Z","expireTime":"2026-05-01T11:00:00.000"}`, provider.Uploaded{ID: "f-1", Keeps: time.Hour}},
		"a year":           {200, `{"fileId":"f-1","createTime":"2026-05-01T10:00:00.000+0900","expireTime":"2027-05-01T10:00:00.000+0900"}`, provider.Uploaded{ID: "f-1", Keeps: keptFor}},
		"no times":         {201, `{"fileId":"f-1"}`, provider.Uploaded{ID: "f-1", Keeps: keptFor}},
		"no id":            {200, `{}`, provider.Uploaded{Failed: provider.Result{Outcome: provider.NotSent, Reason: provider.ProviderInternal, Text: "upload picture: the reply names no file"}}},
		"a path for an id": {200, `{"fileId":"../x"}`, provider.Uploaded{Failed: provider.Result{Outcome: provider.NotSent, Reason: provider.ProviderInternal, Text: "upload picture: the reply names no file"}}},
		"too large":        {413, `{"error":{"errorCode":"413","message":"too large"}}`, provider.Uploaded{Failed: provider.Result{Outcome: provider.Refused, Reason: provider.AttachmentError, Code: "413", Text: "too large"}}},
	} {
		var path, body string
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			content, _ := io.ReadAll(r.Body)
			path, body = r.URL.Path, string(content)
			w.WriteHeader(c.status)
			_, _ = io.WriteString(w, c.reply)
		}))
		p, err := New(provider.Account{Name: "sens", URL: s.URL, APIKey: "KEY", APISecret: "SECRET", Settings: map[string]string{settingSMS: "ncp:sms:kr:123456789012:p"}})
		if err != nil {
			t.Fatal(err)
		}
		got := p.(provider.Uploader).Upload(t.Context(), provider.Picture{Name: "a.jpg", Content: []byte("jpeg")})
		s.Close()
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if want := `{"fileName":"a.jpg","fileBody":"anBlZw=="}`; path != "/sms/v2/services/ncp:sms:kr:123456789012:p/files" || body != want {
			t.Errorf("%s: got %s to %s, want %s", name, body, path, want)
		}
	}
}

func TestACallIsOfAPictureThatIsGoneWhenTheVendorSpeaksOfAFile(t *testing.T) {
	mms := provider.Leg{Channel: provider.MMS, Pictures: []provider.Picture{{UpstreamID: "f-1"}}}
	text := provider.Leg{Channel: provider.LMS}
	refused := func(words string) provider.Result {
		return provider.Result{Outcome: provider.Refused, Reason: provider.ContentMissing, Code: "100", Text: words}
	}
	for name, c := range map[string]struct {
		leg    *provider.Leg
		status int
		words  string
		gone   bool
	}{
		"an mms":             {&mms, 400, "fileId does not exist", true},
		"not found":          {&mms, 404, "File not found", true},
		"of something else":  {&mms, 400, "content is empty", false},
		"an error of theirs": {&mms, 500, "file server is down", false},
		"a text":             {&text, 400, "file", false},
	} {
		got := withoutFile(refused(c.words), c.status, c.leg)
		if gone := got.Outcome == provider.NotSent && len(got.Gone) == 1 && got.Gone[0] == "f-1"; gone != c.gone {
			t.Errorf("%s: got %+v, want gone %v", name, got, c.gone)
		}
	}
}
