package api

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/message"
)

// titles are those of the saved texts, in their order.
func (w *world) titles(query string) (out []string) {
	w.t.Helper()
	for _, row := range w.get("/v1/saved-texts" + query).rows() {
		out = append(out, row["title"].(string))
	}
	return out
}

func TestSavedTextsStandInTheOrderOfTheirUses(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		save := func(title, more string) string {
			return w.made("/v1/saved-texts", fmt.Sprintf(`{"title":%q,%s}`, title, more))
		}
		first := save("인사", `"kind":"text","body":"안녕하세요","folder":"일반"`)
		second := save("예약", `"kind":"alimtalk","template_code":"RESERVE_01","body":"#{이름}님"`)
		third := save("광고", `"kind":"text","subject":"세일","body":"세일","advertising":true,"folder":"일반"`)
		if got := w.titles(""); !slices.Equal(got, []string{"광고", "예약", "인사"}) {
			t.Fatalf("unused they are %v", got)
		}
		for _, of := range []string{first, first, second} {
			w.send(strings.Replace(text, `{"strategy"`, `{"saved_text":"`+of+`","strategy"`, 1))
		}
		w.post("/v1/messages/test", strings.Replace(text, `{"strategy"`, `{"saved_text":"`+third+`","strategy"`, 1)).is(202)
		w.send(strings.Replace(text, `{"strategy"`, `{"saved_text":"stx_01k9zqm0v8e4t9w2n7c5r3x6yb","strategy"`, 1)) // which is gone
		w.drain()
		w.drain()
		if got := w.titles(""); !slices.Equal(got, []string{"인사", "예약", "광고"}) {
			t.Errorf("used they are %v", got)
		}
		one := w.get("/v1/saved-texts/" + first).is(200).json()
		if one["uses"] != 2.0 || one["last_used_at"] == nil || one["body"] != "안녕하세요" || one["kind"] != "text" || one["folder"] != "일반" {
			t.Errorf("the first is %v", one)
		}
		if got := w.get("/v1/saved-texts/" + third).json(); got["uses"] != 0.0 || got["last_used_at"] != nil || got["advertising"] != true {
			t.Errorf("what was tried out is %v", got)
		}
		if got := w.titles("?folder=%EC%9D%BC%EB%B0%98"); !slices.Equal(got, []string{"인사", "광고"}) {
			t.Errorf("in the folder are %v", got)
		}
		if got := w.titles("?kind=alimtalk"); !slices.Equal(got, []string{"예약"}) {
			t.Errorf("of Alimtalk are %v", got)
		}
		if got := w.walk("/v1/saved-texts", "id", 1); !slices.Equal(got, []string{first, second, third}) {
			t.Errorf("page by page they are %v", got)
		}
		// A use is nobody's change, and a change loses no use.
		tag := w.get("/v1/saved-texts/" + first).header.Get("ETag")
		w.send(strings.Replace(text, `{"strategy"`, `{"saved_text":"`+first+`","strategy"`, 1))
		w.drain()
		set := w.do(ask{method: "PUT", path: "/v1/saved-texts/" + first, token: w.rich, body: `{"title":"새 인사","kind":"text","body":"반갑습니다"}`, header: http.Header{"If-Match": {tag}}}).is(200).json()
		if set["uses"] != 3.0 || set["title"] != "새 인사" || set["folder"] != nil {
			t.Errorf("it was set to %v", set)
		}
		w.do(ask{method: "PUT", path: "/v1/saved-texts/" + first, token: w.rich, body: `{"title":"a","kind":"text","body":"b"}`, header: http.Header{"If-Match": {tag}}}).refused(412, "precondition_failed")
		w.do(ask{method: "GET", path: "/v1/saved-texts/" + first, token: w.poor}).refused(404, "not_found")
		w.remove("/v1/saved-texts/" + first).is(204)
		w.get("/v1/saved-texts/"+first).refused(404, "not_found")
		w.put("/v1/saved-texts/"+first, `{"title":"a","kind":"text","body":"b"}`).refused(404, "not_found")
	})
}

