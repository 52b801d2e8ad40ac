package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"creditmsg/internal/db"
	"creditmsg/internal/event"
)

// endpoint adds an endpoint of rich and gives it with its secret.
func (w *world) endpoint(topics string) (of, secret string) {
	w.t.Helper()
	out := w.post("/v1/webhook-endpoints", `{"url":"https://shop.example/hooks","description":"주문","topics":[`+topics+`]}`).is(201).json()
	return out["endpoint"].(map[string]any)["id"].(string), out["secret"].(string)
}

func TestAnEndpointIsWrittenReadAndRemovedAndItsSecretIsShownOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		of, secret := w.endpoint(`"message.*","payment.paid"`)
		path := "/v1/webhook-endpoints/" + of
		if !strings.HasPrefix(of, "whk_") || !strings.HasPrefix(secret, "whsec_") {
			t.Errorf("got %s and %s", of, secret)
		}
		shown := w.get(path).is(200)
		if e := shown.json(); e["status"] != "enabled" || e["description"] != "주문" || e["sequence"] != 0.0 || e["reason"] != nil || e["waiting_since"] != nil {
			t.Errorf("got %v", e)
		}
		if strings.Contains(string(shown.body), "whsec_") {
			t.Error("the secret is shown again")
		}
		w.do(ask{method: "PATCH", path: path, token: w.rich, body: `{"topics":["*"],"description":""}`}).is(200)
		if e := w.get(path).json(); e["topics"].([]any)[0] != "*" || e["url"] != "https://shop.example/hooks" || e["description"] != "" {
			t.Errorf("changed to %v", e)
		}
		rotated := w.post(path+"/rotate-secret", "").is(200).json()
		if rotated["secret"] == secret || rotated["endpoint"].(map[string]any)["old_secret_until"] == nil {
			t.Errorf("rotated to %v", rotated)
		}
		if e := w.post(path+"/disable", "").is(200).json(); e["status"] != "disabled" || e["reason"] != "asked" || e["disabled_at"] == nil {
			t.Errorf("disabled: %v", e)
		}
		w.post(path+"/test", "").refused(409, "state_conflict")
		if e := w.post(path+"/enable", "").is(200).json(); e["status"] != "enabled" || e["reason"] != nil {
			t.Errorf("enabled: %v", e)
		}
		if rows := w.get("/v1/webhook-endpoints").rows(); len(rows) != 1 || rows[0]["id"] != of {
			t.Errorf("got the list %v", rows)
		}
		for _, method := range []string{"GET", "PATCH", "DELETE"} {
			w.do(ask{method: method, path: path, token: w.poor, body: map[bool]string{true: "{}"}[method == "PATCH"]}).refused(404, "not_found")
		}
		w.remove(path).is(204)
		w.get(path).refused(404, "not_found")
		w.post("/v1/webhook-endpoints", `{"url":"http://shop.example","topics":["*"]}`).refused(422, "validation")
		w.post("/v1/webhook-endpoints", `{"url":"https://10.0.0.1/","topics":["*"]}`).refused(422, "validation")
		w.post("/v1/webhook-endpoints", `{"url":"https://shop.example","topics":["nothing"]}`).refused(422, "validation")
	})
}

func TestAnEndpointThatIsAddedTwiceUnderOneKeyIsOneWithOneSecret(t *testing.T) {
	w := onSQLite(t)
	add := ask{method: "POST", path: "/v1/webhook-endpoints", token: w.rich, key: "add-1", body: `{"url":"https://shop.example/hooks","topics":["*"]}`}
	first, again := w.do(add).is(201), w.do(add).is(201)
	if string(first.body) != string(again.body) || len(w.get("/v1/webhook-endpoints").rows()) != 1 {
		t.Errorf("got %s and %s", first.body, again.body)
	}
}

func TestDeliveriesAreListedShownAndSentAgain(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		of, _ := w.endpoint(`"*"`)
		path := "/v1/webhook-endpoints/" + of
		for range 3 {
			if d := w.post(path+"/test", "").is(202).json(); d["type"] != "webhook.test" || d["state"] != "waiting" || d["status"] != nil {
				t.Errorf("got %v", d)
			}
		}
		rows := w.get(path + "/deliveries?limit=2").rows()
		if len(rows) != 2 || rows[0]["sequence"] != 3.0 || rows[1]["sequence"] != 2.0 {
			t.Errorf("got %v", rows)
		}
		next := w.get(path + "/deliveries?limit=2").json()["next_cursor"].(string)
		if rows := w.get(path + "/deliveries?limit=2&cursor=" + next).rows(); len(rows) != 1 || rows[0]["sequence"] != 1.0 {
			t.Errorf("the second page: %v", rows)
		}
		if n := len(w.get(path+"/deliveries?state=failed").rows()) + len(w.get(path+"/deliveries?type=message.*").rows()) + len(w.get(path+"/deliveries?until=2020-01-01T00:00:00Z").rows()); n != 0 {
			t.Errorf("%d rows that do not fit", n)
		}
		one := w.get(path + "/deliveries/2").is(200).json()
		if p := one["payload"].(map[string]any); p["type"] != "webhook.test" || p["sequence"] != 2.0 || p["site_id"] != "rich" || len(one["attempts"].([]any)) != 0 {
			t.Errorf("got %v", one)
		}
		w.get(path+"/deliveries/9").refused(404, "not_found")
		if r := w.post(path+"/replay", `{"deliveries":[1,3]}`).is(202).json(); r["replayed"] != 2.0 || r["has_more"] != false {
			t.Errorf("got %v", r)
		}
		if r := w.post(path+"/replay", `{"from":"2020-01-01T00:00:00Z"}`).is(202).json(); r["replayed"] != 3.0 {
			t.Errorf("got %v", r)
		}
		w.post(path+"/replay", `{}`).refused(422, "validation")
		w.post(path+"/replay", `{"deliveries":[9]}`).refused(404, "not_found")
		if e := w.get(path).json(); e["sequence"] != 3.0 || e["waiting_since"] == nil {
			t.Errorf("got %v", e)
		}
	})
}

