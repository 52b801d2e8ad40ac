package api

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestTheContractsExampleIsAcceptedAsItPromises(t *testing.T) {
	w := onSQLite(t)
	r := w.post("/v1/messages", exampleOrder).is(202)
	got := r.json()
	id, _ := got["id"].(string)
	at, _ := got["created_at"].(string)
	if _, err := time.Parse("2006-01-02T15:04:05.000000Z", at); err != nil || !strings.HasPrefix(id, "msg_") || len(id) != 30 {
		t.Fatalf("got id %q, created_at %q", id, at)
	}
	want := fmt.Sprintf(`{"id":%q,"status":"accepted","strategy":"alimtalk_first",`+
		`"recipients":{"total":1,"accepted":1,"duplicate":0,"rejected":0},`+
		`"rejections":[],"rejected_by_code":{},"rejections_truncated":false,"duplicates":[],`+
		`"planned":{"alimtalk":1,"sms":0,"lms":0,"mms":0},"fallback":{"sms":1,"lms":0,"mms":0},`+
		`"estimated_cost":"9.00","held":"18.00","scheduled_at":null,"created_at":%q}`+"\n", id, at)
	if string(r.body) != want {
		t.Errorf("got  %swant %s", r.body, want)
	}
	again := w.get("/v1/messages/" + id).is(200).json()
	if again["title"] != "11월 예약 안내" || fmt.Sprint(again["metadata"]) != "map[order:A-1]" || again["valid_for"] != 86400.0 || again["held"] != "18.00" {
		t.Errorf("got %v, want title, metadata, valid_for and held as they were asked for", again)
	}
}

// report tells what the vendor says of a leg.
func (w *world) report(body string, headers http.Header) got {
	w.t.Helper()
	return w.do(ask{method: "POST", path: "/webhooks/solapi", body: body, header: headers})
}

// secret is the proof that a report comes from the vendor.
func proof() http.Header {
	sum := sha1.Sum([]byte(hookSecret))
	return http.Header{"X-Solapi-Secret": {hex.EncodeToString(sum[:])}}
}

func TestADeliveredMessageShowsItsCostAndItsStory(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		id := w.send(text)["id"].(string)
		w.drain()
		logs := w.get("/v1/send-logs?message=" + id).rows()
		if len(logs) != 1 || logs[0]["status"] != "sent" || logs[0]["to"] != "01012345678" || !strings.HasPrefix(logs[0]["attempt_id"].(string), "att_") {
			t.Fatalf("got send log %v, want one line that is sent", logs)
		}
		reference := fmt.Sprintf("rich.%s.0.1.1", strings.TrimPrefix(id, "msg_"))
		w.report(fmt.Sprintf(`[{"statusCode":"4000","customFields":{"ref":%q},"dateReceived":"2026-11-22T05:00:00.000Z"}]`, reference), proof()).is(200)
		w.must(w.delivery.Drain(t.Context()))

		m := w.get("/v1/messages/" + id).is(200).json()
		counts, _ := m["counts"].(map[string]any)
		if m["status"] != "done" || counts["delivered"] != 1.0 || m["actual_cost"] != "18.00" || m["released"] != "0.00" || m["refunded"] != "0.00" || m["done_at"] == nil {
			t.Errorf("got %v, want it done for 18.00", m)
		}
		if got := fmt.Sprint(m["delivered_by"]); got != fmt.Sprint(map[string]any{"alimtalk": 0.0, "sms": 1.0, "lms": 0.0, "mms": 0.0}) {
			t.Errorf("got delivered by %s, want one by sms", got)
		}
		people := w.get("/v1/messages/" + id + "/recipients?status=delivered").rows()
		if len(people) != 1 || people[0]["cost"] != "18.00" || people[0]["provider"] != "solapi" || people[0]["reason"] != nil || people[0]["sent_at"] == nil || people[0]["reported_at"] == nil {
			t.Errorf("got recipients %v, want one delivered for 18.00", people)
		}
		usages := w.get("/v1/credit/usages?message=" + id).rows()
		if len(usages) != 1 || usages[0]["channel"] != "sms" || usages[0]["quantity"] != 1.0 || usages[0]["cost_per_unit"] != "18.00" ||
			usages[0]["total_cost"] != "18.00" || usages[0]["message_id"] != id || fmt.Sprint(usages[0]["refunds"]) != "[]" {
			t.Errorf("got usages %v, want one of 18.00 by sms", usages)
		}
		if got := w.get("/v1/credit").json(); got["balance"] != "149982.00" || got["held"] != "0.00" || got["auto_recharge"] != nil ||
			fmt.Sprint(got["prices"]) != "map[alimtalk:9.00 lms:45.00 mms:120.00 sms:18.00]" {
			t.Errorf("got credit %v, want 149982.00 and nothing held", got)
		}
		var kinds []string
		for _, e := range w.get("/v1/credit/entries").rows() {
			kinds = append(kinds, fmt.Sprint(e["kind"]))
		}
		if want := []string{"adjustment", "reserve", "settle"}; !slices.Equal(kinds, want) {
			t.Errorf("got entries %v, want %v", kinds, want)
		}
		story := w.get("/v1/messages/" + id + "/trace?to=010-1234-5678").rows()
		if len(story) < 5 || story[0]["kind"] != "accepted" || story[0]["at"] == nil {
			t.Errorf("got story %v, want it from accepted on", story)
		}
	})
}

