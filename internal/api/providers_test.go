package api

import (
	"fmt"
	"testing"

	"creditmsg/internal/money"
	"creditmsg/internal/provider/simulator"
)

func TestAProviderAccountTellsItsBalanceToOperators(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ask := func(method, path string) got { return w.do(ask{method: method, path: path, token: w.operator}) }
		first := ask("GET", "/v1/providers").is(200).json()["data"].([]any)[0].(map[string]any)
		if want := "map[at:<nil> left:<nil> low:false threshold:10000.00]"; fmt.Sprint(first["balance"]) != want {
			t.Errorf("before it was asked: got %v, want %s", first["balance"], want)
		}
		for balance, want := range map[money.Amount]string{10_000 * money.Won: "10000.00 won false", 9_999 * money.Won: "9999.00 won true"} {
			w.sim.Play(simulator.Scenario{Balance: &balance})
			made := ask("POST", "/v1/providers/solapi/ask").is(200).json()["balance"].(map[string]any)
			if got := fmt.Sprint(made["left"], " ", made["unit"], " ", made["low"]); got != want || made["at"] == nil {
				t.Errorf("asked: got %v, want %s", made, want)
			}
			again := ask("GET", "/v1/providers").is(200).json()["data"].([]any)[0].(map[string]any)
			if fmt.Sprint(again["balance"]) != fmt.Sprint(made) {
				t.Errorf("listed: got %v, want %v", again["balance"], made)
			}
		}
		ask("POST", "/v1/providers/nobody/ask").refused(404, "not_found")
		w.get("/v1/providers").refused(403, "forbidden")
	})
}

func TestASenderNumberIsShownAsEachVendorHasIt(t *testing.T) {
	w := onSQLite(t)
	standing := func(made map[string]any) string {
		at, _ := made["providers"].(map[string]any)["solapi"].(map[string]any)
		return fmt.Sprint(at["state"])
	}
	if got := w.get("/v1/senders/0261234567").is(200).json(); len(got["providers"].(map[string]any)) != 0 {
		t.Errorf("before the vendor was asked: got %v", got["providers"])
	}
	w.sim.Play(simulator.Scenario{Senders: []string{"0261234567"}})
	w.do(ask{method: "POST", path: "/v1/providers/solapi/ask", token: w.operator}).is(200)
	if got := standing(w.get("/v1/senders/0261234567").is(200).json()); got != "registered" {
		t.Errorf("one that it has: got %s", got)
	}
	if got := standing(w.post("/v1/senders", `{"number":"02-700-1234"}`).is(201).json()); got != "missing" {
		t.Errorf("one that it does not have: got %s", got)
	}
	for _, one := range w.get("/v1/senders").is(200).json()["data"].([]any) {
		if got := standing(one.(map[string]any)); got != "registered" && got != "missing" {
			t.Errorf("listed: got %v", one)
		}
	}
	w.do(ask{method: "PUT", path: "/v1/senders/027001234?site=rich", token: w.operator, body: `{"state":"approved"}`}).is(200)
	w.sim.Play(simulator.Scenario{Senders: []string{"0261234567", "027001234"}})
	w.drain()
	if got := standing(w.get("/v1/senders/027001234").is(200).json()); got != "registered" {
		t.Errorf("approved and registered since: got %s", got)
	}
}
