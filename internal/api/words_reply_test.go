package api

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"creditmsg/internal/optout"
)

// readsKorean is a header of whoever reads Korean.
func readsKorean(more ...string) http.Header {
	h := http.Header{"Accept-Language": {"ko"}}
	for i := 0; i+1 < len(more); i += 2 {
		h[more[i]] = []string{more[i+1]}
	}
	return h
}

// englishSentence finds three English words in a row, which no name of the API has.
var (
	englishSentence = regexp.MustCompile(`[A-Za-z]+ [a-z]+ [a-z]+`)
	hangul          = regexp.MustCompile(`\p{Hangul}`)
)

func isKorean(text string) bool {
	return hangul.MatchString(text) && !englishSentence.MatchString(text)
}

// inKorean checks that a refusal is worded in Korean, all of it.
func (g got) inKorean(what string) problem {
	g.t.Helper()
	var p problem
	if err := json.Unmarshal(g.body, &p); err != nil {
		g.t.Fatalf("%s: read the refusal %.300s: %v", what, g.body, err)
	}
	if g.header.Get("Content-Language") != "ko" || !slices.Contains(g.header.Values("Vary"), "Accept-Language") {
		g.t.Errorf("%s: got Content-Language %q and Vary %q", what, g.header.Get("Content-Language"), g.header.Values("Vary"))
	}
	if !isKorean(p.Title) || !isKorean(p.Detail) {
		g.t.Errorf("%s: got title %q and detail %q", what, p.Title, p.Detail)
	}
	for _, at := range p.Errors {
		if !isKorean(at.Detail) {
			g.t.Errorf("%s: got %q at %s", what, at.Detail, at.Pointer)
		}
	}
	var more struct{ Rejections []struct{ Detail string } }
	_ = json.Unmarshal(g.body, &more) // which was read before
	for _, r := range more.Rejections {
		if !isKorean(r.Detail) {
			g.t.Errorf("%s: got the rejection %q", what, r.Detail)
		}
	}
	return p
}

func TestNoRefusalOfABodyHasEnglishLeftForWhoReadsKorean(t *testing.T) {
	w := forBadOrders(t)
	for _, c := range badOrders {
		t.Run(c.name, func(t *testing.T) {
			w.t = t
			g := w.do(ask{method: "POST", path: "/v1/messages", token: w.rich, body: c.body, header: readsKorean()})
			g.refused(c.status, c.code)
			g.inKorean(c.name)
		})
	}
}

// TestNoRefusalOfARequestHasEnglishLeftForWhoReadsKorean has one of each sort: before a route is
// reached, by the framework, by what callers may and by what there is.
func TestNoRefusalOfARequestHasEnglishLeftForWhoReadsKorean(t *testing.T) {
	w := onSQLite(t)
	for _, c := range []struct {
		ask
		status int
	}{
		{ask{method: "GET", path: "/nowhere"}, 404}, {ask{method: "GET", path: "//v1/messages"}, 404}, {ask{method: "GET", path: "/v1/templates/%FF"}, 400},
		{ask{method: "DELETE", path: "/v1/messages", token: w.rich}, 405}, {ask{method: "BREW", path: "/v1/messages"}, 405},
		{ask{method: "GET", path: "/v1/credit?x=" + strings.Repeat("y", maxAddress)}, 431},
		{ask{method: "GET", path: "/v1/credit"}, 401}, {ask{method: "GET", path: "/v1/credit", token: "cm_live_x"}, 401},
		{ask{method: "GET", path: "/v1/credit", token: w.token("rich", "messages:read")}, 403}, {ask{method: "GET", path: "/v1/credit", token: w.operator}, 422},
		{ask{method: "GET", path: "/v1/credit?site=poor", token: w.rich}, 404}, {ask{method: "GET", path: "/v1/messages/msg_1", token: w.rich}, 404},
		{ask{method: "GET", path: "/v1/messages?limit=0", token: w.rich}, 422}, {ask{method: "GET", path: "/v1/messages?limit=many", token: w.rich}, 422},
		{ask{method: "GET", path: "/v1/messages?limit=100000", token: w.rich}, 422}, {ask{method: "GET", path: "/v1/messages?status=gone", token: w.rich}, 422},
		{ask{method: "GET", path: "/v1/messages?cursor=x", token: w.rich}, 422}, {ask{method: "GET", path: "/v1/messages/msg_1/trace", token: w.rich}, 422},
		{ask{method: "POST", path: "/v1/templates", token: w.rich}, 400}, {ask{method: "POST", path: "/v1/templates", token: w.rich, body: `{`}, 400},
		{ask{method: "POST", path: "/v1/templates", token: w.rich, body: `[]`}, 422}, {ask{method: "POST", path: "/v1/templates", token: w.rich, body: `{"code":1,"x":2}`}, 422},
		{ask{method: "POST", path: "/v1/templates", token: w.rich, body: `{"code":"","channel":"","body":""}`}, 422},
		{ask{method: "POST", path: "/v1/templates", token: w.rich, body: "x", media: "text/plain"}, 415},
		{ask{method: "POST", path: "/v1/templates", token: w.rich, body: strings.Repeat(" ", 1<<20)}, 413},
		{ask{method: "POST", path: "/v1/messages", token: w.rich, body: text, media: "text/plain"}, 415},
		{ask{method: "POST", path: "/v1/messages", token: w.rich, body: text, key: "a b\x01"}, 422},
		{ask{method: "POST", path: "/v1/messages", token: w.rich, body: "{}\nx", media: "application/x-ndjson"}, 422},
		{ask{method: "POST", path: "/v1/messages", token: w.poor, body: text}, 402},
		{ask{method: "POST", path: "/v1/senders", token: w.rich, body: `{"number":"01"}`}, 422}, {ask{method: "POST", path: "/v1/opt-outs", token: w.rich, body: `{"to":"119"}`}, 422},
		{ask{method: "POST", path: "/v1/contacts", token: w.rich, body: `{"to":"119"}`}, 422}, {ask{method: "POST", path: "/v1/tokens", token: w.rich, body: `{"name":"x","abilities":["fly"]}`}, 422},
		{ask{method: "POST", path: "/v1/webhook-endpoints", token: w.rich, body: `{"url":"ftp://x","topics":["x"]}`}, 422},
		{ask{method: "POST", path: "/v1/opt-outs/import", token: w.rich, body: "\xff\xfex", media: "text/csv"}, 422},
		{ask{method: "POST", path: "/webhooks/nobody", body: "{}"}, 404}, {ask{method: "GET", path: "/v1/stats?from=x&to=y", token: w.rich}, 422},
		{ask{method: "POST", path: "/v1/messages", token: w.rich, body: text, header: readsKorean("If-Match", `"x"`)}, 422},
	} {
		if c.header == nil {
			c.header = readsKorean()
		}
		g := w.do(c.ask)
		if what := c.method + " " + cut(c.path) + " " + cut(c.body); g.status != c.status {
			t.Errorf("%s: got status %d, want %d: %.300s", what, g.status, c.status, g.body)
		} else {
			g.inKorean(what)
		}
	}
}

