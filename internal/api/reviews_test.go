package api

import (
	"bytes"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
)

// peopleOf are so many recipients.
func peopleOf(n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf(`{"to":"0105555%04d"}`, i))
	}
	return "[" + strings.Join(all, ",") + "]"
}

func TestAMessageIsApprovedByAnotherToken(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.do(ask{method: "PUT", path: "/v1/sending-rules", token: w.rich, body: `{"review_above":1}`}).is(200)
		sent := w.post("/v1/messages", `{"strategy":"sms_only","text":{"body":"안내"},"recipients":`+peopleOf(2)+`}`).is(202).json()
		id := sent["id"].(string)
		if sent["status"] != "review" {
			t.Errorf("it is %v, want review", sent["status"])
		}
		w.post("/v1/messages/"+id+"/approve", "").refused(403, "forbidden")
		writer, second := w.token("rich", "messages:write"), w.token("rich", "messages:approve", "messages:read")
		w.do(ask{method: "POST", path: "/v1/messages/" + id + "/approve", token: writer}).refused(403, "forbidden")
		for range 2 {
			done := w.do(ask{method: "POST", path: "/v1/messages/" + id + "/approve", token: second}).is(200).json()
			review, _ := done["review"].(map[string]any)
			if done["status"] != "accepted" || review["state"] != "approved" || !strings.HasPrefix(fmt.Sprint(review["decided_by"]), "tok_") || review["decided_by"] == review["asked_by"] {
				t.Errorf("approved: %v, %v", done["status"], review)
			}
		}
		w.do(ask{method: "POST", path: "/v1/messages/" + id + "/reject", token: second, body: `{"reason":"오타"}`}).refused(409, "state_conflict")
	})
}

// TestASeriesIsApprovedByAnotherTokenThanItsWriters has two people write a series one after the
// other, each of whom may approve.
func TestASeriesIsApprovedByAnotherTokenThanItsWriters(t *testing.T) {
	for _, engine := range dbtest.Engines() {
		t.Run(engine, func(t *testing.T) {
			var now atomic.Int64
			now.Store(time.Now().UnixMicro())
			w := newWorld(t, dbtest.Connect(t, dbtest.Migrated(t, engine), db.Options{Now: func() time.Time { return time.UnixMicro(now.Load()) }}))
			w.do(ask{method: "PUT", path: "/v1/sending-rules", token: w.rich, body: `{"review_above":1}`}).is(200)
			write := func() string { return w.token("rich", "messages:read", "messages:write", approving) }
			first, second := write(), write()
			body := `{"name":"매분","cron":"* * * * *","message":{"strategy":"sms_only","text":{"body":"안내"},"recipients":` + peopleOf(2) + `}}`
			path := "/v1/series/" + w.do(ask{method: "POST", path: "/v1/series", token: first, body: body}).is(201).json()["id"].(string)
			fired := func() string {
				now.Add(time.Minute.Microseconds())
				w.drain()
				return w.get(path + "/firings").rows()[0]["message_id"].(string)
			}
			approve := func(token, id string) got {
				return w.do(ask{method: "POST", path: "/v1/messages/" + id + "/approve", token: token})
			}
			id := fired()
			approve(first, id).refused(403, "forbidden")
			review, _ := approve(second, id).is(200).json()["review"].(map[string]any)
			if !strings.HasPrefix(fmt.Sprint(review["asked_by"]), "tok_") || review["asked_by"] == review["decided_by"] {
				t.Errorf("reviewed: %v", review)
			}
			record := w.get("/v1/messages/" + id + "/compliance").is(200).body
			if !bytes.Contains(record, []byte(strings.TrimPrefix(path, "/v1/series/"))) {
				t.Errorf("the record does not name the series that sent it: %s", record)
			}
			w.do(ask{method: "PUT", path: path, token: second, body: body}).is(200)
			id = fired()
			approve(second, id).refused(403, "forbidden")
			approve(first, id).is(200)
		})
	}
}

