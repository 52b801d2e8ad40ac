package api

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"creditmsg/client"
	"creditmsg/internal/access"
	"creditmsg/internal/book"
	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/site"
)

// conditionalRoutes are the changes that can depend on an ETag.
var conditionalRoutes = []string{
	"DELETE /v1/contacts/{id}", "DELETE /v1/groups/{id}", "DELETE /v1/kakao-channels/{name}", "DELETE /v1/me/tokens/{id}",
	"DELETE /v1/opt-outs/{number}", "DELETE /v1/payment-methods/{id}", "DELETE /v1/plans/{id}", "DELETE /v1/policies/{name}",
	"DELETE /v1/roles/{name}", "DELETE /v1/saved-texts/{id}", "DELETE /v1/senders/{number}", "DELETE /v1/series/{id}", "DELETE /v1/templates/{code}",
	"DELETE /v1/tokens/{id}", "DELETE /v1/webhook-endpoints/{id}", "PATCH /v1/me/tokens/{id}", "PATCH /v1/payment-methods/{id}",
	"PATCH /v1/sites/{id}", "PATCH /v1/tokens/{id}", "PATCH /v1/users/{id}", "PATCH /v1/webhook-endpoints/{id}",
	"PUT /v1/billing-profile", "PUT /v1/contacts/{id}", "PUT /v1/credit/alerts", "PUT /v1/credit/auto-recharge",
	"PUT /v1/credit/caps", "PUT /v1/credit/caps/bounds", "PUT /v1/groups/{id}", "PUT /v1/kakao-channels/{name}",
	"PUT /v1/plans/{id}", "PUT /v1/policies/{name}", "PUT /v1/retention", "PUT /v1/roles/{name}",
	"PUT /v1/saved-texts/{id}", "PUT /v1/senders/{number}", "PUT /v1/sending-rules", "PUT /v1/series/{id}", "PUT /v1/sites/{id}/limits", "PUT /v1/sites/{id}/plan",
	"PUT /v1/sites/{id}/tokens/{token}/limits", "PUT /v1/templates/{code}",
}

func TestTheDocumentNamesTheChangesThatCanDependOnAnETag(t *testing.T) {
	_, doc := readDocument(t)
	var found []string
	for path, item := range doc["paths"].(map[string]any) {
		for method, op := range item.(map[string]any) {
			o := op.(map[string]any)
			params, _ := o["parameters"].([]any)
			for _, p := range params {
				if p.(map[string]any)["$ref"] != "#/components/parameters/ifMatch" {
					continue
				}
				found = append(found, strings.ToUpper(method)+" "+path)
				if o["responses"].(map[string]any)["412"] == nil {
					t.Errorf("%s %s: no 412", method, path)
				}
			}
		}
	}
	slices.Sort(found)
	if !slices.Equal(found, conditionalRoutes) {
		t.Errorf("got %v", found)
	}
}

// settingCase is one thing that is read and changed, with two bodies that make it differ.
type settingCase struct {
	path, token   string
	first, second string
	under         string // where it is changed; "" = its path
	patch         bool   // by PATCH
	whole         bool   // GET always sends all of it
}

func (c settingCase) method() string {
	if c.patch {
		return "PATCH"
	}
	return "PUT"
}

