package api

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestATemplateIsWrittenReadAndRemoved(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const body = `{"code":"HELLO","name":"인사","channel":"@demo","body":"#{이름}님","buttons":[{"type":"WL","name":"보기","url_mobile":"https://example.com/#{번호}"}],"providers":{"solapi":{"channel_id":"C","template_id":"T"}}}`
		made := w.post("/v1/templates", body).is(201).json()
		if made["state"] != "draft" || made["name"] != "인사" || fmt.Sprint(made["buttons"]) != "[map[name:보기 type:WL url_mobile:https://example.com/#{번호}]]" {
			t.Errorf("got %v, want the template as a draft", made)
		}
		w.post("/v1/templates", body).refused(409, "already_exists")
		if got := w.get("/v1/templates/HELLO").is(200).json(); fmt.Sprint(got) != fmt.Sprint(made) {
			t.Errorf("got %v, want %v", got, made)
		}
		set := w.do(ask{method: "PUT", path: "/v1/templates/HELLO", token: w.rich, body: `{"channel":"@demo","body":"#{이름}님!","name":"새 인사"}`}).is(200).json()
		if set["body"] != "#{이름}님!" || set["name"] != "새 인사" || set["created_at"] != made["created_at"] || len(set["buttons"].([]any)) != 0 {
			t.Errorf("got %v, want it replaced", set)
		}
		w.do(ask{method: "PUT", path: "/v1/templates/NONE", token: w.rich, body: body}).refused(422, "validation")
		w.do(ask{method: "PUT", path: "/v1/templates/NONE", token: w.rich, body: `{"channel":"@demo","body":"x"}`}).refused(404, "not_found")
		w.do(ask{method: "DELETE", path: "/v1/templates/HELLO", token: w.rich}).is(204)
		w.do(ask{method: "DELETE", path: "/v1/templates/HELLO", token: w.rich}).refused(404, "not_found")
		w.get("/v1/templates/HELLO").refused(404, "not_found")
	})
}

func TestATemplateKeepsEveryPart(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const parts = `"quick_replies":[{"type":"BK","name":"네"}],"item_list":{"header":"#{머리}","highlight":{"title":"a","description":"b"},` +
			`"items":[{"title":"상품","description":"#{상품}"},{"title":"수량","description":"1"}],"summary":{"title":"합","description":"#{금액}"}},"extra":"덧붙임","category":"001001","secure":true`
		const buttons = `"buttons":[{"type":"AC","name":"채널 추가"},{"type":"TN","name":"전화","phone_number":"02-6123-4567"}]`
		body := func(parts string) string {
			return `{"code":"PARTS","name":"부분","channel":"@demo","body":"#{이름}님",` + parts + `}`
		}
		made := w.post("/v1/templates", body(buttons+","+parts)).is(201)
		for _, part := range []string{parts, buttons} {
			if !strings.Contains(string(made.body), part) {
				t.Errorf("got %s, want in it %s", made.body, part)
			}
		}
		if got := w.get("/v1/templates/PARTS").is(200); string(got.body) != string(made.body) {
			t.Errorf("read again: got %s, want %s", got.body, made.body)
		}
		put := func(token, parts string) got {
			return w.do(ask{method: "PUT", path: "/v1/templates/PARTS?site=rich", token: token, body: body(parts)})
		}
		put(w.operator, buttons+","+parts+`,"state":"approved"`).is(200)
		if got := put(w.rich, buttons+","+parts).is(200).json()["state"]; got != "approved" {
			t.Errorf("the same again: got state %v, want approved", got)
		}
		if got := put(w.rich, buttons+","+strings.Replace(parts, "덧붙임", "덧붙인 말", 1)).is(200).json()["state"]; got != "draft" {
			t.Errorf("other words: got state %v, want draft", got)
		}
	})
}

func TestOnlyOperatorsSetTheStateOfATemplate(t *testing.T) {
	w := onSQLite(t)
	const draft = `{"code":"T","channel":"@demo","body":"x","state":"draft"}`
	const approved = `{"code":"T","channel":"@demo","body":"x","state":"approved"}`
	w.post("/v1/templates", approved).refused(403, "forbidden")
	w.post("/v1/templates", draft).is(201)
	put := func(token, path, body string) got {
		return w.do(ask{method: "PUT", path: path, token: token, body: body})
	}
	put(w.rich, "/v1/templates/T", approved).refused(403, "forbidden")
	if got := put(w.operator, "/v1/templates/T?site=rich", approved).is(200).json()["state"]; got != "approved" {
		t.Errorf("got state %v, want approved", got)
	}
	if got := put(w.rich, "/v1/templates/T", approved).is(200).json()["state"]; got != "approved" {
		t.Errorf("written back as it was read: got state %v, want approved", got)
	}
	if got := put(w.rich, "/v1/templates/T", `{"channel":"@demo","body":"x","name":"other name"}`).is(200).json()["state"]; got != "approved" {
		t.Errorf("a new name: got state %v, want approved", got)
	}
	if got := put(w.rich, "/v1/templates/T", `{"channel":"@demo","body":"new wording","state":"approved"}`).is(200).json()["state"]; got != "draft" {
		t.Errorf("new wording: got state %v, want draft", got)
	}
	reader := w.token("", "templates:write")
	put(reader, "/v1/templates/T?site=rich", approved).refused(403, "forbidden")
}