func TestATraceNeedsANumberOfTheMessage(t *testing.T) {
	w := onSQLite(t)
	path := "/v1/messages/" + w.send(text)["id"].(string) + "/trace"
	for _, query := range []string{"", "?to=", "?to=hello"} {
		if got := w.get(path+query).refused(422, "validation"); !slices.Equal(got, []string{"/to"}) {
			t.Errorf("%q: got errors at %q, want /to", query, got)
		}
	}
	w.get(path+"?to=01099999999").refused(404, "not_found")
}

func TestAMessageIsPausedResumedRescheduledAndCancelled(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		soon := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
		r := w.send(over(fmt.Sprintf(`"scheduled_at":%q`, soon.Format(time.RFC3339))))
		path := "/v1/messages/" + r["id"].(string)
		if want := soon.Format("2006-01-02T15:04:05.000000Z"); r["status"] != "scheduled" || r["scheduled_at"] != want {
			t.Errorf("got %v at %v, want scheduled at %s", r["status"], r["scheduled_at"], want)
		}
		act := func(verb, want string) {
			t.Helper()
			for range 2 { // repeating it changes nothing
				if got := w.do(ask{method: "POST", path: path + "/" + verb, token: w.rich}).is(200).json()["status"]; got != want {
					t.Errorf("%s: got status %v, want %s", verb, got, want)
				}
			}
		}
		act("pause", "paused")
		act("resume", "scheduled")
		move := func(body string) got { return w.do(ask{method: "PATCH", path: path, token: w.rich, body: body}) }
		if got := move(fmt.Sprintf(`{"scheduled_at":%q}`, soon.Add(time.Hour).In(time.FixedZone("KST", 9*3600)).Format(time.RFC3339))).is(200).json()["scheduled_at"]; got != soon.Add(time.Hour).Format("2006-01-02T15:04:05.000000Z") {
			t.Errorf("got scheduled_at %v, want an hour later", got)
		}
		for _, body := range []string{`{}`, `{"scheduled_at":null}`, `{"scheduled_at":"tomorrow"}`, `{"scheduled_at":"2020-01-01T00:00:00Z"}`, `{"scheduled_at":"2099-01-01T00:00:00Z"}`, `{"scheduled_at":5}`} {
			move(body).refused(422, "validation")
		}
		if got := w.do(ask{method: "POST", path: path + "/cancel", token: w.rich}).is(200).json()["status"]; got != "cancelling" {
			t.Errorf("cancel: got status %v, want cancelling", got)
		}
		w.drain()
		act("cancel", "cancelled")
		m := w.get(path).json()
		if m["released"] != "18.00" || m["actual_cost"] != "0.00" || m["counts"].(map[string]any)["cancelled"] != 1.0 {
			t.Errorf("got %v, want everything released", m)
		}
		w.do(ask{method: "POST", path: path + "/pause", token: w.rich}).refused(409, "state_conflict")
		w.do(ask{method: "POST", path: path + "/resume", token: w.rich}).refused(409, "state_conflict")
		move(fmt.Sprintf(`{"scheduled_at":%q}`, soon.Format(time.RFC3339))).refused(409, "state_conflict")
	})
}