// settingCases are one of each kind; what they need is made here.
func (w *world) settingCases() map[string]settingCase {
	w.t.Helper()
	contact := w.post("/v1/contacts", `{"to":"010-1234-5678","name":"김하나"}`).is(201).json()["id"].(string)
	group := w.post("/v1/groups", `{"name":"단골"}`).is(201).json()["id"].(string)
	series := w.post("/v1/series", `{"name":"주간","cron":"0 9 * * 1","message":`+text+`}`).is(201).json()["id"].(string)
	w.do(ask{method: "POST", path: "/v1/plans", token: w.operator, body: `{"id":"gold","name":"골드"}`}).is(201)
	endpoint := w.post("/v1/webhook-endpoints", `{"url":"https://shop.example/hooks","topics":["*"]}`).is(201).json()["endpoint"].(map[string]any)["id"].(string)
	token := w.post("/v1/tokens", `{"name":"가","abilities":["credit:read"]}`).is(201).json()["id"].(string)
	user := w.person("settings@example.com", "rich", access.Viewer).ID.Text(id.User)
	template := func(body string) string {
		return `{"name":"예약","channel":"@demo","body":"` + body + `"}`
	}
	saved := w.post("/v1/saved-texts", `{"title":"가","kind":"text","body":"가"}`).is(201).json()["id"].(string)
	return map[string]settingCase{
		"a saved text":    {path: "/v1/saved-texts/" + saved, first: `{"title":"나","kind":"text","body":"가"}`, second: `{"title":"다","kind":"text","body":"가"}`, whole: true},
		"a template":      {path: "/v1/templates/RESERVE_01", first: template("가"), second: template("나"), whole: true},
		"a contact":       {path: "/v1/contacts/" + contact, first: `{"to":"010-1234-5678","name":"이두리"}`, second: `{"to":"010-1234-5678","name":"박세나"}`},
		"a group":         {path: "/v1/groups/" + group, first: `{"name":"새"}`, second: `{"name":"헌"}`, whole: true},
		"a series":        {path: "/v1/series/" + series, first: `{"name":"주간","cron":"0 9 * * 2","message":` + text + `}`, second: `{"name":"주간","cron":"0 9 * * 3","message":` + text + `}`, whole: true},
		"alerts":          {path: "/v1/credit/alerts", first: `{"emails":["a@example.com"]}`, second: `{"emails":["b@example.com"]}`},
		"caps":            {path: "/v1/credit/caps", first: `{"recipients":{"day":10}}`, second: `{"recipients":{"day":20}}`, whole: true},
		"bounds":          {path: "/v1/credit/caps", under: "/v1/credit/caps/bounds?site=rich", token: w.operator, first: `{"recipients":{"day":1000}}`, second: `{"recipients":{"day":2000}}`, whole: true},
		"a recharge":      {path: "/v1/credit/auto-recharge", first: `{"enabled":false,"threshold":"1000","amount":"5000"}`, second: `{"enabled":false,"threshold":"2000","amount":"5000"}`, whole: true},
		"a profile":       {path: "/v1/billing-profile", first: `{"name":"꽃집"}`, second: `{"name":"빵집"}`},
		"rules":           {path: "/v1/sending-rules", first: `{"duplicate_window":60}`, second: `{"duplicate_window":120}`},
		"a policy":        {path: "/v1/policies/own", first: `{"steps":[{"send":"text"}]}`, second: `{"steps":[{"send":"alimtalk"},{"send":"text"}]}`},
		"a Kakao channel": {path: "/v1/kakao-channels/@demo", first: `{"sender_key":"A"}`, second: `{"sender_key":"B"}`},
		"a site":          {path: "/v1/sites/rich", token: w.operator, patch: true, first: `{"weight":2}`, second: `{"weight":3}`, whole: true},
		"limits":          {path: "/v1/sites/rich/limits", token: w.operator, first: `{"requests_per_minute":6000}`, second: `{"requests_per_minute":7000}`},
		"a token's":       {path: "/v1/sites/rich/tokens/" + w.firstToken() + "/limits", token: w.operator, first: `{"requests_per_minute":6000}`, second: `{"requests_per_minute":7000}`},
		"a site's plan":   {path: "/v1/sites/rich", under: "/v1/sites/rich/plan", token: w.operator, first: `{"plan":"gold"}`, second: `{"plan":null}`, whole: true},
		"an endpoint":     {path: "/v1/webhook-endpoints/" + endpoint, patch: true, first: `{"description":"가"}`, second: `{"description":"나"}`, whole: true},
		"a token":         {path: "/v1/tokens/" + token, patch: true, first: `{"name":"나"}`, second: `{"name":"다"}`, whole: true},
		"the operator's":  {path: "/v1/tokens/" + w.operatorsToken(), token: w.operator, patch: true, first: `{"name":"나"}`, second: `{"name":"다"}`, whole: true},
		"a person":        {path: "/v1/users/" + user, patch: true, first: `{"roles":["viewer"]}`, second: `{"roles":["sender"]}`, whole: true},
		"a plan":          {path: "/v1/plans/gold", token: w.operator, first: `{"name":"은"}`, second: `{"name":"금"}`},
	}
}

func (w *world) operatorsToken() string {
	w.t.Helper()
	return w.do(ask{method: "POST", path: "/v1/tokens", token: w.operator, body: `{"name":"가","abilities":["operator"]}`}).is(201).json()["id"].(string)
}

