package api

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/sheet"
)

// put and remove are requests of rich.
func (w *world) put(path, body string) got {
	w.t.Helper()
	return w.do(ask{method: "PUT", path: path, token: w.rich, body: body})
}

func (w *world) remove(path string) got {
	w.t.Helper()
	return w.do(ask{method: "DELETE", path: path, token: w.rich})
}

// made posts something and gives its id.
func (w *world) made(path, body string) string {
	w.t.Helper()
	return w.post(path, body).is(201).json()["id"].(string)
}

func TestAContactIsWrittenReadAndErased(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		vip, all := w.made("/v1/groups", `{"name":"VIP"}`), w.made("/v1/groups", `{"name":"전체"}`)
		c := w.post("/v1/contacts", `{"to":"010-1234-5678","name":"김하나","variables":{"등급":"골드"},"consent":{"at":"2026-01-01T09:00:00+09:00","evidence":"가입 화면","night":true},"groups":["`+vip+`","`+all+`"]}`).is(201).json()
		path := "/v1/contacts/" + c["id"].(string)
		want := map[string]any{"id": c["id"], "to": "01012345678", "name": "김하나", "variables": map[string]any{"등급": "골드"}, "groups": []any{vip, all},
			"consent": map[string]any{"at": "2026-01-01T00:00:00.000000Z", "evidence": "가입 화면", "night": true}, "created_at": c["created_at"], "changed_at": c["created_at"]}
		if diff := cmp.Diff(want, w.get(path).is(200).json()); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
		w.post("/v1/contacts", `{"to":"01012345678"}`).refused(409, "already_exists")
		changed := w.put(path, `{"to":"010-8765-4321"}`).is(200).json()
		if changed["to"] != "01087654321" || changed["name"] != "" || changed["consent"] != nil || len(changed["groups"].([]any)) != 2 {
			t.Errorf("replaced by %v", changed)
		}
		if rows := w.get("/v1/contacts?to=010-8765-4321").rows(); len(rows) != 1 || rows[0]["id"] != c["id"] {
			t.Errorf("found by number: %v", rows)
		}
		if rows := w.get("/v1/contacts?to=010-1234-5678").rows(); len(rows) != 0 {
			t.Errorf("found by its old number: %v", rows)
		}
		if rows := w.do(ask{method: "GET", path: "/v1/contacts", token: w.poor}).rows(); len(rows) != 0 {
			t.Errorf("another site sees %v", rows)
		}
		w.remove(path).is(204)
		w.remove(path).refused(404, "not_found")
		w.get(path).refused(404, "not_found")
		if members := w.get("/v1/groups/" + vip).json()["members"]; members != 0.0 {
			t.Errorf("the group has %v members", members)
		}
	})
}

func TestGroupsAndTheirMembersArePaged(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		g := w.made("/v1/groups", `{"name":"VIP"}`)
		w.made("/v1/groups", `{"name":"단골"}`)
		w.post("/v1/groups", `{"name":"VIP"}`).refused(409, "already_exists")
		var ids []string
		for i := range 3 {
			ids = append(ids, w.made("/v1/contacts", fmt.Sprintf(`{"to":"0101234567%d"}`, i)))
		}
		joined := w.post("/v1/groups/"+g+"/members", `{"contacts":["`+strings.Join(ids, `","`)+`"]}`).is(200).json()
		if joined["added"] != 3.0 || joined["members"] != 3.0 {
			t.Errorf("joined %v", joined)
		}
		if got := w.post("/v1/groups/"+g+"/members", `{"contacts":["`+ids[0]+`","x"]}`).refused(422, "validation"); got[0] != "/contacts/1" {
			t.Errorf("got errors at %v", got)
		}
		for path, want := range map[string]int{"/v1/groups": 2, "/v1/contacts": 3, "/v1/groups/" + g + "/members": 3} {
			seen, cursor := 0, ""
			for {
				page := w.get(path + "?limit=1&cursor=" + cursor)
				seen += len(page.rows())
				if cursor = page.cursor(); cursor == "" {
					break
				}
			}
			if seen != want {
				t.Errorf("%s: %d rows, want %d", path, seen, want)
			}
		}
		w.remove("/v1/groups/" + g + "/members/" + ids[1]).is(204)
		w.remove("/v1/groups/"+g+"/members/"+ids[1]).refused(404, "not_found")
		if got := w.put("/v1/groups/"+g, `{"name":"귀빈"}`).is(200).json(); got["name"] != "귀빈" || got["members"] != 2.0 {
			t.Errorf("renamed %v", got)
		}
		w.remove("/v1/groups/" + g).is(204)
		w.get("/v1/groups/"+g+"/members").refused(404, "not_found")
		w.drain()
		if rows := w.get("/v1/contacts").rows(); len(rows) != 3 {
			t.Errorf("%d contacts are left, want all", len(rows))
		}
	})
}

