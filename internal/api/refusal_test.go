package api

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"creditmsg/internal/db"
	"creditmsg/internal/message"
	"creditmsg/internal/provider"
	"creditmsg/internal/site"
)

func prefixes(t *testing.T, list ...string) (out []netip.Prefix) {
	t.Helper()
	for _, text := range list {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, p)
	}
	return out
}

// badOrders are bodies of messages that are refused: the reply, and one of its pointers.
var badOrders = []struct {
	name, body string
	status     int
	code       string
	pointer    string
}{
	{"nothing", ``, 400, "malformed", ""},
	{"no JSON", `{"strategy":`, 400, "malformed", ""},
	{"more after the object", text + `{}`, 400, "malformed", ""},
	{"invalid UTF-8", strings.Replace(text, "안", "\xff", 1), 400, "malformed", ""},
	{"an escaped NUL", strings.Replace(text, "안", `\u0000`, 1), 400, "malformed", ""},
	{"a plain NUL", strings.Replace(text, "안", "\x00", 1), 400, "malformed", ""},
	{"an array", `[]`, 422, "validation", ""},
	{"an unknown member", strings.Replace(text, `{"strategy"`, `{"stratgy":1,"strategy"`, 1), 422, "validation", "/stratgy"},
	{"another case", strings.Replace(text, `{"strategy"`, `{"Title":"x","strategy"`, 1), 422, "validation", "/Title"},
	{"a member twice", strings.Replace(text, `{"strategy"`, `{"title":"x","title":"y","strategy"`, 1), 422, "validation", "/title"},
	{"no strategy", `{"text":{"body":"x"},"recipients":[{"to":"01012345678"}]}`, 422, "validation", "/strategy"},
	{"an unknown strategy", strings.Replace(text, "sms_only", "pigeon", 1), 422, "validation", "/strategy"},
	{"a number as strategy", strings.Replace(text, `"sms_only"`, `5`, 1), 422, "validation", "/strategy"},
	{"no text", `{"strategy":"sms_only","recipients":[{"to":"01012345678"}]}`, 422, "validation", "/text"},
	{"an empty text", strings.Replace(text, "안녕하세요", "", 1), 422, "validation", "/text/body"},
	{"a text that is none", strings.Replace(text, `{"body":"안녕하세요"}`, `"hello"`, 1), 422, "validation", "/text"},
	{"a member of the text", with(`"x":1`), 422, "validation", "/text/x"},
	{"an unknown channel", with(`"max_channel":"fax"`), 422, "validation", "/text/max_channel"},
	{"Alimtalk as the text's channel", with(`"max_channel":"alimtalk"`), 422, "validation", "/text/max_channel"},
	{"a subject that is too long", with(`"subject":"` + strings.Repeat("가", 21) + `"`), 422, "validation", "/text/subject"},
	{"an attachment that is not there", with(`"attachments":["att_1"]`), 422, "validation", "/text/attachments/0"},
	{"an attachment that is a number", with(`"attachments":[1]`), 422, "validation", "/text/attachments/0"},
	{"attachments that are no list", with(`"attachments":"att_1"`), 422, "validation", "/text/attachments"},
	{"more attachments than any provider takes", with(`"attachments":["a","b","c","d"]`), 422, "validation", "/text/attachments"},
	{"advertising without a number to opt out by", with(`"advertising":true`), 422, "validation", "/text/opt_out_number"},
	{"advertising with a number that is not free", with(`"advertising":true,"opt_out_number":"02-123-4567"`), 422, "validation", "/text/opt_out_number"},
	{"advertising that hides", strings.Replace(ad, `"body":"`, `"body":"(광 고)`, 1), 422, "validation", "/text/body"},
	{"advertising without consent", ad, 422, "no_recipients", "/recipients/0"},
	{"advertising with a consent that is no time", strings.Replace(ad, `"to"`, `"consent_at":"yes","to"`, 1), 422, "validation", "/recipients/0/consent_at"},
	{"advertising with a consent to the night that is none", strings.Replace(ad, `"to"`, `"night_consent":"yes","to"`, 1), 422, "validation", "/recipients/0/night_consent"},
	{"advertising by Alimtalk", strings.Replace(alimtalk("RESERVE_01"), `"recipients"`, `"text":{"body":"세일","advertising":true,"opt_out_number":"0801234567"},"recipients"`, 1), 422, "validation", "/text/advertising"},
	{"advertising with an unknown rule for the night", strings.Replace(ad, `"strategy"`, `"night":"whenever","strategy"`, 1), 422, "validation", "/night"},
	{"a rule for the night of what is no advertising", over(`"night":"hold"`), 422, "validation", "/night"},
	{"a number to opt out of what is no advertising", with(`"opt_out_number":"0801234567"`), 422, "validation", "/text/opt_out_number"},
	{"evidence of consent to what is no advertising", with(`"consent_evidence":"our records"`), 422, "validation", "/text/consent_evidence"},
	{"advertising that is no boolean", with(`"advertising":"yes"`), 422, "validation", "/text/advertising"},
	{"a long title", over(`"title":"` + strings.Repeat("가", 201) + `"`), 422, "validation", "/title"},
	{"metadata that is none", over(`"metadata":[1]`), 422, "validation", "/metadata"},
	{"large metadata", over(`"metadata":{"x":"` + strings.Repeat("y", 4096) + `"}`), 422, "validation", "/metadata"},
	{"no seconds", over(`"valid_for":0`), 422, "validation", "/valid_for"},
	{"too many seconds", over(`"valid_for":2592001`), 422, "validation", "/valid_for"},
	{"half a second", over(`"valid_for":1.5`), 422, "validation", "/valid_for"},
	{"a long wait", over(`"wait_for_recharge":31`), 422, "validation", "/wait_for_recharge"},
	{"a negative wait", over(`"wait_for_recharge":-1`), 422, "validation", "/wait_for_recharge"},
	{"a time that is none", over(`"scheduled_at":"tomorrow"`), 422, "validation", "/scheduled_at"},
	{"a time long past", over(`"scheduled_at":"2020-01-01T00:00:00Z"`), 422, "validation", "/scheduled_at"},
	{"a time far ahead", over(`"scheduled_at":"2099-01-01T00:00:00Z"`), 422, "validation", "/scheduled_at"},
	{"a count of recipients", over(`"recipient_count":5`), 422, "validation", "/recipient_count"},
	{"no recipients", `{"strategy":"sms_only","text":{"body":"x"}}`, 422, "no_recipients", "/recipients"},
	{"null recipients", `{"strategy":"sms_only","text":{"body":"x"},"recipients":null}`, 422, "no_recipients", "/recipients"},
	{"0 recipients", to(``), 422, "no_recipients", "/recipients"},
	{"recipients that are no list", `{"strategy":"sms_only","text":{"body":"x"},"recipients":{}}`, 422, "validation", "/recipients"},
	{"a recipient that is a text", to(`{"to":"01012345678"},"01012345678"`), 422, "validation", "/recipients/1"},
	{"a number that is a number", to(`{"to":"01012345678"},{"to":1012345678}`), 422, "validation", "/recipients/1/to"},
	{"no number", to(`{"variables":{}}`), 422, "validation", "/recipients/0/to"},
	{"an unknown member of a recipient", to(`{"to":"01012345678","name":"x"}`), 422, "validation", "/recipients/0/name"},
	{"a variable that is a number", to(`{"to":"01012345678","variables":{"a/b~c":5}}`), 422, "validation", "/recipients/0/variables/a~1b~0c"},
	{"variables that are a list", to(`{"to":"01012345678","variables":[]}`), 422, "validation", "/recipients/0/variables"},
	{"only wrong numbers", to(`{"to":"02-123-4567"},{"to":"hello"}`), 422, "no_recipients", "/recipients/1"},
	{"an unknown template", alimtalk("NONE"), 422, "unknown_template", "/alimtalk/template_code"},
	{"a template that is not approved", alimtalk("WAITING"), 422, "template_not_approved", "/alimtalk/template_code"},
	{"Alimtalk without a code", strings.Replace(alimtalk("X"), `"template_code":"X"`, ``, 1), 422, "validation", "/alimtalk/template_code"},
	{"a button too many", showing(`"buttons":[{"type":"WL","name":"보기"},{"type":"BK","name":"x"}]`), 422, "validation", "/alimtalk/buttons"},
	{"a button of another name", showing(`"buttons":[{"type":"WL","name":"열기"}]`), 422, "validation", "/alimtalk/buttons/0/name"},
	{"a button to another place", showing(`"buttons":[{"type":"WL","name":"보기","url_mobile":"https://n.example/7"}]`), 422, "validation", "/alimtalk/buttons/0/url_mobile"},
	{"a quick reply that is none", showing(`"quick_replies":[{"type":"BK","name":"네"}]`), 422, "validation", "/alimtalk/quick_replies"},
	{"a button that is a text", showing(`"buttons":["보기"]`), 422, "validation", "/alimtalk/buttons/0"},
	{"an unknown member of a button", showing(`"buttons":[{"type":"WL","name":"보기","url":"x"}]`), 422, "validation", "/alimtalk/buttons/0/url"},
	{"buttons that are no list", showing(`"buttons":{}`), 422, "validation", "/alimtalk/buttons"},
	{"no Alimtalk", strings.Replace(text, "sms_only", "alimtalk_first", 1), 422, "validation", "/alimtalk"},
	{"a sender that is not registered", with(`"from":"0299999999"`), 422, "sender_not_registered", "/text/from"},
	{"a sender that waits", with(`"from":"0311112222"`), 422, "sender_not_registered", "/text/from"},
	{"a sender of another site", with(`"from":"15881234"`), 422, "sender_not_registered", "/text/from"},
	{"a sender that is no number", with(`"from":"hello"`), 422, "sender_not_registered", "/text/from"},
	{"too many recipients", to(strings.Repeat(`{"to":"01012345678"},`, 100_000) + `{"to":"01012345678"}`), 413, "too_many_recipients", ""},
}

