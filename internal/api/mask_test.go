package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"creditmsg/internal/access"
	"creditmsg/internal/db"
	"creditmsg/internal/site"
)

// TestWhoMayNotSeePeopleSeesWhatBecameOfThem reads everything that a site with people has, as
// somebody who may everything but see them, and as a program.
func TestWhoMayNotSeePeopleSeesWhatBecameOfThem(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		sent := w.send(`{"strategy":"sms_only","text":{"body":"hi"},"recipients":[{"to":"010-1234-5678"},{"to":"010-9"}]}`)["id"].(string)
		contact := w.made("/v1/contacts", `{"to":"010-1234-5678","name":"김하나","variables":{"등급":"금"},"consent":{"at":"2026-11-01T09:00:00+09:00","evidence":"김하나의 서명"}}`)
		group := w.made("/v1/groups", `{"name":"단골"}`)
		w.post("/v1/groups/"+group+"/members", `{"contacts":["`+contact+`"]}`).is(200)
		series := w.made("/v1/series", monthly)
		w.post("/v1/opt-outs", `{"to":"010-8765-4321"}`).is(201)
		w.put("/v1/credit/alerts", `{"mobile":"010-1234-5678"}`).is(200)
		w.put("/v1/billing-profile", `{"paper":"cash_receipt_person","cash_receipt_number":"01012345678"}`).is(200)
		w.post("/v1/senders", `{"number":"02-7000-1234"}`).is(201)
		w.do(ask{method: "POST", path: aDocument, token: w.rich, media: "application/pdf", body: "%PDF-1.7\n"}).is(201)
		w.drain()
		secret := w.almost()
		people := []string{"01012345678", "010-1234-5678", "01087654321", "김하나", "금\"", "서명", "이용증명원", "010-9\""}
		seen := map[string]bool{}
		for path, part := range map[string]string{
			"/v1/messages/" + sent + "/recipients":                 `"to":"010****5678"`,
			"/v1/messages/" + sent + "/recipients?status=rejected": `"to":"****"`,
			"/v1/messages/" + sent + "/trace?to=01012345678":       `"kind":`,
			"/v1/send-logs":                    `"to":"010****5678"`,
			"/v1/contacts":                     `"name":"김**"`,
			"/v1/contacts/" + contact:          `"variables":{}`,
			"/v1/groups/" + group + "/members": `"evidence":""`,
			"/v1/series":                       `"recipient_count":1`,
			"/v1/series/" + series:             `"recipient_count":1`,
			"/v1/opt-outs":                     `"to":"010****4321"`,
			"/v1/opt-outs/01087654321":         `"to":"010****4321"`,
			"/v1/credit/alerts":                `"mobile":"010****5678"`,
			"/v1/billing-profile":              `"cash_receipt_number":"010****5678"`,
			"/v1/senders/0270001234/documents": `"name":""`,
		} {
			whole, shown := w.get(path).is(200), w.as(secret, "GET", path, "").is(200)
			if !strings.Contains(string(shown.body), part) {
				t.Errorf("GET %s shows %s, want %s in it", path, shown.body, part)
			}
			for _, p := range people {
				seen[p] = seen[p] || strings.Contains(string(whole.body), p)
				if strings.Contains(string(shown.body), p) {
					t.Errorf("GET %s shows %s to who may not see it", path, p)
				}
			}
			if whole.header.Get("Etag") != shown.header.Get("Etag") {
				t.Errorf("GET %s: its ETag is another one when it is masked", path)
			}
		}
		for _, p := range people {
			if p != "010-1234-5678" && !seen[p] {
				t.Errorf("programs are not shown %s either", p)
			}
		}
		for _, act := range []string{"/pause", "/resume"} {
			if g := w.as(secret, "POST", "/v1/series/"+series+act, "").is(200); strings.Contains(string(g.body), "1234") {
				t.Errorf("%s shows %s", act, g.body)
			}
		}
	})
}

