package api

import (
	"slices"
	"strings"
	"testing"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/message"
	"creditmsg/internal/queue"
	"creditmsg/internal/sandbox"
)

// newSandbox makes test mode over a world.
func newSandbox(w *world) *sandbox.Service {
	return sandbox.New(w.d, w.keys, w.ledger, w.queue, w.deps.Kakao, sandbox.Options{
		Shifts: sandbox.Shifts(w.messages, w.delivery, w.billing, w.series, w.deps.Kakao, w.deps.Webhooks), Busy: w.delivery.Busy,
		Channel: func(string, string) map[string]string {
			return map[string]string{"solapi.test": "KA01PF260101000000000AbCdEfGhIjK"}
		},
		Template: func(string, string, map[string]string) map[string]message.ProviderTemplate {
			return map[string]message.ProviderTemplate{"solapi.test": {ChannelID: "KA01PF260101000000000AbCdEfGhIjK", TemplateID: "KA01TP260101000000000LmNoPqRsTuV"}}
		},
	})
}

// testToken gives the secret of a token of the test site of rich.
func (w *world) testToken(abilities string) string {
	w.t.Helper()
	made := w.post("/v1/test/tokens", `{"name":"tests","abilities":[`+abilities+`]}`).is(201).json()
	if made["site"] != "rich.test" || !strings.HasPrefix(made["token"].(string), "cm_test_") {
		w.t.Errorf("got %v", made)
	}
	return made["token"].(string)
}

func TestATokenMakesTokensOfItsTestSite(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		token := w.testToken(`"*"`)
		credit := w.do(ask{method: "GET", path: "/v1/credit", token: token}).is(200).json()
		if credit["available"] != "100000.00" || credit["prices"].(map[string]any)["sms"] != "18.00" {
			t.Errorf("the test site has %v", credit)
		}
		w.do(ask{method: "POST", path: "/v1/test/credit", token: token, body: `{"amount":"5000"}`}).is(201)
		if credit := w.do(ask{method: "GET", path: "/v1/credit", token: token}).is(200).json(); credit["available"] != "105000.00" {
			t.Errorf("after more: %v", credit["available"])
		}
		if credit := w.get("/v1/credit").is(200).json(); credit["available"] != "150000.00" {
			t.Errorf("the live site has %v", credit["available"])
		}
		if site := w.post("/v1/test", "").is(200).json(); site["id"] != "rich.test" || site["name"] != "rich (test)" {
			t.Errorf("got %v", site)
		}
		// Neither sees what is the other's.
		w.do(ask{method: "GET", path: "/v1/credit?site=rich", token: token}).refused(404, "not_found")
		w.do(ask{method: "GET", path: "/v1/credit?site=rich.test", token: w.rich}).refused(404, "not_found")
		w.do(ask{method: "GET", path: "/v1/credit?site=rich.test", token: w.operator}).is(200)

		narrow := w.token("rich", "tokens:write", "messages:read")
		w.do(ask{method: "POST", path: "/v1/test/tokens", token: narrow, body: `{"name":"x","abilities":["messages:read"]}`}).is(201)
		for _, more := range []string{"messages:write", "*", "operator"} {
			w.do(ask{method: "POST", path: "/v1/test/tokens", token: narrow, body: `{"name":"x","abilities":["` + more + `"]}`}).refused(403, "forbidden")
		}
		w.do(ask{method: "POST", path: "/v1/test/tokens?site=poor", token: w.operator, body: `{"name":"x","abilities":["*"]}`}).is(201)
	})
}

// TestARepeatOfAnAdvanceDoesNotWait: what waits may take half a minute, and it is over.
func TestARepeatOfAnAdvanceDoesNotWait(t *testing.T) {
	w := onSQLite(t)
	token := w.testToken(`"*"`)
	advance := ask{method: "POST", path: "/v1/test/clock/advance", token: token, key: "once", body: `{"by":"1h","wait":true}`}
	first := w.do(advance).is(200)
	// Work that nobody does: a wait for it would last its whole time, and end as refused.
	w.update(func(tx *db.Tx) error {
		return w.queue.Put(tx, queue.Job{Lane: queue.Default, Kind: "nobody", Key: "x", Site: "rich.test"})
	})
	if again := w.do(advance).is(200); again.header.Get("Idempotent-Replayed") != "true" || string(again.body) != string(first.body) {
		t.Errorf("got %s, then %s", first.body, again.body)
	}
}

func TestTheClockOfATestSiteIsMovedOverHTTP(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		token := w.testToken(`"messages:write","messages:read"`)
		advance := func(body, key string) got {
			return w.do(ask{method: "POST", path: "/v1/test/clock/advance", token: token, body: body, key: key})
		}
		first := advance(`{"by":"73h"}`, "k1").is(200)
		if v := first.json(); v["ahead"] != "73h0m0s" || v["advanced_by"] != "73h0m0s" || v["jobs_due"] != 0.0 {
			t.Errorf("got %v", v)
		}
		again := advance(`{"by":"73h"}`, "k1").is(200)
		if string(again.body) != string(first.body) || again.header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("repeated: %s", again.body)
		}
		advance(`{"by":"73h"}`, "k1").is(200) // idempotency keys do not age with the clock
		if v := advance(`{"by":"PT30M","wait":true}`, "").is(200).json(); v["ahead"] != "73h30m0s" {
			t.Errorf("got %v", v)
		}
		shown := w.do(ask{method: "GET", path: "/v1/test/clock", token: token}).is(200).json()
		clock, err := time.Parse(time.RFC3339Nano, shown["clock"].(string))
		now, wrong := time.Parse(time.RFC3339Nano, shown["now"].(string))
		if err != nil || wrong != nil || clock.Sub(now) != 73*time.Hour+30*time.Minute {
			t.Errorf("the clock shows %v", shown)
		}
		for _, by := range []string{"", "0s", "-1h", "91d", "2161h", "P91D", "soon"} {
			if at := advance(`{"by":"`+by+`"}`, "").refused(422, "validation"); !slices.Contains(at, "/by") {
				t.Errorf("%q: complained about %v", by, at)
			}
		}
		w.post("/v1/test/clock/advance", `{"by":"1h"}`).refused(409, "state_conflict")
		w.get("/v1/test/clock").refused(409, "state_conflict")
		w.post("/v1/test/credit", `{"amount":"1"}`).refused(409, "state_conflict")
	})
}
