package api

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"
	"testing"
)

func TestBlockedWordsAreTheOperatorsAndShownToTheSite(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		as := func(method, path, body string) got {
			return w.do(ask{method: method, path: path, token: w.operator, body: body})
		}
		if done := as("POST", "/v1/blocked-words?site=*", `{"words":["카지노","도박"]}`).is(200).json(); done["added"] != 2.0 || done["unchanged"] != 0.0 {
			t.Errorf("for all: %v", done)
		}
		if done := as("POST", "/v1/blocked-words?site=rich", `{"words":["카 지 노","카.지.노","a/b"]}`).is(200).json(); done["added"] != 2.0 || done["unchanged"] != 1.0 {
			t.Errorf("for one: %v", done)
		}
		w.post("/v1/blocked-words", `{"words":["x"]}`).refused(403, "forbidden")
		w.do(ask{method: "GET", path: "/v1/blocked-words?site=*", token: w.rich}).refused(404, "not_found")
		as("POST", "/v1/blocked-words", `{"words":["x"]}`).refused(422, "validation")
		as("POST", "/v1/blocked-words?site=none", `{"words":["x"]}`).refused(404, "not_found")
		as("POST", "/v1/blocked-words?site=*", `{"words":[]}`).refused(422, "validation")
		if at := as("POST", "/v1/blocked-words?site=*", `{"words":["x","★"]}`).refused(422, "validation"); fmt.Sprint(at) != "[/words/1]" {
			t.Errorf("refused at %v", at)
		}
		var words []string
		for cursor := "?limit=1"; cursor != ""; {
			page := w.get("/v1/blocked-words" + cursor).is(200).json()
			row := page["data"].([]any)[0].(map[string]any)
			words = append(words, fmt.Sprint(row["word"], " ", row["list"]))
			if cursor = ""; page["next_cursor"] != nil {
				cursor = fmt.Sprintf("?limit=1&cursor=%v", page["next_cursor"])
			}
		}
		if want := "[a/b site 도박 installation 카 지 노 site 카지노 installation]"; fmt.Sprint(words) != want {
			t.Errorf("the site sees %v, want %s", words, want)
		}
		if rows := as("GET", "/v1/blocked-words?site=*", "").rows(); len(rows) != 2 {
			t.Errorf("for all there are %d, want 2", len(rows))
		}
		as("DELETE", "/v1/blocked-words/"+url.PathEscape("a/b")+"?site=rich", "").is(204)
		as("DELETE", "/v1/blocked-words/"+url.PathEscape("a/b")+"?site=rich", "").refused(404, "not_found")
	})
}

func TestABlockedWordIsARejection(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		keyed := ask{method: "POST", path: "/v1/blocked-words?site=*", token: w.operator, body: `{"words":["카지노"]}`, key: "once"}
		w.do(keyed).is(200)
		if again := w.do(keyed).is(200).json(); again["added"] != 1.0 {
			t.Errorf("the same request again: %v", again)
		}
		w.post("/v1/messages", text).is(202)
		bad := to(`{"to":"01012345678"}`)
		bad = strings.Replace(bad, "안녕하세요", "온라인 카-지-노", 1)
		for range 2 { // the second goes by what the first has learnt
			got := w.post("/v1/messages", bad)
			got.refused(422, "no_recipients")
			if !bytes.Contains(got.body, []byte("blocked_word")) || !bytes.Contains(got.body, []byte("카지노")) {
				t.Errorf("refused with %s", got.body)
			}
		}
		w.do(ask{method: "DELETE", path: "/v1/blocked-words/" + url.PathEscape("카지노") + "?site=*", token: w.operator}).is(204)
		w.post("/v1/messages", bad).is(202)
	})
}