// What is described of events is what there is: every member of what was appended is described,
// and nothing that is described as being there is missing.
func TestEventsAreListedAsTheDocumentDescribesThem(t *testing.T) {
	w := onSQLite(t)
	w.update(func(tx *db.Tx) error {
		if _, err := event.LockListening(tx, "rich"); err != nil {
			return err
		}
		return event.Listen(tx, "rich", event.OfMessages|event.OfRecipientEnds|event.OfRecipientMoves)
	})
	of := w.post("/v1/messages", `{"strategy":"sms_only","text":{"body":"a"},"metadata":{"order":"A-1"},"recipients":[{"to":"010-1234-5678"},{"to":"010-1234-5679"}]}`).is(202).json()["id"].(string)
	w.post("/v1/messages/"+of+"/cancel", "").is(200)
	w.drain()
	var doc struct {
		Webhooks map[string]struct {
			Post struct {
				RequestBody struct {
					Content map[string]struct {
						Schema struct {
							Properties map[string]struct {
								Ref string `json:"$ref"`
							}
						}
					}
				}
			}
		}
		Components struct {
			Schemas map[string]struct {
				Properties map[string]any
				Required   []string
			}
		}
	}
	w.must(json.Unmarshal(w.get("/openapi.json").is(200).body, &doc))
	types := w.get("/v1/events/types").rows()
	if len(types) != len(event.Types) || len(doc.Webhooks) != len(event.Types)+1 {
		t.Errorf("%d types are listed and %d described, want %d", len(types), len(doc.Webhooks), len(event.Types))
	}
	rows := w.get("/v1/events").rows()
	seen := map[string]bool{}
	for _, e := range rows {
		kind := e["type"].(string)
		seen[kind] = true
		schema := doc.Components.Schemas[strings.TrimPrefix(doc.Webhooks[kind].Post.RequestBody.Content["application/json"].Schema.Properties["data"].Ref, "#/components/schemas/")]
		data := e["data"].(map[string]any)
		for name := range maps.Keys(data) {
			if _, ok := schema.Properties[name]; !ok {
				t.Errorf("%s: %s is not described", kind, name)
			}
		}
		for _, name := range schema.Required {
			if _, ok := data[name]; !ok {
				t.Errorf("%s: %s is described and not there: %v", kind, name, data)
			}
		}
		if e["ref"] != of && e["type"] != "credit.head" {
			t.Errorf("got %v", e)
		}
	}
	for _, kind := range []string{"message.accepted", "message.cancelling", "message.cancelled", "recipient.done"} {
		if !seen[kind] {
			t.Errorf("%s did not happen: %v", kind, slices.Sorted(maps.Keys(seen)))
		}
	}
	done := w.get("/v1/events?type=recipient.*").rows()
	if len(done) != 1 || done[0]["data"].(map[string]any)["metadata"].(map[string]any)["order"] != "A-1" || len(done[0]["data"].(map[string]any)["recipients"].([]any)) != 2 {
		t.Errorf("got %v", done)
	}
	for query, want := range map[string]int{"type=message.cancelled": 1, "ref=" + of: len(rows), "ref=msg_0": 0, "until=2020-01-01T00:00:00Z": 0, "from=2020-01-01T00:00:00Z": len(rows), "limit=1": 1} {
		if n := len(w.get("/v1/events?" + query).rows()); n != want {
			t.Errorf("%s: got %d, want %d", query, n, want)
		}
	}
	if n := len(w.do(ask{method: "GET", path: "/v1/events", token: w.poor}).is(200).rows()); n != 0 {
		t.Errorf("another site sees %d", n)
	}
	people := w.get("/v1/messages/" + of + "/recipients").rows()
	if fmt.Sprint(people[0]["seq"], people[1]["seq"]) != "0 1" {
		t.Errorf("the recipients have the places %v", people)
	}
}