func TestWhatHappensBesideASettingDoesNotChangeItsETag(t *testing.T) {
	w := onSQLite(t)
	all := w.settingCases()
	tag := func(c settingCase) string { return w.get(c.path).is(200).header.Get("Etag") }
	endpoint, token, user := all["an endpoint"], all["a token"], all["a person"]
	before := []string{tag(endpoint), tag(token), tag(user)}
	w.post(endpoint.path+"/test", "").is(202)
	w.update(func(tx *db.Tx) error {
		which, err := id.Parse(id.Token, strings.TrimPrefix(token.path, "/v1/tokens/"))
		if err == nil {
			err = site.Touch(tx, []id.ID{which})
		}
		return err
	})
	_, err := w.people.SignIn(t.Context(), access.SignIn{Email: "settings@example.com", Password: staffPassword})
	w.must(err)
	if got := w.get(endpoint.path).json()["sequence"]; got != 1.0 {
		t.Errorf("the endpoint is at %v, want an event on its way", got)
	}
	for i, c := range []settingCase{endpoint, token, user} {
		if after := w.get(c.path).is(200); after.header.Get("Etag") != before[i] {
			t.Errorf("%s had the ETag %s, and has %s: %s", c.path, before[i], after.header.Get("Etag"), after.body)
		}
	}
}

func TestAContactThatAnImportChangesMeanwhileIsNotReplacedUnseen(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		contact := w.post("/v1/contacts", `{"to":"010-1234-5678","name":"김하나"}`).is(201).json()["id"].(string)
		tag := w.get("/v1/contacts/" + contact).header.Get("Etag")
		which, err := id.Parse(id.Contact, contact)
		w.must(err)
		changed, commit, over := make(chan struct{}), make(chan struct{}), make(chan error, 1)
		go func() {
			over <- w.d.Update(t.Context(), "test", func(tx *db.Tx) error {
				_, err := w.book.Set(tx, "rich", which, book.Entry{To: "01012345678", Name: "이두리"})
				close(changed)
				<-commit
				return err
			})
		}()
		<-changed
		answer := make(chan got, 1)
		go func() {
			answer <- w.do(ask{method: "PUT", path: "/v1/contacts/" + contact, token: w.rich, body: `{"to":"010-1234-5678","name":"박세나"}`, header: http.Header{"If-Match": {tag}}})
		}()
		close(commit)
		w.must(<-over)
		(<-answer).refused(412, "precondition_failed")
	})
}

func TestAPlanToComeIsNotReplacedUnseen(t *testing.T) {
	w := onSQLite(t)
	for _, plan := range []string{"gold", "silver"} {
		w.do(ask{method: "POST", path: "/v1/plans", token: w.operator, body: `{"id":"` + plan + `","name":"` + plan + `"}`}).is(201)
	}
	tag := w.do(ask{method: "GET", path: "/v1/sites/rich", token: w.operator}).is(200).header.Get("Etag")
	assign := func(plan string) got {
		return w.do(ask{method: "PUT", path: "/v1/sites/rich/plan", token: w.operator, body: `{"plan":"` + plan + `","since":"2030-01-01T00:00:00+09:00"}`, header: http.Header{"If-Match": {tag}}})
	}
	assign("gold").is(200)
	assign("silver").refused(412, "precondition_failed")
}

func TestAChannelKeepsTheIDsThatAPutLeavesOut(t *testing.T) {
	w := onSQLite(t)
	put := func(body string) any {
		t.Helper()
		return w.do(ask{method: "PUT", path: "/v1/kakao-channels/@demo", token: w.rich, body: body}).is(200).json()["providers"]
	}
	put(`{"sender_key":"A","providers":{"solapi":"KA01"}}`)
	if got := put(`{"sender_key":"B"}`); !reflect.DeepEqual(got, map[string]any{"solapi": "KA01"}) {
		t.Errorf("left out: got %v", got)
	}
	if got := put(`{"sender_key":"B","providers":{}}`); !reflect.DeepEqual(got, map[string]any{}) {
		t.Errorf("none: got %v", got)
	}
}

func TestAChangeThatNamesAnETagHappensOnlyIfNothingChanged(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for name, c := range w.settingCases() {
			t.Run(name, func(t *testing.T) {
				w.t = t
				w.changesUnderTag(c)
			})
		}
	})
}