func TestARequestThatWasKeptIsRefusedInKoreanWhenItIsRepeatedOtherwise(t *testing.T) {
	w := onSQLite(t)
	w.do(ask{method: "POST", path: "/v1/messages", token: w.rich, body: text, key: "k"}).is(202)
	g := w.do(ask{method: "POST", path: "/v1/messages", token: w.rich, body: over(`"title":"x"`), key: "k", header: readsKorean()})
	g.refused(422, "idempotency_mismatch")
	g.inKorean("another request under the same key")
}

// rejectedBody is a message that takes one of three: with a number that is none, and without a value.
const rejectedBody = `{"strategy":"sms_only","text":{"body":"#{이름}님"},"recipients":[{"to":"010-1234-5678","variables":{"이름":"김"}},{"to":"02-123-4567","variables":{"이름":"이"}},{"to":"01022223333"}]}`

func TestRejectionsAreWordedForWhoReadsThemAndKeptInEnglish(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		post := func(header http.Header) got {
			return w.do(ask{method: "POST", path: "/v1/messages", token: w.rich, body: rejectedBody, key: "k", header: header}).is(202)
		}
		details := func(g got, list string) (out []string) {
			for _, r := range g.json()[list].([]any) {
				out = append(out, r.(map[string]any)["detail"].(string))
			}
			return out
		}
		korean := []string{"한국 휴대폰 번호가 아닙니다(010과 여덟 자리)", "변수 #{이름}이(가) 없거나 비어 있습니다"}
		english := []string{"not a Korean mobile number (010 and eight digits)", "the variable #{이름} is missing or empty"}
		first := post(readsKorean())
		again, plain := post(readsKorean()), post(nil)
		if got := details(first, "rejections"); !slices.Equal(got, korean) || first.header.Get("Content-Language") != "ko" {
			t.Errorf("got %q in %q", got, first.header.Get("Content-Language"))
		}
		if string(again.body) != string(first.body) || again.header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("the repeat is %s, the first was %s", again.body, first.body)
		}
		if got := details(plain, "rejections"); !slices.Equal(got, english) || plain.header.Get("Content-Language") != "" || !slices.Contains(plain.header.Values("Vary"), "Accept-Language") {
			t.Errorf("got %q with %v", got, plain.header)
		}
		path := "/v1/messages/" + first.json()["id"].(string) + "/recipients?status=rejected"
		if got := details(w.do(ask{method: "GET", path: path, token: w.rich, header: readsKorean()}).is(200), "data"); !slices.Equal(got, korean) {
			t.Errorf("the list has %q", got)
		}
		if got := details(w.get(path).is(200), "data"); !slices.Equal(got, english) {
			t.Errorf("the list has %q", got)
		}
	})
}