// with is the text message with a further member of its text, over with one of its
// own, to with other recipients.
func with(member string) string { return strings.Replace(text, `"body"`, member+`,"body"`, 1) }
func over(member string) string { return strings.Replace(text, `"strategy"`, member+`,"strategy"`, 1) }
func to(list string) string {
	return `{"strategy":"sms_only","text":{"body":"안녕하세요"},"recipients":[` + list + `]}`
}

// ad is an advertisement to one person who did not consent.
var ad = with(`"advertising":true,"opt_out_number":"080-123-4567"`)

// showing is an Alimtalk with a button, and a further member of its alimtalk.
func showing(member string) string {
	return strings.Replace(alimtalk("BUTTON"), `"template_code"`, member+`,"template_code"`, 1)
}

func alimtalk(code string) string {
	return `{"strategy":"alimtalk_first","alimtalk":{"template_code":"` + code + `"},"recipients":[{"to":"01012345678","variables":{"이름":"김"}}]}`
}

// forBadOrders is a world with what badOrders name.
func forBadOrders(t *testing.T) *world {
	w := onSQLite(t)
	w.update(func(tx *db.Tx) error {
		if _, err := site.AddSender(tx, "rich", "031-111-2222", site.Requested); err != nil {
			return err
		}
		if _, err := site.AddSender(tx, "poor", "1588-1234", site.Approved); err != nil {
			return err
		}
		_, err := message.AddTemplate(tx, message.Template{Site: "rich", Code: "BUTTON", Channel: "@demo", Body: "#{이름}님", State: message.TemplateApproved,
			Buttons: []provider.Button{{Type: "WL", Name: "보기", URLMobile: "https://m.example/#{이름}"}}})
		if err != nil {
			return err
		}
		_, err = message.AddTemplate(tx, message.Template{Site: "rich", Code: "WAITING", Channel: "@demo", Body: "x", State: message.TemplateInspecting})
		return err
	})
	return w
}