func TestAListIsTakenIntoTheBookAndGivenOut(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		g := w.made("/v1/groups", `{"name":"VIP"}`)
		list := formPart{"list", "이름,전화번호,등급,야간동의\n김하나,010-1234-5678,골드,y\n이두리,02-1,실버,\n\n박세나,01087654321,실버,\n"}
		parts := []formPart{list, {"groups", g}, {"consent_at", "2026-01-01"}, {"consent_evidence", "가입 화면"}}
		first := w.form("/v1/contacts/import", "k", parts...).is(200)
		want := map[string]any{"rows": 3.0, "created": 2.0, "updated": 0.0, "unchanged": 0.0, "joined": 2.0, "rejected": 1.0,
			"rejected_by_code": map[string]any{"invalid_number": 1.0}, "rejections_truncated": false,
			"rejections": []any{map[string]any{"line": 3.0, "to": "02-1", "code": "invalid_number", "detail": "not a Korean mobile number (010 and eight digits)"}}}
		if diff := cmp.Diff(want, first.json()); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
		if again := w.form("/v1/contacts/import", "k", parts...).is(200); !bytes.Equal(again.body, first.body) || again.header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("the repeat got %s", again.body)
		}
		w.form("/v1/contacts/import", "k", list).refused(422, "idempotency_mismatch")
		book := bookOf(t, []any{"전화번호", "등급"}, []any{1099998888, "실버"})
		if got := w.form("/v1/groups/"+g+"/import", "", formPart{"list", book}, formPart{"sheet", "명단"}).is(200).json(); got["created"] != 1.0 || got["joined"] != 1.0 {
			t.Errorf("into a group: %v", got)
		}
		csv := w.get("/v1/groups/" + g + "/export").is(200)
		text := "\ufeff전화번호,이름,수신동의일시,동의근거,야간수신동의,등급\r\n010-1234-5678,김하나,2026-01-01 00:00,가입 화면,Y,골드\r\n010-8765-4321,박세나,2026-01-01 00:00,가입 화면,N,실버\r\n010-9999-8888,,,,,실버\r\n"
		if diff := cmp.Diff(text, string(csv.body)); diff != "" || !strings.Contains(csv.header.Get("Content-Disposition"), ".csv") {
			t.Errorf("%v -want +got\n%s", csv.header, diff)
		}
		xlsx := w.get("/v1/contacts/export?format=xlsx").is(200)
		b, err := sheet.OpenBook(bytes.NewReader(xlsx.body), int64(len(xlsx.body)), sheet.Options{})
		w.must(err)
		r, err := b.Reader()
		w.must(err)
		defer func() { _ = r.Close() }()
		if row, err := r.Next(); err != nil || row.To != "010-1234-5678" {
			t.Errorf("the workbook begins with %+v, %v", row, err)
		}
	})
}