// TestWhatIsMaskedCannotBeWrittenBack: who reads a masked thing and puts it back loses nothing.
func TestWhatIsMaskedCannotBeWrittenBack(t *testing.T) {
	w := onSQLite(t)
	contact := "/v1/contacts/" + w.made("/v1/contacts", aContact)
	series := "/v1/series/" + w.made("/v1/series", monthly)
	noted := "/v1/series/" + w.made("/v1/series", `{"name":"단골","cron":"0 9 * * 1","message":{"strategy":"sms_only","text":{"body":"hi"},"metadata":{"patient":"김하나"},"groups":["`+w.made("/v1/groups", `{"name":"단골"}`)+`"]}}`)
	w.put("/v1/credit/alerts", `{"mobile":"010-1234-5678"}`).is(200)
	w.put("/v1/billing-profile", `{"paper":"cash_receipt_person","cash_receipt_number":"01012345678"}`).is(200)
	secret := w.almost()
	for path, body := range map[string]string{
		contact: `{"to":"010****5678","name":"김**"}`, "/v1/credit/alerts": `{"mobile":"010****5678"}`, "/v1/billing-profile": `{"cash_receipt_number":"010****5678"}`,
		series: writable(w.as(secret, "GET", series, "")), noted: writable(w.as(secret, "GET", noted, "")),
	} {
		before := string(w.get(path).body)
		if g := w.as(secret, "PUT", path, body); g.status != 422 && g.status != 400 {
			t.Errorf("PUT %s of %s got %d: %s", path, body, g.status, g.body)
		}
		if after := string(w.get(path).body); after != before {
			t.Errorf("%s is %s, and was %s", path, after, before)
		}
	}
}

func TestAReceiptThatSomebodyElseSentIsMasked(t *testing.T) {
	w := onSQLite(t)
	begun := w.post("/v1/uploads", "").is(201).json()["id"].(string)
	lines := `{"strategy":"sms_only","text":{"body":"hi"}}` + "\n" + `{"to":"010-1234-5678"}` + "\n" + `{"to":"010-1234-5678"}` + "\n" + `{"to":"010-9876"}` + "\n"
	w.do(ask{method: "PATCH", path: "/v1/uploads/" + begun + "?offset=0", token: w.rich, media: "application/octet-stream", body: lines}).is(200)
	first := w.post("/v1/uploads/"+begun+"/send", "").is(202)
	again := w.as(w.almost(), "POST", "/v1/uploads/"+begun+"/send", "").is(202)
	if !strings.Contains(string(first.body), "010-9876") || strings.Contains(string(again.body), "9876") || strings.Contains(string(again.body), "01012345678") {
		t.Errorf("got %s and %s", first.body, again.body)
	}
	if first.json()["id"] != again.json()["id"] || len(again.json()["duplicates"].([]any)) != 1 {
		t.Errorf("got %s and %s", first.body, again.body)
	}
}

// TestWhoMayNotSeePeopleMakesNoProgramThatDoes has the list of abilities be what the routes ask
// for that show people.
func TestWhoMayNotSeePeopleMakesNoProgramThatDoes(t *testing.T) {
	w := onSQLite(t)
	_, whole := readDocument(t)
	var reveal []string
	for _, item := range whole["paths"].(map[string]any) {
		for _, op := range item.(map[string]any) {
			op := op.(map[string]any)
			ability, _ := op["x-ability"].(string)
			if (op["x-masked"] == true || op["x-personal"] == true) && slices.Contains(site.Abilities, ability) && ability != site.Operator && !slices.Contains(reveal, ability) {
				reveal = append(reveal, ability)
			}
		}
	}
	slices.Sort(reveal)
	if want := slices.Sorted(slices.Values(access.Reveals)); !slices.Equal(reveal, want) {
		t.Errorf("access.Reveals is %v, and the routes that show people ask for %v", want, reveal)
	}
	secret := w.almost()
	for _, path := range []string{"/v1/tokens", "/v1/test/tokens"} {
		for _, ability := range append(slices.Clone(reveal), "*") {
			w.as(secret, "POST", path, `{"name":"x","abilities":["`+ability+`"]}`).refused(403, "forbidden")
		}
		w.as(secret, "POST", path, `{"name":"x","abilities":["templates:write","stats:read"]}`).is(201)
	}
}