func TestABodyThatCannotBeSentIsRefusedAndLeavesNothing(t *testing.T) {
	w := forBadOrders(t)
	for _, c := range badOrders {
		t.Run(c.name, func(t *testing.T) {
			w.t = t
			pointers := w.post("/v1/messages", c.body).refused(c.status, c.code)
			if c.pointer != "" && !slices.Contains(pointers, c.pointer) {
				t.Errorf("got errors at %q, want one at %q", pointers, c.pointer)
			}
		})
	}
	w.t = t
	if rows := w.get("/v1/messages").rows(); len(rows) != 0 {
		t.Errorf("got %d messages, want none", len(rows))
	}
	if held := w.get("/v1/credit").json()["held"]; held != "0.00" {
		t.Errorf("got %v held, want nothing", held)
	}
}

func TestAllMistakesOfABodyAreListed(t *testing.T) {
	w := onSQLite(t)
	got := w.post("/v1/messages", `{"title":5,"strategy":"sms_only","text":{"body":true},"recipients":[{"to":1},{}]}`).refused(422, "validation")
	if want := []string{"/title", "/text/body", "/recipients/0/to", "/recipients/1/to"}; !slices.Equal(got, want) {
		t.Errorf("got errors at %q, want %q", got, want)
	}
	many := w.post("/v1/messages", to(strings.TrimSuffix(strings.Repeat(`{},`, 500), ",")))
	if got := many.refused(422, "validation"); len(got) != maxComplaints || !strings.Contains(string(many.body), "500 places") {
		t.Errorf("got %d errors in %.200s, want the first %d of 500", len(got), many.body, maxComplaints)
	}
}

