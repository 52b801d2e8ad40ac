package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"creditmsg/internal/server"
)

func TestTheSimulatorRefusesAScenarioWithTheLineThatIsWrong(t *testing.T) {
	file := filepath.Join(t.TempDir(), "scenario.yaml")
	if err := os.WriteFile(file, []byte("seed: 7\nhttp_420: 0.1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, 1, []string{"simulator", "--listen", "127.0.0.1:0", "--scenario", file}, file+":2", "http_420: unknown key")
	refused(t, 1, []string{"simulator", "--listen", "127.0.0.1:0", "--scenario", file + ".gone"}, file+".gone", "cannot be read")
}

func TestTheSimulatorNamesWhatItServesAndCallsAboutPayments(t *testing.T) {
	called := make(chan string, 100)
	ours := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { called <- r.URL.Path }))
	defer ours.Close()
	url, said := simulated(t, "--notice-url", ours.URL+"/webhooks/payments/toss", "--stripe-notice-url", ours.URL+"/webhooks/payments/stripe")
	wants(t, "what it says", said, "received   "+url+"/_sim/received", "toss       "+url, server.SimulatorSecretKey, "stripe     "+url, server.SimulatorStripeKey,
		"payments   "+url+"/_sim/payments", "checkout   "+url+"/_sim/checkout", "deposit    "+url+"/_sim/deposit")
	call := func(method, path, key, kind, body string) map[string]any {
		t.Helper()
		ask, err := http.NewRequest(method, url+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		ask.SetBasicAuth(key, "")
		ask.Header.Set("Content-Type", kind)
		res, err := http.DefaultClient.Do(ask)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		var out map[string]any
		if err := json.NewDecoder(res.Body).Decode(&out); err != nil || res.StatusCode >= 300 {
			t.Fatalf("%s: %d %v %v", path, res.StatusCode, out, err)
		}
		return out
	}
	hears := func(path string) {
		t.Helper()
		if got := <-called; got != path {
			t.Errorf("called %s, want %s", got, path)
		}
	}
	const form = "application/x-www-form-urlencoded"
	call(http.MethodPost, "/v1/virtual-accounts", server.SimulatorSecretKey, "application/json",
		`{"amount":11000,"orderId":"order-1","orderName":"충전","customerName":"홍길동","bank":"20","validHours":24}`)
	deposit, err := http.PostForm(url+"/_sim/deposit", map[string][]string{"orderId": {"order-1"}})
	if err != nil {
		t.Fatal(err)
	}
	deposit.Body.Close()
	hears("/webhooks/payments/toss")
	window := call(http.MethodPost, "/v1/checkout/sessions", server.SimulatorStripeKey, form, "mode=payment&line_items[0][quantity]=1&line_items[0][price_data][currency]=krw&line_items[0][price_data][unit_amount]=11000"+
		"&line_items[0][price_data][product_data][name]=x&payment_intent_data[capture_method]=manual&payment_intent_data[metadata][order_id]=order-2&metadata[order_id]=order-2"+
		"&success_url="+ours.URL+"/back&cancel_url="+ours.URL+"/back")["id"].(string)
	page, err := http.PostForm(url+"/_sim/checkout", map[string][]string{"session": {window}, "card": {"4330123412341234"}, "action": {"pay"}})
	if err != nil {
		t.Fatal(err)
	}
	page.Body.Close()
	held := call(http.MethodGet, "/v1/checkout/sessions/"+window, server.SimulatorStripeKey, form, "")["payment_intent"].(string)
	call(http.MethodPost, "/v1/payment_intents/"+held+"/capture", server.SimulatorStripeKey, form, "")
	for path := ""; path != "/webhooks/payments/stripe"; path = <-called {
		if path == "/webhooks/payments/toss" {
			continue // Toss calls about more than one thing
		}
		if path != "" && path != "/back" {
			t.Fatalf("called %s", path)
		}
	}
}

func TestTheSimulatorRefusesAddressesThatAreNone(t *testing.T) {
	for _, flag := range []string{"--report-url", "--notice-url", "--stripe-notice-url"} {
		refused(t, 1, []string{"simulator", "--listen", "127.0.0.1:0", flag, "localhost:80"}, flag, "http://host/path")
	}
}
