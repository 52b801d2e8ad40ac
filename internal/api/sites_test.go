package api

import (
	"testing"
)

// TestAnOperatorOpensAndRunsASite goes the way of a tenant from its opening on.
func TestAnOperatorOpensAndRunsASite(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		call := func(method, path, body string) got {
			return w.do(ask{method: method, path: path, token: w.operator, body: body})
		}
		call("POST", "/v1/plans", `{"id":"gold","name":"골드","prices":{"lms":"30"}}`).is(201)
		call("POST", "/v1/prices", `{"prices":{"mms":"100"}}`).is(200)
		made := call("POST", "/v1/sites", `{"id":"flowers","name":"꽃집","prices":{"sms":"11"},"plan":"gold"}`).is(201).json()
		if p := made["prices"].(map[string]any); p["sms"] != "11.00" || p["lms"] != "30.00" || p["mms"] != "100.00" || made["plan"] != "gold" || made["state"] != "active" || made["balance"] != "0.00" {
			t.Errorf("got %v", made)
		}
		call("POST", "/v1/sites", `{"id":"flowers","name":"꽃집"}`).refused(409, "already_exists")
		call("POST", "/v1/sites", `{"id":"Flowers","name":"꽃집"}`).refused(422, "validation")
		call("POST", "/v1/sites", `{"id":"birds","name":"새","plan":"none"}`).refused(404, "not_found")
		call("GET", "/v1/sites/birds", "").refused(404, "not_found")

		entry := call("POST", "/v1/sites/flowers/credit", `{"amount":"1000","kind":"paid","reason":"현금"}`).is(201).json()
		if entry["kind"] != "payment" || entry["available_after"] != "1000.00" || entry["note"] != "현금" {
			t.Errorf("got %v", entry)
		}
		call("POST", "/v1/sites/flowers/credit", `{"amount":"-300.50","kind":"adjustment","reason":"나눔"}`).is(201)
		call("POST", "/v1/sites/flowers/credit", `{"amount":"-700","kind":"adjustment","reason":"x"}`).refused(409, "state_conflict")
		call("POST", "/v1/sites/flowers/credit", `{"amount":"-1","kind":"bonus","reason":"x"}`).refused(422, "validation")
		call("POST", "/v1/sites/flowers/credit", `{"amount":"5.5","kind":"paid","reason":"x"}`).refused(422, "validation")
		call("POST", "/v1/sites/flowers/credit", `{"amount":"5","kind":"bonus","reason":"x","expires_on":"2020-01-01"}`).refused(422, "validation")
		call("POST", "/v1/sites/flowers/credit", `{"amount":"5","kind":"bonus"}`).refused(422, "validation")
		call("POST", "/v1/sites/none/credit", `{"amount":"5","kind":"bonus","reason":"x"}`).refused(404, "not_found")

		changed := call("PATCH", "/v1/sites/flowers", `{"name":"큰 꽃집","state":"suspended","weight":3}`).is(200).json()
		if changed["name"] != "큰 꽃집" || changed["state"] != "suspended" || changed["weight"] != 3.0 || changed["available"] != "699.50" {
			t.Errorf("got %v", changed)
		}
		call("PATCH", "/v1/sites/flowers", `{"weight":101}`).refused(422, "validation")
		call("PATCH", "/v1/sites/flowers", `{"name":" "}`).refused(422, "validation")
		if again := call("GET", "/v1/sites/flowers", "").is(200).json(); again["weight"] != 3.0 {
			t.Errorf("got %v, want nothing of what was refused", again)
		}
		if p := call("POST", "/v1/sites/flowers/prices", `{"prices":{"sms":null,"alimtalk":"7.5"}}`).is(200).json()["prices"].(map[string]any); p["sms"] != "18.00" || p["alimtalk"] != "7.50" {
			t.Errorf("got %v", p)
		}
		if s := call("PUT", "/v1/sites/flowers/plan", `{"plan":null}`).is(200).json(); s["plan"] != nil || s["prices"].(map[string]any)["lms"] != "45.00" {
			t.Errorf("got %v", s)
		}
		if list := call("GET", "/v1/sites?limit=1", "").is(200).json(); len(list["data"].([]any)) != 1 || list["has_more"] != true {
			t.Errorf("got %v", list)
		}
		w.do(ask{method: "GET", path: "/v1/sites", token: w.rich}).refused(403, "forbidden")
	})
}