func TestEveryKindOfMemberIsMasked(t *testing.T) {
	type inner struct {
		To string `people:"number"`
	}
	type Base struct {
		Mobile string `json:"mobile" people:"number"`
	}
	type view struct {
		Base
		Name   string            `people:"name"`
		Values map[string]string `people:"text"`
		Words  *string           `people:"words"`
		Empty  *string           `people:"number"`
		Rows   []inner
		One    *inner
		Plain  string
	}
	words := "to 01012345678 failed"
	v := view{Base{"01012345678"}, "김하나", map[string]string{"a": "b"}, &words, nil, []inner{{"01012345678"}, {""}}, &inner{"0212345678"}, "01012345678"}
	x := &exchange{call: access.Call{Who: access.Who{Person: &access.Person{}}}}
	got := x.shown(v).(view)
	if got.Mobile != "010****5678" || got.Name != "김**" || len(got.Values) != 0 || *got.Words != "to 010****5678 failed" || got.Empty != nil || got.Rows[0].To != "010****5678" || got.Rows[1].To != "" || got.One.To != "021****5678" || got.Plain != v.Plain {
		t.Errorf("got %+v", got)
	}
	if words != "to 01012345678 failed" || v.Rows[0].To != "01012345678" || len(v.Values) != 1 || v.One.To != "0212345678" {
		t.Error("what somebody else holds was changed")
	}
	x.call.Person, x.shape = nil, shapeOf(reflect.TypeFor[view]())
	whole, err := rendered(200, v)
	if err != nil {
		t.Fatal(err)
	}
	x.call.Person = &access.Person{}
	hidden, err := x.given(whole)
	if want, _ := rendered(200, got); err != nil || !equalJSON(t, hidden.Body, want.Body) {
		t.Errorf("written already: got %s (%v), want %s", hidden.Body, err, want.Body)
	}
	x.call.Person = nil
	if all := x.shown(v); !reflect.DeepEqual(all, v) {
		t.Errorf("a program gets %+v", all)
	}
}

// writable is a series as it was read, of which only what can be written is left.
func writable(g got) string {
	members := g.json()
	text, _ := json.Marshal(map[string]any{"name": members["name"], "cron": members["cron"], "message": members["message"]})
	return string(text)
}

func equalJSON(t *testing.T, a, b []byte) bool {
	t.Helper()
	var one, other any
	if err := errors.Join(json.Unmarshal(a, &one), json.Unmarshal(b, &other)); err != nil {
		t.Fatal(err)
	}
	return reflect.DeepEqual(one, other)
}

// TestAKeptReplyIsMaskedByWhatTheCallerMaySeeNow: a right that is taken away counts for what was
// answered before it was, too, and one that is given.
func TestAKeptReplyIsMaskedByWhatTheCallerMaySeeNow(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		secret := w.almost()
		allow := func(personal bool) {
			t.Helper()
			all := slices.DeleteFunc(slices.Clone(site.Abilities), func(a string) bool {
				return a == site.All || a == site.Operator || a == "personal:read" && !personal
			})
			w.update(func(tx *db.Tx) error {
				_, err := access.SetRole(tx, byCommand, "rich", "almost", all)
				return err
			})
		}
		series := "/v1/series/" + w.made("/v1/series", monthly)
		contact := "/v1/contacts/" + w.made("/v1/contacts", aContact)
		const order = `{"strategy":"sms_only","text":{"body":"hi"},"recipients":[{"to":"010-1234-5678"},{"to":"010-1234-5678"},{"to":"010-9876"}]}`
		list, media := writtenForm(t, formPart{"list", "이름,전화번호\n김하나,010-1234-5678\n이두리,010-1234-5678\n"})
		asks := []ask{
			{method: "POST", path: "/v1/contacts/import", media: media, body: list},
			{method: "POST", path: "/v1/series", body: monthly},
			{method: "PUT", path: series, body: monthly},
			{method: "POST", path: series + "/pause"},
			{method: "PUT", path: contact, body: `{"to":"010-1234-5678","name":"김하나","variables":{"등급":"금"}}`},
			{method: "POST", path: "/v1/opt-outs", body: `{"to":"010-1234-5678"}`},
			{method: "PUT", path: "/v1/credit/alerts", body: `{"mobile":"010-1234-5678"}`},
			{method: "POST", path: "/v1/messages", body: order},
			{method: "POST", path: "/v1/messages/test", body: order},
		}
		people := []string{"01012345678", "010-1234-5678", "김하나", "금\"", "9876\""}
		for i, a := range asks {
			a.token, a.key = secret, fmt.Sprint("k", i)
			allow(true)
			whole := w.do(a)
			if whole.status/100 != 2 || !strings.Contains(string(whole.body), "1234") {
				t.Fatalf("%s %s got %d: %s", a.method, a.path, whole.status, whole.body)
			}
			allow(false)
			hidden := w.do(a).is(whole.status)
			for _, p := range people {
				if strings.Contains(string(hidden.body), p) {
					t.Errorf("%s %s, repeated by who may not see people any more, shows %s: %s", a.method, a.path, p, hidden.body)
				}
			}
			allow(true)
			if again := w.do(a).is(whole.status); string(again.body) != string(whole.body) || again.header.Get("Idempotent-Replayed") != "true" {
				t.Errorf("%s %s, repeated by who may see them again: got %s, want %s", a.method, a.path, again.body, whole.body)
			}
			allow(false)
			a.key += "hidden"
			if first := w.do(a); first.status == whole.status {
				if again := w.do(a).is(whole.status); string(again.body) != string(first.body) {
					t.Errorf("%s %s: repeated: got %s, want the first reply's bytes %s", a.method, a.path, again.body, first.body)
				}
			}
		}
		allow(false)
		taken := w.do(ask{method: "POST", path: "/v1/opt-outs/import", token: secret, media: "text/csv", body: "전화번호\n010-1234\n"}).is(200)
		if !strings.Contains(string(taken.body), `"to":"****"`) {
			t.Errorf("a list of opt-outs is taken with %s", taken.body)
		}
	})
}