// changesUnderTag takes one setting through all that an ETag can say of it.
func (w *world) changesUnderTag(c settingCase) {
	w.t.Helper()
	token := w.rich
	if c.token != "" {
		token = c.token
	}
	path, under := c.path, c.path
	if c.under != "" {
		under, path = c.under, c.path+"?site=rich"
	}
	get := func(h http.Header) got {
		w.t.Helper()
		return w.do(ask{method: "GET", path: path, token: token, header: h})
	}
	change := func(body string, h http.Header) got {
		w.t.Helper()
		return w.do(ask{method: c.method(), path: under, token: token, body: body, header: h})
	}
	tag := func(g got) string { return g.header.Get("Etag") }
	change(c.first, nil).is(200)
	first := tag(get(nil).is(200))
	if !strings.HasPrefix(first, `"`) || len(first) < 20 || tag(get(nil)) != first {
		w.t.Fatalf("the ETag is %q, then %q", first, tag(get(nil)))
	}
	same := get(http.Header{"If-None-Match": {`"other", ` + first}})
	if c.whole {
		same.is(200)
	} else if same.is(304); len(same.body) > 0 || tag(same) != first {
		w.t.Errorf("304 has %v, %s", same.header, same.body)
	}
	changed := change(c.second, http.Header{"If-Match": {first}}).is(200)
	second := tag(get(nil).is(200))
	if second == first || tag(changed) != second {
		w.t.Errorf("the ETags are %s, %s in the reply and %s", first, tag(changed), second)
	}
	change(c.first, http.Header{"If-Match": {first}}).refused(412, "precondition_failed")
	change(c.first, http.Header{"If-Match": {"W/" + second}}).refused(412, "precondition_failed")
	change(c.first, http.Header{"If-None-Match": {"*"}}).refused(412, "precondition_failed")
	if got := tag(get(nil)); got != second {
		w.t.Errorf("what was refused changed it: %s, then %s", second, got)
	}
	change(c.first, http.Header{"If-Match": {"second", second}}).refused(422, "validation")
	change(c.first, http.Header{"If-Match": {`"x"`, second}}).is(200)
	change(c.first, http.Header{"If-Match": {"*"}}).is(200)
}

func TestOfManyWhoChangeByOneETagOneDoes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for name, c := range w.settingCases() {
			if c.under != "" {
				continue
			}
			token := w.rich
			if c.token != "" {
				token = c.token
			}
			w.do(ask{method: c.method(), path: c.path, token: token, body: c.first}).is(200)
			tag := w.do(ask{method: "GET", path: c.path, token: token}).header.Get("Etag")
			var all sync.WaitGroup
			statuses := make(chan int, 6)
			for range cap(statuses) {
				all.Go(func() {
					statuses <- w.do(ask{method: c.method(), path: c.path, token: token, body: c.second, header: http.Header{"If-Match": {tag}}}).status
				})
			}
			all.Wait()
			close(statuses)
			count := map[int]int{}
			for s := range statuses {
				count[s]++
			}
			if count[200] != 1 || count[412] != 5 {
				t.Errorf("%s: got %v, want one to change it", name, count)
			}
		}
	})
}

func TestAnETagDecidesOfWhatIsMadeAndRemoved(t *testing.T) {
	w := onSQLite(t)
	put := func(h http.Header) got {
		return w.do(ask{method: "PUT", path: "/v1/policies/new", token: w.rich, body: `{"steps":[{"send":"text"}]}`, header: h})
	}
	remove := func(h http.Header) got {
		return w.do(ask{method: "DELETE", path: "/v1/policies/new", token: w.rich, header: h})
	}
	put(http.Header{"If-Match": {"*"}}).refused(412, "precondition_failed")
	w.get("/v1/policies/new").refused(404, "not_found")
	remove(http.Header{"If-Match": {`"x"`}}).refused(404, "not_found") // it could not have been removed anyway
	put(http.Header{"If-None-Match": {"*"}}).is(200)
	put(http.Header{"If-None-Match": {"*"}}).refused(412, "precondition_failed")
	remove(http.Header{"If-Match": {`"x"`}}).refused(412, "precondition_failed")
	remove(http.Header{"If-Match": {w.get("/v1/policies/new").header.Get("Etag")}}).is(204)
}

func TestARepeatOfAChangeGetsItsReplyWhateverChangedSince(t *testing.T) {
	w := onSQLite(t)
	tag := w.get("/v1/billing-profile").is(200).header.Get("Etag")
	change := ask{method: "PUT", path: "/v1/billing-profile", token: w.rich, key: "once", body: `{"name":"꽃집"}`, header: http.Header{"If-Match": {tag}}}
	w.do(change).is(200)
	first := w.get("/v1/billing-profile").header.Get("Etag")
	w.do(ask{method: "PUT", path: "/v1/billing-profile", token: w.rich, body: `{"name":"다른 꽃집"}`}).is(200)
	again := w.do(change).is(200)
	if again.header.Get("Idempotent-Replayed") != "true" || again.header.Get("Etag") != first {
		t.Errorf("got %v, want the ETag %s of the first reply", again.header, first)
	}
	change.key = "twice"
	w.do(change).refused(412, "precondition_failed")
}