func TestASavedTextThatCannotBeRightIsRefused(t *testing.T) {
	w := onSQLite(t)
	for body, at := range map[string]string{
		`{"title":"a","kind":"text"}`:                                                       "[/body]",
		`{"title":"a","kind":"text","body":"b","template_code":"A"}`:                        "[/template_code]",
		`{"title":"a","kind":"alimtalk"}`:                                                   "[/template_code]",
		`{"title":"a","kind":"alimtalk","template_code":"A","subject":"s"}`:                 "[/body]",
		`{"title":"a","kind":"alimtalk","template_code":"A","advertising":true}`:            "[/advertising]",
		`{"title":"","kind":"text","body":"b"}`:                                             "[/title]",
		`{"title":"a","kind":"text","body":"b","attachments":["att_1"]}`:                    "[/attachments/0]",
		`{"title":"a","kind":"text","body":"` + strings.Repeat("가", 4001) + `"}`:            "[/body]",
		`{"title":"a","kind":"fax","body":"b"}`:                                             "[/kind]",
		`{"title":"a","kind":"text","body":"b","folder":"` + strings.Repeat("가", 41) + `"}`: "[/folder]",
	} {
		if got := w.post("/v1/saved-texts", body).refused(422, "validation"); fmt.Sprint(got) != at {
			t.Errorf("%.80s is refused at %v, want %s", body, got, at)
		}
	}
	w.post("/v1/messages", strings.Replace(text, `{"strategy"`, `{"saved_text":"x","strategy"`, 1)).refused(422, "validation")
}

func TestThePicturesOfASavedTextAreKept(t *testing.T) {
	w := onSQLite(t)
	first, second := w.attached(), w.putPicture("", "image/jpeg", photo(t, 200, 100)).is(201).json()["id"].(string)
	saved := w.made("/v1/saved-texts", fmt.Sprintf(`{"title":"a","kind":"text","body":"b","attachments":[%q]}`, first))
	w.remove("/v1/attachments/"+first).refused(409, "state_conflict")
	w.put("/v1/saved-texts/"+saved, fmt.Sprintf(`{"title":"a","kind":"text","body":"b","attachments":[%q]}`, second)).is(200)
	w.remove("/v1/attachments/" + first).is(204)
	w.put("/v1/saved-texts/"+saved, fmt.Sprintf(`{"title":"c","kind":"text","body":"b","attachments":[%q]}`, second)).is(200)
	w.remove("/v1/attachments/"+second).refused(409, "state_conflict")
	w.remove("/v1/saved-texts/" + saved).is(204)
	w.remove("/v1/attachments/" + second).is(204)
}

func TestASiteHasAThousandSavedTexts(t *testing.T) {
	w := onSQLite(t)
	w.update(func(tx *db.Tx) error {
		for i := range message.MostSaved {
			if _, err := w.messages.AddSaved(tx, "rich", message.SavedContent{Title: fmt.Sprint(i), Kind: message.SavedPlain, Body: "b"}); err != nil {
				return err
			}
		}
		return nil
	})
	w.post("/v1/saved-texts", aSavedText).refused(409, "state_conflict")
	if got := w.walk("/v1/saved-texts", "id", 200); len(got) != message.MostSaved || !slices.IsSortedFunc(got, func(a, b string) int { return strings.Compare(b, a) }) {
		t.Errorf("there are %d", len(got))
	}
	w.remove("/v1/saved-texts/" + w.walk("/v1/saved-texts", "id", 200)[0]).is(204)
	w.post("/v1/saved-texts", aSavedText).is(201)
	// They are sealed, and gone with their site.
	w.update(func(tx *db.Tx) error {
		if err := message.EraseSite(tx, "rich"); err != nil {
			return err
		}
		_, err := w.messages.FindSaved(tx, "rich", id.New())
		if left, err2 := w.messages.Saved(tx, "rich"); len(left) != 0 || err2 != nil || err == nil {
			t.Errorf("%d stay, %v", len(left), err2)
		}
		return nil
	})
}
