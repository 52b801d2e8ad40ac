package api

import (
	"fmt"
	"strings"
	"testing"

	"creditmsg/internal/provider/simulator"
)

func TestAChannelIsProvenByItsManagerAndATemplateSubmittedThere(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.sim.Play(simulator.Scenario{Inspector: "wait"})
		first := w.get("/v1/kakao-channel-categories?provider=solapi").is(200).json()["data"].([]any)[0].(map[string]any)
		w.get("/v1/kakao-channel-categories?provider=nobody").refused(422, "validation")
		claim := func(phone string) got {
			return w.post("/v1/kakao-channels/@flowers/registrations", fmt.Sprintf(`{"provider":"solapi","manager_phone":%q,"category":%q}`, phone, first["code"]))
		}
		claim("02-123-4567").refused(422, "validation")
		if made := claim("010-4321-8765").is(200).json(); made["state"] != "asked" || made["provider"] != "solapi" {
			t.Errorf("asked for a number: got %v", made)
		}
		claim("010-4321-8765").refused(429, "rate_limited")
		prove := func(token string) got {
			return w.post("/v1/kakao-channels/@flowers/registrations/solapi", fmt.Sprintf(`{"token":%q}`, token))
		}
		prove("000000").refused(422, "validation")
		made := prove("123456").is(200).json()
		if made["state"] != "registered" || !strings.HasPrefix(made["channel_id"].(string), "KA01PF") {
			t.Errorf("registered: got %v", made)
		}
		channel := w.get("/v1/kakao-channels/@flowers").is(200).json()
		if at := channel["registrations"].(map[string]any)["solapi"].(map[string]any); at["channel_id"] != made["channel_id"] || channel["providers"].(map[string]any)["solapi"] != made["channel_id"] {
			t.Errorf("the channel is %v", channel)
		}
		w.post("/v1/templates", `{"code":"FLOWERS","channel":"@flowers","body":"#{이름}님"}`).is(201)
		tag := w.get("/v1/templates/FLOWERS").is(200).header.Get("Etag")
		sent := w.post("/v1/templates/FLOWERS/submit", `{"comment":"꽃 배달 안내입니다."}`).is(200).json()
		if now := w.get("/v1/templates/FLOWERS").is(200).header.Get("Etag"); now != tag || tag == "" {
			t.Errorf("where it stands at a vendor changed its ETag from %s to %s", tag, now)
		}
		if at := sent["registrations"].([]any)[0].(map[string]any); at["doing"] != "submit" || at["provider"] != "solapi" || sent["state"] != "draft" {
			t.Errorf("submitted: got %v", sent)
		}
		w.drain()
		now := w.get("/v1/templates/FLOWERS").is(200).json()
		at := now["registrations"].([]any)[0].(map[string]any)
		if now["state"] != "inspecting" || at["state"] != "inspecting" || at["template_id"] == "" || at["doing"] != nil {
			t.Errorf("in inspection: got %v", now)
		}
		w.post("/v1/templates/FLOWERS/release", ``).refused(409, "state_conflict")
		w.post("/v1/templates/FLOWERS/withdraw", `{"providers":["solapi"]}`).is(200)
		w.drain()
		if got := w.get("/v1/templates").is(200); !strings.Contains(string(got.body), `"code":"FLOWERS"`) || w.get("/v1/templates/FLOWERS").json()["state"] != "draft" {
			t.Errorf("withdrawn: got %s", got.body)
		}
		w.post("/v1/templates/FLOWERS/sync", ``).is(200)
		w.do(ask{method: "DELETE", path: "/v1/templates/FLOWERS", token: w.rich}).is(204)
		w.do(ask{method: "DELETE", path: "/v1/kakao-channels/@flowers", token: w.rich}).is(204)
	})
}

func TestIdsThatASiteSetsProveNothing(t *testing.T) {
	w := onSQLite(t)
	const channel = `{"name":"@mine","sender_key":"K","providers":{"solapi":"KA01PF260101000000000AbCdEfGhIjK"}}`
	made := w.post("/v1/kakao-channels", channel).is(201).json()
	if got := made["registrations"].(map[string]any); len(got) != 0 {
		t.Errorf("set by the site: got %v", got)
	}
	w.post("/v1/templates", `{"code":"MINE","channel":"@mine","body":"x","providers":{"solapi":{"channel_id":"C","template_id":"T"}}}`).is(201)
	if got := w.post("/v1/templates/MINE/submit", ``).refused(422, "validation"); got[0] != "/providers" {
		t.Errorf("submitted there: got errors at %v", got)
	}
	if got := w.get("/v1/templates/MINE").json()["registrations"].([]any); len(got) != 0 {
		t.Errorf("ids of the site are followed: %v", got)
	}
	put := func(token, path, body string) got {
		return w.do(ask{method: "PUT", path: path + "?site=rich", token: token, body: body})
	}
	set := put(w.operator, "/v1/kakao-channels/@mine", strings.Replace(channel, `"name":"@mine",`, "", 1)).is(200).json()
	if at := set["registrations"].(map[string]any)["solapi"].(map[string]any); at["state"] != "registered" {
		t.Errorf("set by the operator: got %v", set)
	}
	w.post("/v1/templates/MINE/submit", ``).is(200)
	const approved = `{"channel":"@mine","body":"x","state":"approved","providers":{"solapi":{"channel_id":"C","template_id":"T"}}}`
	if got := put(w.operator, "/v1/templates/MINE", approved).is(200).json(); got["state"] != "approved" {
		t.Errorf("set by the operator: got %v", got)
	}
	if got := put(w.rich, "/v1/templates/MINE", `{"channel":"@mine","body":"x"}`).is(200).json(); got["state"] != "approved" || len(got["providers"].(map[string]any)) != 1 {
		t.Errorf("written again without ids: got %v, want them kept", got)
	}
	if got := put(w.rich, "/v1/templates/MINE", `{"channel":"@mine","body":"x","providers":{"solapi":{"channel_id":"C","template_id":"OTHER"}}}`).is(200).json()["state"]; got != "draft" {
		t.Errorf("with another id: got state %v, want draft", got)
	}
}

func TestASiteIsToldWhatItsProviderAccountsTake(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		rows := w.get("/v1/kakao-accounts").rows()
		if len(rows) == 0 {
			t.Fatal("there are no accounts")
		}
		for _, row := range rows {
			acts, _ := row["template_acts"].([]any)
			if row["provider"] == "solapi" && (row["registers_channels"] != true || row["wants_purpose"] != false || fmt.Sprint(acts) != "[submit withdraw release remove]") {
				t.Errorf("solapi takes %v", row)
			}
		}
	})
}