func TestATemplateThatIsWrongIsRefusedAtItsPlace(t *testing.T) {
	w := onSQLite(t)
	for _, c := range []struct{ body, pointer string }{
		{`{"code":"a b","channel":"@demo","body":"x"}`, "/code"},
		{`{"code":"T","body":"x"}`, "/channel"},
		{`{"code":"T","channel":"@demo","body":""}`, "/body"},
		{`{"code":"T","channel":"@demo","body":5}`, "/body"},
		{`{"code":"T","channel":"@demo","body":"x","state":"good"}`, "/state"},
		{`{"code":"T","channel":"@demo","body":"x","colour":"red"}`, "/colour"},
		{`{"code":"T","channel":"@demo","body":"x","buttons":[{"type":"WL","name":"x"}]}`, "/buttons/0/url_mobile"},
		{`{"code":"T","channel":"@demo","body":"x","buttons":[{"type":"WL","name":"x","url_mobile":5}]}`, "/buttons/0/url_mobile"},
	} {
		if got := w.post("/v1/templates", c.body).refused(422, "validation"); !slices.Contains(got, c.pointer) {
			t.Errorf("%s: got errors at %q, want %q", c.body, got, c.pointer)
		}
	}
	for _, body := range []string{"", "{", `{"code":"T","channel":"@demo","body":"\u0000"}`, "\xff"} {
		w.post("/v1/templates", body).refused(400, "malformed")
	}
}

func TestASenderIsRequestedBySitesAndApprovedByOperators(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		made := w.post("/v1/senders", `{"number":"02-700-1234"}`).is(201).json()
		if made["number"] != "027001234" || made["state"] != "requested" || made["default"] != false {
			t.Errorf("got %v, want the number requested", made)
		}
		w.post("/v1/senders", `{"number":"027001234"}`).refused(409, "already_exists")
		w.post("/v1/senders", `{"number":"027005678","state":"approved"}`).refused(403, "forbidden")
		w.post("/v1/senders", `{"number":"hello"}`).refused(422, "validation")
		put := func(token, query, state string) got {
			return w.do(ask{method: "PUT", path: "/v1/senders/02-700-1234" + query, token: token, body: fmt.Sprintf(`{"state":%q}`, state)})
		}
		put(w.rich, "", "approved").refused(403, "forbidden")
		put(w.rich, "", "requested").is(200)
		put(w.operator, "?site=rich", "lovely").refused(422, "validation")
		if got := put(w.operator, "?site=rich", "approved").is(200).json()["state"]; got != "approved" {
			t.Errorf("got state %v, want approved", got)
		}
		w.post("/v1/messages", with(`"from":"02-700-1234"`)).is(202)
		if got := w.get("/v1/senders/027001234").is(200).json()["state"]; got != "approved" {
			t.Errorf("got state %v, want approved", got)
		}
		w.get("/v1/senders/hello").refused(404, "not_found")
		w.do(ask{method: "DELETE", path: "/v1/senders/027001234", token: w.rich}).is(204)
		w.do(ask{method: "PUT", path: "/v1/senders/027001234?site=rich", token: w.operator, body: `{"state":"approved"}`}).refused(404, "not_found")
		w.do(ask{method: "POST", path: "/v1/senders?site=rich", token: w.operator, body: `{"number":"027009999","state":"approved"}`}).is(201)
	})
}

func TestAKakaoChannelIsWrittenReadAndRemoved(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		made := w.post("/v1/kakao-channels", `{"name":"@한글채널","sender_key":"KEY","providers":{"solapi":"KA01"}}`).is(201).json()
		if made["name"] != "@한글채널" || made["sender_key"] != "KEY" {
			t.Errorf("got %v, want the channel", made)
		}
		w.post("/v1/kakao-channels", `{"name":"@한글채널","sender_key":"KEY"}`).refused(409, "already_exists")
		w.post("/v1/kakao-channels", `{"name":"demo","sender_key":"KEY"}`).refused(422, "validation")
		const path = "/v1/kakao-channels/@%ED%95%9C%EA%B8%80%EC%B1%84%EB%84%90"
		if got := w.do(ask{method: "PUT", path: path, token: w.rich, body: `{"sender_key":"NEW"}`}).is(200).json(); got["sender_key"] != "NEW" || got["created_at"] != made["created_at"] {
			t.Errorf("got %v, want the new key", got)
		}
		w.do(ask{method: "PUT", path: path, token: w.rich, body: `{"name":"@other","sender_key":"NEW"}`}).refused(422, "validation")
		if got := w.get(path).is(200).json()["sender_key"]; got != "NEW" {
			t.Errorf("got key %v, want NEW", got)
		}
		w.do(ask{method: "DELETE", path: path, token: w.rich}).is(204)
		w.get(path).refused(404, "not_found")
	})
}