func TestEqualSettingsOfTwoSitesHaveDifferentETags(t *testing.T) {
	w := onSQLite(t)
	rich, poor := w.get("/v1/billing-profile"), w.do(ask{method: "GET", path: "/v1/billing-profile", token: w.poor})
	if string(rich.body) != string(poor.body) || rich.header.Get("Etag") == poor.header.Get("Etag") {
		t.Errorf("%s has %s, %s has %s", rich.body, rich.header.Get("Etag"), poor.body, poor.header.Get("Etag"))
	}
}

func TestAConditionThatCannotBeKeptIsRefusedAndNotIgnored(t *testing.T) {
	w := onSQLite(t)
	sent := w.send(text)["id"].(string)
	for _, a := range []ask{
		{method: "POST", path: "/v1/messages", body: text},
		{method: "PATCH", path: "/v1/messages/" + sent, body: `{"scheduled_at":null}`},
		{method: "POST", path: "/v1/templates/RESERVE_01/submit"},
		{method: "POST", path: "/v1/groups", body: `{"name":"x"}`},
		{method: "POST", path: "/v1/messages/estimate", body: text},
		{method: "DELETE", path: "/v1/uploads/upl_01k9zqm0v8e4t9w2n7c5r3x6yb"},
	} {
		for _, name := range []string{"If-Match", "If-None-Match", "If-Unmodified-Since"} {
			a.token, a.header = w.rich, http.Header{name: {`"x"`}}
			if at := w.do(a).refused(422, "not_supported"); !slices.Equal(at, []string{"/" + name}) {
				t.Errorf("%s %s: %v", a.method, a.path, at)
			}
		}
	}
	w.do(ask{method: "PUT", path: "/v1/billing-profile", token: w.rich, body: `{}`, header: http.Header{"If-Unmodified-Since": {"Mon, 02 Nov 2026 00:00:00 GMT"}}}).refused(422, "not_supported")
	w.do(ask{method: "POST", path: "/v1/sites/poor/erase", token: w.operator, body: `{"confirm":"poor","reason":"over"}`, header: http.Header{"If-Match": {`"x"`}}}).refused(422, "not_supported")
}

// TestOurOwnClientChangesByAnETag has two people of one site change the same thing.
func TestOurOwnClientChangesByAnETag(t *testing.T) {
	w := onSQLite(t)
	server := httptest.NewServer(w.handler)
	defer server.Close()
	c, err := client.New(server.URL, w.rich, client.Options{Retries: -1})
	w.must(err)
	var tag, after string
	p, err := c.Noting(&tag).BillingProfile(t.Context())
	w.must(err)
	p.Name = "꽃집"
	_, err = c.IfMatch(tag).Noting(&after).PutBillingProfile(t.Context(), p)
	w.must(err)
	if tag == "" || after == "" || after == tag {
		t.Errorf("the ETags are %q and %q", tag, after)
	}
	_, err = c.IfMatch(tag).PutBillingProfile(t.Context(), client.BillingProfile{Name: "빵집"})
	if p, ok := errors.AsType[*client.Problem](err); !ok || p.Code != "precondition_failed" || p.Status != 412 {
		t.Errorf("who came too late got %v", err)
	}
	if _, err := c.IfMatch(after).PutBillingProfile(t.Context(), client.BillingProfile{Name: "빵집"}); err != nil {
		t.Error(err)
	}
}

func FuzzTags(f *testing.F) {
	for _, seed := range []string{`*`, `"a"`, `W/"a", "b"`, `"a" "b"`, `"`, `a`, `"a",`, `,"a"`, ` "a" , "b"`, `W/`, `"a"x`, "\"\x00\""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, given string) {
		list, anything, err := tags(http.Header{"If-Match": {given}}, "If-Match")
		if err != nil && (len(list) > 0 || anything) {
			t.Fatalf("%q gives %q beside %v", given, list, err)
		}
		// What is read is read the same again.
		again, _, err := tags(http.Header{"If-Match": {strings.Join(list, ", ")}}, "If-Match")
		if err != nil || fmt.Sprint(again) != fmt.Sprint(list) {
			t.Fatalf("%q gives %q, and these %q, %v", given, list, again, err)
		}
	})
}
