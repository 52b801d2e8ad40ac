package api

import (
	"fmt"
	"strings"
	"testing"
)

func TestOptOutsAreAddedListedAndTakenBack(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		added := w.post("/v1/opt-outs", `{"to":"010-1111-2222"}`).is(201).json()
		if added["to"] != "01011112222" || added["scope"] != "advertising" || added["source"] != "api" || !strings.HasPrefix(fmt.Sprint(added["id"]), "opt_") {
			t.Errorf("added %v", added)
		}
		w.post("/v1/opt-outs", `{"to":"01011113333","scope":"all"}`).is(201)
		wider := w.post("/v1/opt-outs", `{"to":"01011112222","scope":"all"}`).is(201).json()
		if wider["id"] != added["id"] || wider["scope"] != "all" {
			t.Errorf("widened to %v, of %v", wider, added)
		}
		page := w.get("/v1/opt-outs?limit=1").is(200).json()
		if rows := w.get(fmt.Sprintf("/v1/opt-outs?limit=1&cursor=%v", page["next_cursor"])).rows(); len(rows) != 1 {
			t.Errorf("the second page has %d rows", len(rows))
		}
		if got := w.get("/v1/opt-outs/010-1111-3333").is(200).json(); got["scope"] != "all" {
			t.Errorf("got %v", got)
		}
		w.do(ask{method: "DELETE", path: "/v1/opt-outs/01011113333", token: w.rich}).is(204)
		w.do(ask{method: "DELETE", path: "/v1/opt-outs/01011113333", token: w.rich}).refused(404, "not_found")
		w.get("/v1/opt-outs/hello").refused(404, "not_found")
		w.post("/v1/opt-outs", `{"to":"02-123-4567"}`).refused(422, "validation")
		w.post("/v1/opt-outs", `{"to":"01011112222","scope":"some"}`).refused(422, "validation")
		if strings.Contains(w.log.String(), "11112222") {
			t.Error("a number is in the log")
		}
	})
}

func TestAListOfOptOutsIsImportedInEachForm(t *testing.T) {
	w := onSQLite(t)
	for _, c := range []struct{ media, body string }{
		{"text/csv", "수신거부번호,등록일\n010-2000-0001,2026-12-01\n02-111,x\n"},
		{"text/plain; charset=utf-8", "01020000002\n02-111-2222\n"},
		{"application/x-ndjson", `{"to":"01020000003","scope":"all"}` + "\n" + `{"to":"x"}` + "\n"},
	} {
		got := w.do(ask{method: "POST", path: "/v1/opt-outs/import", token: w.rich, body: c.body, media: c.media}).is(200).json()
		if got["total"] != 2.0 || got["added"] != 1.0 || got["rejected"] != 1.0 {
			t.Errorf("%s: got %v", c.media, got)
		}
	}
	if rows := w.get("/v1/opt-outs").rows(); len(rows) != 3 {
		t.Errorf("%d are on the list, want 3", len(rows))
	}
	w.do(ask{method: "POST", path: "/v1/opt-outs/import", token: w.rich, body: "{}", media: "application/json"}).refused(415, "unsupported_media_type")
	w.do(ask{method: "POST", path: "/v1/opt-outs/import?scope=x", token: w.rich, body: "번호\n", media: "text/csv"}).refused(422, "validation")
	w.do(ask{method: "POST", path: "/v1/opt-outs/import", token: w.rich, body: "이름\n김\n", media: "text/csv"}).refused(422, "no_phone_column")
	w.do(ask{method: "POST", path: "/v1/opt-outs/import?column=이름", token: w.rich, body: "이름\n01020000004\n", media: "text/csv"}).is(200)
	t.Setenv("TMPDIR", t.TempDir()+"/nowhere")
	w.do(ask{method: "POST", path: "/v1/opt-outs/import", token: w.rich, body: "01020000005\n", media: "text/csv"}).refused(503, "unavailable")
}

func TestWhoOptedOutIsARejectionOfTheMessage(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.post("/v1/opt-outs", `{"to":"010-1234-5678","scope":"all"}`).is(201)
		for i := range 2 { // the second goes by what the first has learnt
			got := w.post("/v1/messages", to(`{"to":"01012345678"},{"to":"01012345679"}`)).is(202).json()
			if by := got["rejected_by_code"].(map[string]any); by["opted_out"] != 1.0 {
				t.Errorf("message %d: rejected %v", i, by)
			}
		}
		w.post("/v1/messages", text).refused(422, "no_recipients")
		w.do(ask{method: "DELETE", path: "/v1/opt-outs/01012345678", token: w.rich}).is(204)
		w.post("/v1/messages", text).is(202)
	})
}