func TestLinesOfImportsThatAreNotTakenAreToldInKorean(t *testing.T) {
	w := onSQLite(t)
	g := w.do(ask{method: "POST", path: "/v1/opt-outs/import", token: w.rich, media: "application/x-ndjson", body: "{\"to\":\"119\"}\n{}\n{\"to\":\"01012345678\",\"scope\":\"some\"}\n", header: readsKorean()}).is(200)
	var out optout.Imported
	w.must(json.Unmarshal(g.body, &out))
	if len(out.Rejections) != 3 {
		t.Fatalf("got %s", g.body)
	}
	for _, r := range out.Rejections {
		if !isKorean(r.Detail) {
			t.Errorf("line %d: %s", r.Line, r.Detail)
		}
	}
}

func TestWhatAPersonWroteStaysAsItIs(t *testing.T) {
	w := onSQLite(t)
	p := w.do(ask{method: "GET", path: "/v1/templates/there%20is%20100%25%20of%20it", token: w.rich, header: readsKorean()})
	if want := `템플릿 "there is 100% of it"을(를) 찾을 수 없습니다`; !strings.Contains(string(p.body), strings.ReplaceAll(want, `"`, `\"`)) {
		t.Errorf("got %s, want %s", p.body, want)
	}
}

func TestTheLanguageIsWhatTheRequestWouldRatherHave(t *testing.T) {
	for header, want := range map[string]bool{
		"": false, "ko": true, "ko-KR": true, "KO-kr": true, "ko-Kore-KR": true, "en": false, "en-US,ko;q=0.5": false, "ko-KR,ko;q=0.9,en;q=0.8": true, "en;q=0.8, ko": true,
		"fr": false, "fr, ko;q=0.5": true, "fr, en;q=0.9, ko;q=0.5": false, "*": false, "ko;q=0": false, "ko;q=0, en": false, "한국어": false, "ko;;": false, "kok": false,
	} {
		r := httptest.NewRequest("GET", "/", nil)
		if header != "" {
			r.Header.Set("Accept-Language", header)
		}
		if got := asksKorean(r.Header); got != want {
			t.Errorf("%q: got Korean %v, want %v", header, got, want)
		}
	}
	if !asksKorean(http.Header{"Accept-Language": {"fr", "ko"}}) {
		t.Error("a header in two fields is not read as one")
	}
}

func TestTheLogStaysEnglish(t *testing.T) {
	w := onSQLite(t)
	a := w.handler.(*api)
	w.undescribed = true
	plain(a, operation{id: "fail", method: "GET", path: "/fail", tag: "Test", status: 200}, nil, func(http.ResponseWriter, *http.Request) { panic("the reason") })
	g := w.do(ask{method: "GET", path: "/fail", header: readsKorean()})
	g.refused(500, "internal")
	g.inKorean("a panic")
	if hangul.MatchString(w.log.String()) {
		t.Errorf("the log has Korean: %s", w.log)
	}
}

// TestAFinishedSentenceIsFoundByItsShape: of rejections that were stored nothing else is left.
func TestAFinishedSentenceIsFoundByItsShape(t *testing.T) {
	for english, want := range map[string]string{
		"the variable #{이름} is missing or empty":                      "변수 #{이름}이(가) 없거나 비어 있습니다",
		"the variable #{이름} of the subject is missing or empty":       "제목의 변수 #{이름}이(가) 없거나 비어 있습니다",
		"the variable #{100%d %s} is missing or empty":                "변수 #{100%d %s}이(가) 없거나 비어 있습니다",
		"the variable #{token} is missing or empty":                   "변수 #{token}이(가) 없거나 비어 있습니다",
		"the text has 2001 CP949 bytes, at most 2000 can be sent":     "본문이 CP949로 2001바이트입니다. 2000바이트까지 보낼 수 있습니다",
		`the text has the word "대\"출", which the operator blocked`:    `본문에 운영자가 막은 금칙어 "대\"출"이(가) 있습니다`,
		"the number stands on line 2":                                 "2행에 있는 번호입니다",
		"the number stands on line two":                               "the number stands on line two",
		"a provider's own words":                                      "a provider's own words",
		"want 20 addresses at most, and a mark":                       "want 20 addresses at most, and a mark",
		`read amount "9e9": the amount is too large`:                  `금액 "9e9"을(를) 읽을 수 없습니다: 금액이 너무 큽니다`,
		"the recipient opted out of all messages":                     "수신자가 모든 메시지를 수신거부했습니다",
		"these characters cannot be sent as text: '😀' (U+1F600), U+0": "문자로 보낼 수 없는 글자가 있습니다: '😀' (U+1F600), U+0",
	} {
		if got := koreanCatalogue().sentence(english); got != want {
			t.Errorf("%q: got %q, want %q", english, got, want)
		}
	}
}