func TestRecipientsThatCannotBeSentDoNotFailTheRest(t *testing.T) {
	w := onSQLite(t)
	body := `{"strategy":"sms_only","text":{"body":"#{이름}님"},"recipients":[
		{"to":"010-1234-5678","variables":{"이름":"김하나"}}, {"to":"0212345678","variables":{"이름":"x"}}, {"to":"01012345678","variables":{"이름":"x"}},
		{"to":"01022223333"}, {"to":"01022223333","variables":{"이름":""}}, {"to":"01033334444","variables":{"이름":"` + strings.Repeat("가", 1000) + `"}},
		{"to":"01044445555","variables":{"이름":"😀"}}]}`
	r := w.send(body)
	want := map[string]any{"invalid_number": 1.0, "missing_variable": 2.0, "text_too_long": 1.0, "unsupported_character": 1.0}
	if got := fmt.Sprint(r["rejected_by_code"]); got != fmt.Sprint(want) {
		t.Errorf("got rejections %v, want %v", got, want)
	}
	if got, want := fmt.Sprint(r["recipients"]), fmt.Sprint(map[string]any{"total": 7.0, "accepted": 1.0, "duplicate": 1.0, "rejected": 5.0}); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := fmt.Sprint(r["duplicates"]), fmt.Sprint([]any{map[string]any{"index": 2.0, "to": "01012345678", "first_index": 0.0}}); got != want {
		t.Errorf("got duplicates %s, want %s", got, want)
	}
	rows := w.get("/v1/messages/" + r["id"].(string) + "/recipients?status=rejected").rows()
	if len(rows) != 5 || rows[0]["index"] != 1.0 || rows[0]["to"] != "0212345678" || rows[0]["code"] != "invalid_number" || rows[0]["detail"] == "" {
		t.Errorf("got rejections %v, want five, the first of index 1", rows)
	}
}

func TestATokenThatDoesNotCountIsUnauthenticated(t *testing.T) {
	w := onSQLite(t)
	revoked := w.token("rich", "*")
	w.update(func(tx *db.Tx) error {
		t1, err := site.Authenticate(tx, revoked)
		if err != nil {
			return err
		}
		return site.Revoke(tx, "rich", t1.ID)
	})
	for name, header := range map[string]string{
		"none": "", "another scheme": "Basic abc", "a bare secret": w.rich, "a typing mistake": "Bearer " + w.rich[:len(w.rich)-1] + "~",
		"an unknown one": "Bearer cm_live_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17", "a revoked one": "Bearer " + revoked, "no secret": "Bearer ",
	} {
		g := w.do(ask{method: "GET", path: "/v1/credit", header: http.Header{"Authorization": {header}}})
		g.refused(401, "unauthenticated")
		if !strings.HasPrefix(g.header.Get("WWW-Authenticate"), "Bearer ") {
			t.Errorf("%s: got WWW-Authenticate %q, want a Bearer challenge", name, g.header.Get("WWW-Authenticate"))
		}
	}
}