func TestSendingRulesAreSetAndSentBy(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		first := w.get("/v1/sending-rules").is(200).json()
		if first["opt_out_number"] != nil || fmt.Sprint(first["night"]) != "map[from:20:50 until:08:00]" {
			t.Errorf("at first: %v", first)
		}
		put := func(body string) got {
			return w.do(ask{method: "PUT", path: "/v1/sending-rules", token: w.rich, body: body})
		}
		put(`{"opt_out_number":"02-123-4567"}`).refused(422, "validation")
		if set := put(`{"opt_out_number":"080-123-4567"}`).is(200).json(); set["opt_out_number"] != "0801234567" {
			t.Errorf("set: %v", set)
		}
		put(`{}`).is(200)
		advert := strings.Replace(with(`"advertising":true,"consent_evidence":"our records"`), `"recipients"`, `"scheduled_at":null,"recipients"`, 1)
		w.post("/v1/messages", advert).is(202)
		if none := put(`{"opt_out_number":""}`).is(200).json(); none["opt_out_number"] != nil {
			t.Errorf("taken back: %v", none)
		}
		w.post("/v1/messages", advert).refused(422, "validation")
	})
}

func TestConsentsComeWithTheRecipients(t *testing.T) {
	w := onSQLite(t)
	body := strings.Replace(ad, `[{"to":"01012345678"}]`, `[{"to":"01012345678","consent_at":"2026-01-05T00:00:00+09:00","night_consent":true},{"to":"01012345679","consent_at":null},{"to":"01012345670","consent_at":"2099-01-01T00:00:00Z"}]`, 1)
	for form, got := range map[string]map[string]any{
		"JSON": w.post("/v1/messages", body).is(202).json(),
		"NDJSON": w.do(ask{method: "POST", path: "/v1/messages", token: w.rich, media: "application/x-ndjson",
			body: `{"strategy":"sms_only","text":{"body":"세일","advertising":true,"opt_out_number":"0801234567"}}` + "\n" +
				`{"to":"01012345678","consent_at":"2026-01-05T00:00:00Z"}` + "\n" + `{"to":"01012345679"}` + "\n" + `{"to":"01012345670","night_consent":true}` + "\n"}).is(202).json(),
	} {
		if by := got["rejected_by_code"].(map[string]any); by["no_consent"] != 2.0 {
			t.Errorf("%s: rejected %v, want two without consent", form, by)
		}
	}
	w.do(ask{method: "POST", path: "/v1/messages", token: w.rich, media: "application/x-ndjson",
		body: `{"strategy":"sms_only","text":{"body":"세일"}}` + "\n" + `{"to":"01012345678","consent_at":"yes"}` + "\n"}).refused(422, "validation")
}

func TestTheSameWordsGoToANumberOnceWithinTheWindow(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		put := func(body string) got {
			return w.do(ask{method: "PUT", path: "/v1/sending-rules", token: w.rich, body: body})
		}
		w.post("/v1/messages", text).is(202)
		w.post("/v1/messages", text).is(202) // there is no window yet
		put(`{"duplicate_window":-1}`).refused(422, "validation")
		put(`{"duplicate_window":604801}`).refused(422, "validation")
		if set := put(`{"duplicate_window":600}`).is(200).json(); set["duplicate_window"] != 600.0 {
			t.Errorf("set: %v", set)
		}
		keyed := ask{method: "POST", path: "/v1/messages", token: w.rich, body: text, key: "once"}
		first := w.do(keyed).is(202).json()
		if again := w.do(keyed).is(202).json(); again["id"] != first["id"] {
			t.Errorf("the same request again is message %v, was %v", again["id"], first["id"])
		}
		w.post("/v1/messages", text).refused(422, "no_recipients")
		got := w.post("/v1/messages", strings.Replace(text, `"recipients":[`, `"recipients":[{"to":"01099998888"},`, 1)).is(202).json()
		if by := got["rejected_by_code"].(map[string]any); by["duplicate_recently"] != 1.0 {
			t.Errorf("rejected %v", by)
		}
		put(`{"duplicate_window":0}`).is(200)
		w.post("/v1/messages", text).is(202)
	})
}