func TestWhoMayNotApproveCannotDoWithoutApproval(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		set := func(token, body string) got {
			return w.do(ask{method: "PUT", path: "/v1/sending-rules", token: token, body: body})
		}
		sender, second := w.token("rich", "messages:write", "optouts:write"), w.token("rich", "optouts:write", "messages:approve")
		set(sender, `{"review_above":5}`).refused(403, "forbidden")
		set(second, `{"review_above":1}`).is(200)
		for _, body := range []string{`{"review_above":0}`, `{"review_above":1000000}`, `{"review_above":0,"duplicate_window":60}`} {
			if got := set(sender, body).refused(403, "forbidden"); len(got) != 1 || got[0] != "/review_above" {
				t.Errorf("%s: errors at %q", body, got)
			}
		}
		if r := set(sender, `{"review_above":1,"duplicate_window":60}`).is(200).json(); r["review_above"] != 1.0 || r["duplicate_window"] != 60.0 {
			t.Errorf("the same one, and another rule: got %v", r)
		}
		w.do(ask{method: "PUT", path: "/v1/sending-rules?site=rich", token: w.operator, body: `{"review_above":0}`}).is(200)
	})
}

func TestAMessageIsTriedOutBeforeItIsSent(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const message = `{"strategy":"sms_only","text":{"body":"#{이름}님, 안내"},"scheduled_at":null,"send_window":{"from":"03:00","until":"03:01"},"per_minute":1,"recipients":%s}`
		sent := w.post("/v1/messages/test", fmt.Sprintf(message, peopleOf(10))).is(202).json()
		if sent["status"] != "accepted" {
			t.Errorf("it is %v, want accepted", sent["status"])
		}
		if again := w.get("/v1/messages/" + sent["id"].(string)).is(200).json(); again["test"] != true || again["title"] != "[테스트] " {
			t.Errorf("shown as %v, %q", again["test"], again["title"])
		}
		w.post("/v1/messages/test", fmt.Sprintf(message, peopleOf(11))).refused(422, "validation")
		w.post("/v1/messages/test", fmt.Sprintf(message, "[]")).refused(422, "no_recipients")
	})
}

func TestHoursAndPaceAreShownAndChecked(t *testing.T) {
	w := onSQLite(t)
	const message = `{"strategy":"sms_only","text":{"body":"안내"},%s,"recipients":[{"to":"01012345678"}]}`
	sent := w.post("/v1/messages", fmt.Sprintf(message, `"send_window":{"from":"09:00","until":"18:00"},"per_minute":600`)).is(202).json()
	again := w.get("/v1/messages/" + sent["id"].(string)).is(200).json()
	if fmt.Sprint(again["send_window"]) != "map[from:09:00 until:18:00]" || again["per_minute"] != 600.0 {
		t.Errorf("shown as %v, %v", again["send_window"], again["per_minute"])
	}
	for _, wrong := range []string{`"send_window":{"from":"9","until":"18:00"}`, `"send_window":{}`, `"send_window":{"from":"09:00","to":"18:00"}`, `"per_minute":0`, `"per_minute":1000001`, `"send_window":"day"`} {
		w.post("/v1/messages", fmt.Sprintf(message, wrong)).refused(422, "validation")
	}
}

func TestAMessageIsSentAgainToWhomItDidNotReach(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		id := w.send(text)["id"].(string)
		w.post("/v1/messages/"+id+"/resend-failed", "").refused(409, "state_conflict")
		w.drain()
		reference := fmt.Sprintf("rich.%s.0.1.1", strings.TrimPrefix(id, "msg_"))
		w.report(fmt.Sprintf(`[{"statusCode":"3059","customFields":{"ref":%q},"dateReceived":"2026-11-22T05:00:00.000Z"}]`, reference), proof()).is(200)
		w.must(w.delivery.Drain(t.Context()))
		first := w.post("/v1/messages/"+id+"/resend-failed", "").is(200).json()
		second := w.post("/v1/messages/"+id+"/resend-failed", "").is(200).json()
		if first["id"] == id || first["id"] != second["id"] || first["resends"] != id {
			t.Errorf("message %s was sent again as %v and %v, which resends %v", id, first["id"], second["id"], first["resends"])
		}
	})
}