func TestAListThatTheBookCannotTakeIsRefused(t *testing.T) {
	w := onSQLite(t)
	g := w.made("/v1/groups", `{"name":"VIP"}`)
	list := formPart{"list", "to,이름\n01012345678,김하나\n"}
	for _, c := range []struct {
		path    string
		parts   []formPart
		status  int
		code    string
		pointer string
	}{
		{"/v1/contacts/import", []formPart{list, {"groups", "x"}}, 422, "validation", "/groups/0"},
		{"/v1/contacts/import", []formPart{list, {"groups", strings.Replace(g, "grp_0", "grp_1", 1)}}, 422, "validation", "/groups/0"},
		{"/v1/groups/" + g + "/import", []formPart{list, {"groups", g}}, 422, "validation", "/groups"},
		{"/v1/groups/x/import", []formPart{list}, 404, "not_found", ""},
		{"/v1/groups/" + strings.Replace(g, "grp_0", "grp_1", 1) + "/import", []formPart{list}, 404, "not_found", ""},
		{"/v1/contacts/import", []formPart{list, {"message", "{}"}}, 422, "validation", "/message"},
		{"/v1/contacts/import", []formPart{list, {"consent_at", "yesterday"}}, 422, "validation", "/consent_at"},
		{"/v1/contacts/import", []formPart{list, {"consent_evidence", "x"}}, 422, "validation", "/consent_at"},
		{"/v1/contacts/import", []formPart{list, {"name_column", "성함"}}, 422, "validation", "/name_column"},
		{"/v1/contacts/import", []formPart{{"list", "이름\n김하나\n"}}, 422, "no_phone_column", "/lines/1"},
		{"/v1/contacts/import", []formPart{{"list", "\xff\xfe"}}, 422, "unsupported_encoding", "/lines/1"},
		{"/v1/contacts/import", nil, 422, "validation", "/list"},
	} {
		got := w.form(c.path, "", c.parts...).refused(c.status, c.code)
		if c.pointer != "" && (len(got) != 1 || got[0] != c.pointer) {
			t.Errorf("%s %v: got errors at %q, want %q", c.path, c.parts, got, c.pointer)
		}
	}
	w.post("/v1/contacts/import", "{}").refused(415, "unsupported_media_type")
	w.get("/v1/contacts/export?format=pdf").refused(422, "validation")
	w.get("/v1/groups/x/export").refused(404, "not_found")
	if rows := w.get("/v1/contacts").rows(); len(rows) != 0 {
		t.Errorf("%d contacts were kept", len(rows))
	}
}

func TestAMessageGoesToGroupsInEveryForm(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		g := w.made("/v1/groups", `{"name":"VIP"}`)
		for i := range 3 {
			w.made("/v1/contacts", fmt.Sprintf(`{"to":"0101234567%d","name":"김하나","groups":["%s"]}`, i, g))
		}
		const begin = `{"strategy":"sms_only","text":{"body":"#{이름}님"},"groups":["`
		one := `{"to":"01012345671","variables":{"이름":"손으로"}}`
		for name, r := range map[string]got{
			"groups alone":   w.post("/v1/messages", begin+g+`"]}`),
			"with more":      w.post("/v1/messages", begin+g+`"],"recipients":[`+one+`]}`),
			"in lines":       w.lines("", strings.NewReader(begin+g+"\"]}\n"+one)),
			"lines of none":  w.lines("", strings.NewReader(begin+g+"\"]}\n")),
			"with a list":    w.form("/v1/messages", "", formPart{"message", begin + g + `"]}`}, formPart{"list", "to,이름\n01012345671,손으로\n"}),
			"a second alike": w.post("/v1/messages", begin+g+`"]}`), // whose caller is remembered
		} {
			reply := r.is(202).json()
			tally := reply["recipients"].(map[string]any)
			if tally["accepted"] != 3.0 || tally["total"].(float64)-tally["duplicate"].(float64) != 3 {
				t.Errorf("%s: %v", name, tally)
			}
		}
		for name, r := range map[string]got{
			"groups": w.post("/v1/messages/estimate", begin+g+`"]}`),
			"lines":  w.do(ask{method: "POST", path: "/v1/messages/estimate", token: w.rich, media: "application/x-ndjson", body: begin + g + "\"]}\n" + one}),
			"a list": w.form("/v1/messages/estimate", "", formPart{"message", begin + g + `"]}`}, formPart{"list", "to,이름\n01012345671,손으로\n"}),
		} {
			if quote := r.is(200).json(); quote["recipients"] != 3.0 {
				t.Errorf("estimate of %s: %v", name, quote)
			}
		}
		for body, pointer := range map[string]string{
			begin + `x"]}`:                                   "/groups/0",
			begin + g + `","` + g + `"]}`:                    "/groups/1",
			begin + g + `"],"recipient_count":5}`:            "/recipient_count",
			`{"strategy":"sms_only","groups":"x"}`:           "/groups",
			`{"strategy":"sms_only","groups":[5]}`:           "/groups/0",
			begin + strings.Repeat(g+`","`, 101) + g + `"]}`: "/groups/100",
		} {
			path := "/v1/messages"
			if strings.Contains(body, "recipient_count") {
				path += "/estimate"
			}
			if got := w.post(path, body).refused(422, "validation"); got[0] != pointer {
				t.Errorf("%.80s: got errors at %v, want %s", body, got, pointer)
			}
		}
		empty := w.made("/v1/groups", `{"name":"빈 그룹"}`)
		w.post("/v1/messages", begin+empty+`"]}`).refused(422, "no_recipients")
		w.post("/v1/messages", `{"strategy":"sms_only","text":{"body":"x"},"groups":[]}`).refused(422, "no_recipients")
	})
}