func TestAnotherSitesThingsAreNotThere(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := w.send(text)["id"].(string)
		for _, path := range []string{"/v1/messages/" + m, "/v1/messages/" + m + "/recipients", "/v1/messages/" + m + "/trace?to=01012345678"} {
			w.do(ask{method: "GET", path: path, token: w.poor}).refused(404, "not_found")
			w.do(ask{method: "GET", path: path + at(path) + "site=poor", token: w.operator}).refused(404, "not_found")
			w.do(ask{method: "GET", path: path + at(path) + "site=rich", token: w.operator}).is(200)
		}
		for _, verb := range []string{"cancel", "pause", "resume"} {
			w.do(ask{method: "POST", path: "/v1/messages/" + m + "/" + verb, token: w.poor}).refused(404, "not_found")
		}
		if rows := w.do(ask{method: "GET", path: "/v1/messages", token: w.poor}).rows(); len(rows) != 0 {
			t.Errorf("the other site sees %v", rows)
		}
		w.do(ask{method: "GET", path: "/v1/credit?site=poor", token: w.rich}).refused(404, "not_found")
		w.do(ask{method: "GET", path: "/v1/credit?site=한글", token: w.operator}).refused(404, "not_found")
		if got := w.do(ask{method: "GET", path: "/v1/credit", token: w.operator}).refused(422, "validation"); !slices.Equal(got, []string{"/site"}) {
			t.Errorf("an operator who names no site: got errors at %q, want /site", got)
		}
		w.get("/v1/templates/한글").refused(404, "not_found")
		w.post("/v1/messages", alimtalk("한글")).refused(422, "unknown_template")
		for _, id := range []string{"x", "msg_", "msg_01k9zqm0v8e4t9w2n7c5r3x6yb", strings.Repeat("x", 300)} {
			w.get("/v1/messages/"+id).refused(404, "not_found")
		}
	})
}

func at(path string) string {
	if strings.Contains(path, "?") {
		return "&"
	}
	return "?"
}

func TestASuspendedSiteCannotSend(t *testing.T) {
	w := onSQLite(t)
	w.update(func(tx *db.Tx) error { return site.SetState(tx, "rich", site.Suspended) })
	w.post("/v1/messages", text).refused(423, "site_suspended")
	w.get("/v1/credit").is(200)
}

func TestASiteWithoutASenderCannotSendTexts(t *testing.T) {
	w := onSQLite(t)
	w.update(func(tx *db.Tx) error { return site.RemoveSender(tx, "rich", "0261234567") })
	w.post("/v1/messages", text).refused(422, "sender_missing")
}

func TestOtherMediaTypesAreNotRead(t *testing.T) {
	w := onSQLite(t)
	for _, media := range []string{"text/plain", "application/x-www-form-urlencoded", "application/json; charset=euc-kr", "application/xml", "nonsense//"} {
		w.do(ask{method: "POST", path: "/v1/messages", token: w.rich, body: text, media: media}).refused(415, "unsupported_media_type")
	}
	w.do(ask{method: "POST", path: "/v1/messages", token: w.rich, body: text, header: http.Header{"Content-Encoding": {"gzip"}}}).refused(415, "unsupported_media_type")
	w.do(ask{method: "POST", path: "/v1/templates", token: w.rich, body: "x", media: "text/plain"}).refused(415, "unsupported_media_type")
	w.do(ask{method: "POST", path: "/v1/messages", token: w.rich, body: text, media: "application/json; charset=UTF-8"}).is(202)
}

// endless gives a text, then repeats another without end.
type endless struct{ first, again string }

func (e *endless) Read(p []byte) (int, error) {
	if e.first == "" {
		e.first = e.again
	}
	n := copy(p, e.first)
	e.first = e.first[n:]
	return n, nil
}

func TestABodyOver32MiBIsTooLargeHoweverItComes(t *testing.T) {
	w := onSQLite(t)
	server := httptest.NewServer(w.handler)
	defer server.Close()
	const size = 34 << 20
	for name, announced := range map[string]bool{"announced": true, "in chunks": false} {
		var body io.Reader = io.LimitReader(&endless{again: strings.Repeat(" ", 64<<10)}, size)
		r, err := http.NewRequest("POST", server.URL+"/v1/messages", body)
		w.must(err)
		if announced {
			r.ContentLength = size
		}
		r.Header.Set("Authorization", "Bearer "+w.rich)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Expect", "100-continue")
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		reply, err := io.ReadAll(res.Body)
		w.must(err)
		_ = res.Body.Close()
		got{t, res.StatusCode, res.Header, reply}.refused(413, "body_too_large")
	}
	w.do(ask{method: "POST", path: "/v1/templates", token: w.rich, body: strings.Repeat(" ", 1<<20)}).refused(413, "body_too_large")
}

func TestABodyThatBreaksOffIsMalformed(t *testing.T) {
	w := onSQLite(t)
	for _, path := range []string{"/v1/messages", "/v1/templates"} {
		w.do(ask{method: "POST", path: path, token: w.rich, from: io.MultiReader(strings.NewReader(`{"x":`), broken{})}).refused(400, "malformed")
	}
}

// broken is a connection that was cut.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
