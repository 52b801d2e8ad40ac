package api

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

const lmsByKakao = `{"steps":[{"send":"alimtalk","when":{"text_is":["lms","mms"]}},{"send":"text"}]}`

func TestASiteHasStrategiesOfItsOwn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		put := func(name, body string) got {
			return w.do(ask{method: "PUT", path: "/v1/policies/" + name, token: w.rich, body: body})
		}
		put("lms-by-kakao", lmsByKakao).is(200)
		made := put("lms-by-kakao", lmsByKakao).is(200).json()
		if made["name"] != "lms-by-kakao" || fmt.Sprint(made["steps"]) != "[map[send:alimtalk when:map[text_is:[lms mms]]] map[send:text]]" {
			t.Errorf("made %v", made)
		}
		if rows := w.get("/v1/policies").rows(); len(rows) != 1 || rows[0]["name"] != "lms-by-kakao" {
			t.Errorf("listed %v", rows)
		}
		const message = `{"strategy":"policy","policy":"lms-by-kakao","alimtalk":{"template_code":"RESERVE_01"},"text":{"body":%q},
			"recipients":[{"to":"01012345678","variables":{"이름":"김하나"}}]}`
		for body, planned := range map[string]string{"#{이름}님": "map[alimtalk:0 lms:0 mms:0 sms:1]", strings.Repeat("가", 50): "map[alimtalk:1 lms:0 mms:0 sms:0]"} {
			sent := w.post("/v1/messages", fmt.Sprintf(message, body)).is(202).json()
			if fmt.Sprint(sent["planned"]) != planned || sent["policy"] != "lms-by-kakao" {
				t.Errorf("%s: planned %v by %v, want %s", body, sent["planned"], sent["policy"], planned)
			}
			if again := w.get("/v1/messages/" + sent["id"].(string)).is(200).json(); again["policy"] != "lms-by-kakao" || again["strategy"] != "policy" {
				t.Errorf("shown as %v by %v", again["policy"], again["strategy"])
			}
		}
		w.post("/v1/messages", strings.Replace(fmt.Sprintf(message, "가"), "lms-by-kakao", "another", 1)).refused(422, "validation")
		w.post("/v1/messages", strings.Replace(fmt.Sprintf(message, "가"), `"policy":"lms-by-kakao",`, "", 1)).refused(422, "validation")
		w.post("/v1/routing/what-if", `{"from":"2026-11-01","to":"2026-11-30","strategy":"policy","policy":"lms-by-kakao"}`).is(200)
		w.post("/v1/routing/what-if", `{"from":"2026-11-01","to":"2026-11-30","strategy":"policy","policy":"another"}`).refused(422, "validation")
		w.do(ask{method: "DELETE", path: "/v1/policies/lms-by-kakao", token: w.rich}).is(204)
		w.get("/v1/policies/lms-by-kakao").refused(404, "not_found")
		w.do(ask{method: "GET", path: "/v1/policies", token: w.poor}).is(200)
	})
}

func TestAPolicyThatCannotBeRightIsRefusedAtItsPlace(t *testing.T) {
	w := onSQLite(t)
	for body, place := range map[string]string{
		`{"steps":[{"send":"text"},{"send":"text","when":{"not_dearer":true}}]}`: "/steps/1",
		`{"steps":[{"send":"alimtalk","when":{"not_dearer":true}}]}`:             "/steps",
		`{"steps":[{"send":"alimtalk","when":{}},{"send":"text"}]}`:              "/steps/0/when",
		`{"steps":[]}`: "/steps",
		`{"steps":[{"send":"text","when":{"luck":true}}]}`: "/steps/0/when/luck",
	} {
		if got := w.do(ask{method: "PUT", path: "/v1/policies/x", token: w.rich, body: body}).refused(422, "validation"); !slices.Equal(got, []string{place}) {
			t.Errorf("%s: refused at %v, want %s", body, got, place)
		}
	}
	w.do(ask{method: "PUT", path: "/v1/policies/X%20Y", token: w.rich, body: lmsByKakao}).refused(422, "validation")
}
