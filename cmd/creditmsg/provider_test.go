package main

import (
	"fmt"
	"net/http/httptest"
	"os"
	"testing"

	"creditmsg/internal/money"
	"creditmsg/internal/provider/simulator"
)

func TestTheBalanceOfAProviderAccountIsAskedForAndListed(t *testing.T) {
	office(t)
	sim := simulator.New(simulator.Options{})
	box := httptest.NewServer(sim.Handler())
	defer box.Close()
	config := fmt.Sprintf("providers:\n  - {name: solapi, kind: solapi, url: %q, api_key: %s, api_secret: %s, low_balance: 5000, webhook: {secret: s}}\n",
		box.URL, simulator.DefaultKey, simulator.DefaultSecret)
	if err := os.WriteFile("creditmsg.yaml", []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	wants(t, "before it was asked", done(t, "provider", "list"), "solapi", "not asked yet")
	balance := 4_999*money.Won + 5_000
	sim.Play(simulator.Scenario{Balance: &balance})
	wants(t, "asked", done(t, "provider", "ask", "solapi"), "solapi", "4,999.50 won", "less than 5,000")
	got := object(t, done(t, "provider", "list", "--json"))["data"].([]any)[0].(map[string]any)
	if got["left"] != "4999.50" || got["unit"] != "won" || got["threshold"] != "5000.00" || got["low"] != true {
		t.Errorf("listed: got %v", got)
	}
	refused(t, 1, []string{"provider", "ask", "nobody"}, `no provider account "nobody"`)
}