func TestAnEstimateHoldsNothing(t *testing.T) {
	w := onSQLite(t)
	got := w.post("/v1/messages/estimate", exampleOrder).is(200)
	const want = `{"estimated_cost":"9.00","expected_cost":"9.00","worst_case":"18.00",` +
		`"by_channel":{"alimtalk":{"count":1,"unit_price":"9.00","cost":"9.00"},"sms":{"count":0,"unit_price":"18.00","cost":"0.00"},"lms":{"count":0,"unit_price":"45.00","cost":"0.00"},"mms":{"count":0,"unit_price":"120.00","cost":"0.00"}},` +
		`"bytes":{"min":32,"max":32},"recipients":1,"rejected_by_code":{},"available":"150000.00","sufficient":true}` + "\n"
	if string(got.body) != want {
		t.Errorf("got  %swant %s", got.body, want)
	}
	count := w.post("/v1/messages/estimate", `{"strategy":"sms_only","text":{"body":"안녕"},"recipient_count":10000}`).is(200).json()
	if count["worst_case"] != "180000.00" || count["sufficient"] != false || count["recipients"] != 10000.0 {
		t.Errorf("got %v, want 180000.00, which is too much", count)
	}
	w.post("/v1/messages/estimate", strings.Replace(text, `"strategy"`, `"recipient_count":5,"strategy"`, 1)).refused(422, "validation")
	w.post("/v1/messages/estimate", `{"strategy":"sms_only","text":{"body":"x"},"recipient_count":0}`).refused(422, "validation")
	w.post("/v1/messages/estimate", `{"strategy":"sms_only","text":{"body":"x"},"recipient_count":1000001}`).refused(422, "validation")
	w.post("/v1/messages/estimate", `{"strategy":"sms_only","text":{"body":"x"}}`).refused(422, "no_recipients")
	w.post("/v1/messages/estimate", alimtalk("NONE")).refused(422, "unknown_template")
	if held := w.get("/v1/credit").json()["held"]; held != "0.00" {
		t.Errorf("got %v held, want nothing", held)
	}
}

func TestReportsAreCheckedForSizeThenSignatureThenAddress(t *testing.T) {
	w := onSQLite(t)
	w.report(strings.Repeat(" ", maxBody+1), nil).refused(413, "body_too_large")
	w.do(ask{method: "POST", path: "/webhooks/solapi", from: sized{strings.NewReader(strings.Repeat(" ", maxBody+1))}}).refused(413, "body_too_large")
	w.report(`[]`, nil).refused(401, "unauthenticated")
	w.report(`[]`, http.Header{"X-Solapi-Secret": {strings.Repeat("0", 40)}}).refused(401, "unauthenticated")
	w.do(ask{method: "POST", path: "/webhooks/nobody", body: `[]`}).refused(404, "not_found")
	if got := w.report(`[]`, proof()).is(200); string(got.body) != "{\"status\":\"ok\"}\n" {
		t.Errorf("got %s, want status ok", got.body)
	}
	w.must(w.delivery.Drain(t.Context()))
	w.report(`[ ]`, proof()).refused(503, "unavailable")
}