// TestMetadataIsAsPrivateAsAText: a site writes into it whom a message is about.
func TestMetadataIsAsPrivateAsAText(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.endpoint(`"recipient.*"`)
		sent := "/v1/messages/" + w.send(`{"strategy":"sms_only","text":{"body":"hi"},"metadata":{"patient":"김하나","phone":1012345678},"recipients":[{"to":"010-1234-5678"}]}`)["id"].(string)
		w.post(sent+"/cancel", "").is(200)
		series := "/v1/series/" + w.made("/v1/series", strings.Replace(monthly, `"message":{`, `"message":{"metadata":{"patient":"김하나"},`, 1))
		w.drain()
		secret := w.almost()
		for path, part := range map[string]string{
			"/v1/messages": `"metadata":{}`, sent: `"metadata":{}`, "/v1/events?type=recipient.*": `"metadata":{}`, series: `"has_metadata":true`,
		} {
			if whole := w.get(path).is(200); !strings.Contains(string(whole.body), "김하나") {
				t.Errorf("GET %s shows a program %s", path, whole.body)
			}
			if shown := w.as(secret, "GET", path, "").is(200); strings.Contains(string(shown.body), "김하나") || strings.Contains(string(shown.body), "12345678") || !strings.Contains(string(shown.body), part) {
				t.Errorf("GET %s shows %s", path, shown.body)
			}
		}
		for range 2 { // the second reply is the kept one
			cancel := ask{method: "POST", path: sent + "/cancel", token: secret, key: "c"}
			if shown := w.do(cancel).is(200); strings.Contains(string(shown.body), "김하나") || !strings.Contains(string(shown.body), `"metadata":{}`) {
				t.Errorf("a message that is cancelled shows %s", shown.body)
			}
		}
	})
}

func TestWhatWasSentToAnEndpointIsMaskedToo(t *testing.T) {
	answer := "no 01012345678 here"
	v := webhookDeliveryLogView{Attempts: []webhookAttemptView{{Response: &answer}},
		Payload: sentJSON(`{"type":"recipient.done","sequence":1,"data":{"message_id":"msg_1","metadata":{"patient":"김하나"}}}`)}
	x := &exchange{call: access.Call{Who: access.Who{Person: &access.Person{}}}}
	got := x.shown(v).(webhookDeliveryLogView)
	if want := `{"data":{"message_id":"msg_1","metadata":{}},"sequence":1,"type":"recipient.done"}`; string(got.Payload) != want {
		t.Errorf("got %s, want %s", got.Payload, want)
	}
	if *got.Attempts[0].Response != "no 010****5678 here" {
		t.Errorf("got the answer %s", *got.Attempts[0].Response)
	}
	v.Payload = sentJSON(`{"type":"webhook.test","data":{}}`)
	if got := x.shown(v).(webhookDeliveryLogView); !equalJSON(t, got.Payload, v.Payload) {
		t.Errorf("got %s, want %s", got.Payload, v.Payload)
	}
}
