package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"creditmsg/internal/korea"
	"creditmsg/internal/server"
)

// simulated runs the simulator verb until the test ends, and gives its address and what it
// said first.
func simulated(t *testing.T, more ...string) (address, said string) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	read, write := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- realMain(ctx, append([]string{"simulator", "--listen", "127.0.0.1:0"}, more...), strings.NewReader(""), write, io.Discard)
		write.Close()
	}()
	t.Cleanup(func() {
		stop()
		if code := <-ended; code != 0 {
			t.Errorf("simulator: exit %d", code)
		}
	})
	lines := bufio.NewScanner(read)
	for lines.Scan() {
		said += lines.Text() + "\n"
		if fields := strings.Fields(lines.Text()); fields[0] == "deposit" {
			return strings.TrimSuffix(fields[1], "/_sim/deposit"), said
		}
	}
	t.Fatalf("the simulator does not say where it is: %s", said)
	return "", ""
}

// till is a site at a running server, whose gateways are the simulator and a bank account.
type till struct {
	t          *testing.T
	url, token string
}

func newTill(t *testing.T) *till {
	t.Helper()
	office(t)
	vendor, _ := simulated(t)
	config := fmt.Sprintf(`listen: 127.0.0.1:0
providers:
  - {name: sim, kind: solapi, url: %[1]q, api_key: SIMULATORKEY0001, api_secret: SIMULATORSECRET0123456789ABCDEFGH, webhook: {secret: s}}
payments:
  gateways:
    - {name: toss, kind: toss, url: %[1]q, checkout_url: "%[1]s/_sim/checkout", client_key: %[2]q, secret_key: %[3]q}
    - {name: bank, kind: manual, transfer_to: 국민은행 123-45-6789}
`, vendor, server.SimulatorClientKey, server.SimulatorSecretKey)
	if err := os.WriteFile("creditmsg.yaml", []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := server.LoadConfig("creditmsg.yaml", os.Environ())
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	p, err := server.Open(ctx, c, server.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("server: %v", err)
		}
	})
	shop(t)
	token := object(t, done(t, "token", "create", "shop", "--name", "x", "--ability", "*", "--json"))["token"].(string)
	return &till{t, p.URL(), token}
}

// post makes something over HTTP and gives it.
func (w *till) post(path, body string) map[string]any {
	w.t.Helper()
	ask, err := http.NewRequest(http.MethodPost, w.url+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	ask.Header.Set("Authorization", "Bearer "+w.token)
	ask.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(ask)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	var out map[string]any
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil || res.StatusCode != http.StatusCreated {
		w.t.Fatalf("%s: %d %v %v", path, res.StatusCode, out, err)
	}
	return out
}

// window plays the payer in the window of what was made, and gives its id.
func (w *till) window(made map[string]any) string {
	w.t.Helper()
	page, err := url.Parse(made["checkout"].(map[string]any)["url"].(string))
	if err != nil {
		w.t.Fatal(err)
	}
	form := page.Query()
	form.Set("card", "4330123412341234")
	form.Set("action", "pay")
	res, err := http.PostForm(page.String(), form) // and follows back to our door, and to /docs
	if err != nil {
		w.t.Fatal(err)
	}
	res.Body.Close()
	return made["id"].(string)
}

func (w *till) transfer(won int) string {
	w.t.Helper()
	return w.post("/v1/credit/payments", fmt.Sprintf(`{"gateway":"bank","method":"transfer","amount":"%d"}`, won))["id"].(string)
}

func (w *till) paid(won int) string {
	w.t.Helper()
	return w.window(w.post("/v1/credit/payments", fmt.Sprintf(`{"method":"card","amount":"%d","return_url":%q}`, won, w.url+"/docs")))
}

func TestTheCashReceiptOfATransferIsToldToBeIssued(t *testing.T) {
	w := newTill(t)
	pay := w.post("/v1/credit/payments", `{"gateway":"bank","method":"transfer","amount":"50000","cash_receipt":{"identity":"01012345678"}}`)["id"].(string)
	refused(t, 1, []string{"payment", "receipt-issued", "shop", pay, "123456789"}, "nothing to issue")
	wants(t, "what is to be done", done(t, "payment", "arrived", "shop", pay), "wanted, a person's: 01012345678", "payment receipt-issued shop "+pay)
	refused(t, 1, []string{"payment", "receipt-issued", "shop", pay, "x"}, "/number")
	refused(t, 1, []string{"payment", "receipt-issued", "shop", "x", "1"}, `ID: "x" is not the id of a payment`)
	wants(t, "issued", done(t, "payment", "receipt-issued", "shop", pay, "123456789"), "issued 123456789, a person's")
	shown := object(t, done(t, "payment", "show", "shop", pay, "--json"))["cash_receipt"].(map[string]any)
	if shown["status"] != "issued" || shown["number"] != "123456789" || shown["amount"] != "55000.00" {
		t.Errorf("got %v", shown)
	}
}

func TestATransferIsToldToHaveArrivedAndIsGivenBackByHand(t *testing.T) {
	w := newTill(t)
	pay := w.transfer(50_000)
	wants(t, "the list", done(t, "payment", "list", "shop"), "ID", pay, "waiting_for_deposit", "bank", "50,000 won", "55,000 won")
	if got := object(t, done(t, "payment", "list", "--all", "--status", "paid", "--json"))["data"].([]any); len(got) != 0 {
		t.Errorf("paid: %v", got)
	}
	arrived := pick(t, done(t, "payment", "arrived", "shop", pay, "--json"), "id", "status", "total", "returned")
	if fmt.Sprint(arrived) != "map[id:"+pay+" returned:0.00 status:paid total:55000.00]" {
		t.Errorf("arrived: %v", arrived)
	}
	wants(t, "the credit", done(t, "credit", "show", "shop"), "50,000 won")
	asked := done(t, "payment", "cancel", "shop", pay, "20000", "--reason", "해지", "--bank", "20", "--number", "1002-123-456789", "--holder", "홍길동")
	wants(t, "the cancellation", asked, "transfer", "22,000 won, of it VAT 2,000 won", "to bank 20, 1002123456789, 홍길동", "payment given-back shop "+pay+" pcn_")
	all := object(t, done(t, "payment", "show", "shop", pay, "--json"))["cancellations"].([]any)
	cancel := all[0].(map[string]any)["id"].(string)
	wants(t, "given back", done(t, "payment", "given-back", "shop", pay, cancel), cancel+" done")
	wants(t, "the payment", done(t, "payment", "show", "shop", pay), "partially_cancelled", "given back  22,000 won, credit 20,000 won", cancel+" done", "해지")

	refused(t, 1, []string{"payment", "ask", "shop", pay}, "nobody can be asked")
	refused(t, 1, []string{"payment", "cancel", "shop", pay, "1.5", "--reason", "x"}, "AMOUNT", "whole won")
	refused(t, 1, []string{"payment", "cancel", "shop", pay, "0", "--reason", "x"}, "AMOUNT")
	refused(t, 1, []string{"payment", "cancel", "shop", pay, "40000", "--reason", "x"}, "30000")
	refused(t, 1, []string{"payment", "cancel", "shop", pay, "--reason", " "}, "/reason")
	refused(t, 1, []string{"payment", "cancel", "shop", pay, "--reason", "x", "--bank", "20", "--number", "x1", "--holder", "홍길동"}, "/to")
	refused(t, 2, []string{"payment", "cancel", "shop", pay}, "--reason")
	refused(t, 2, []string{"payment", "cancel", "shop", pay, "--reason", "x", "--bank", "20"}, "--number")
	refused(t, 1, []string{"payment", "given-back", "shop", pay, "x"}, "CANCEL")
	refused(t, 1, []string{"payment", "given-back", "shop", pay, "pcn_01k00000000000000000000000"}, "no cancellation")
	for _, verb := range []string{"show", "arrived", "ask"} {
		refused(t, 1, []string{"payment", verb, "shop", "x"}, `ID: "x" is not the id of a payment`)
		refused(t, 1, []string{"payment", verb, "shop", "pay_01k00000000000000000000000"}, "no payment")
		refused(t, 1, []string{"payment", verb, "nobody", pay}, "no payment")
	}
	refused(t, 2, []string{"payment", "list"}, "--all")
	refused(t, 2, []string{"payment", "list", "shop", "--all"}, "--all")
	refused(t, 2, []string{"payment", "list", "shop", "--status", "lost"}, "--status", "declined")
	refused(t, 1, []string{"payment", "list", "shop", "--limit", "0"}, "--limit")
	refused(t, 1, []string{"payment", "list", "nobody"}, `no site "nobody"`)
}

func TestACardPaymentIsGivenBackByTheRunningServerAndCompared(t *testing.T) {
	w := newTill(t)
	pay := w.paid(50_000)
	wants(t, "the payment", done(t, "payment", "show", "shop", pay), "paid", "toss, card", "4330", "paid ")
	wants(t, "the cancellation", done(t, "payment", "cancel", "shop", pay, "--reason", "해지"), "requested", "55,000 won", "a worker asks the gateway")
	for status := any("paid"); status != "cancelled"; { // the server's worker does it
		status = object(t, done(t, "payment", "show", "shop", pay, "--json"))["status"]
	}
	wants(t, "asked", done(t, "payment", "ask", "shop", pay), "a worker asks toss about "+pay+", which is cancelled")
	today := korea.Day(time.Now())
	wants(t, "the comparison", done(t, "payment", "compare", "toss", today), "agree about "+today)
	if got := object(t, done(t, "payment", "compare", "toss", today, "--json")); got["ok"] != true || len(got["differences"].([]any)) != 0 {
		t.Errorf("compared: %v", got)
	}
	wants(t, "the differences", done(t, "payment", "differences", "--since", today), "1 day compared, 0 differences")

	// The same gateway, seen from a database that knows nothing of the payment.
	t.Setenv("CREDITMSG_DATABASE_URL", "sqlite:elsewhere.db")
	code, out, errs := run(t, "", "payment", "compare", "toss", today)
	if code != 1 || !strings.Contains(errs, "differ") {
		t.Errorf("elsewhere: exit %d, %s", code, errs)
	}
	wants(t, "the table", out, "ORDER", pay, "not_ours: it moved money")
	code, out, _ = run(t, "", "payment", "compare", "toss", today, "--json")
	if got := object(t, out); code != 1 || got["ok"] != false || got["differences"].([]any)[0].(map[string]any)["order"] != pay {
		t.Errorf("elsewhere: exit %d, %s", code, out)
	}
	wants(t, "the differences", done(t, "payment", "differences"), "1 difference", pay)
	refused(t, 1, []string{"payment", "differences", "--since", "x"}, "--since")
	refused(t, 1, []string{"payment", "compare", "toss", "x"}, "DAY")
	refused(t, 1, []string{"payment", "compare", "none", today}, `"none"`)
	refused(t, 1, []string{"payment", "compare", "bank", today}, "lists nothing")
	refused(t, 2, []string{"payment", "compare", "toss"}, "day")
}

func TestASiteIsRechargedByItsCardAndTold(t *testing.T) {
	w := newTill(t)
	card := w.window(w.post("/v1/payment-methods", fmt.Sprintf(`{"return_url":%q}`, w.url+"/docs")))
	wants(t, "the methods", done(t, "payment", "methods", "shop"), "CARD", card, "active", "toss", "4330")
	wants(t, "no rule", done(t, "site", "recharge", "shop"), "shop is not recharged by itself")
	set := pick(t, done(t, "site", "recharge", "shop", "--threshold", "10000", "--amount", "50000", "--method", card, "--daily-cap", "100000", "--json"),
		"enabled", "threshold", "amount", "target", "method_id", "daily_cap", "monthly_cap")
	if fmt.Sprint(set) != "map[amount:50000.00 daily_cap:100000.00 enabled:true method_id:"+card+" monthly_cap:<nil> target:<nil> threshold:10000.00]" {
		t.Errorf("set: %v", set)
	}
	for credit := ""; credit != "50000.00"; { // the server's worker charges the card
		credit = object(t, done(t, "credit", "show", "shop", "--json"))["available"].(string)
	}
	wants(t, "changed", done(t, "site", "recharge", "shop", "--target", "90000"), "recharge", "on", "fills up to", "90,000 won", "daily cap")
	wants(t, "off", done(t, "site", "recharge", "shop", "--off"), "off", "90,000 won")
	wants(t, "on", done(t, "site", "recharge", "shop", "--on"), "on", "90,000 won")
	refused(t, 2, []string{"site", "recharge", "shop", "--off", "--threshold", "1"}, "--off")
	refused(t, 2, []string{"site", "recharge", "shop", "--off", "--on"}, "--off")
	refused(t, 2, []string{"site", "recharge", "shop", "--amount", "1000", "--target", "20000"}, "--amount")
	refused(t, 1, []string{"site", "recharge", "shop", "--amount", "999"}, "/amount")
	refused(t, 1, []string{"site", "recharge", "shop", "--threshold", "x"}, "--threshold")
	refused(t, 1, []string{"site", "recharge", "shop", "--method", "x"}, "--method")
	refused(t, 1, []string{"site", "recharge", "nobody"}, `no site "nobody"`)
	refused(t, 1, []string{"payment", "methods", "nobody"}, `no site "nobody"`)

	wants(t, "no levels", done(t, "site", "levels", "shop"), "nobody of shop is told")
	wants(t, "the levels", done(t, "site", "levels", "shop", "5000", "20000"), "told below 20,000 won\ntold below 5,000 won\n")
	if got := object(t, done(t, "site", "levels", "shop", "--json"))["levels"]; fmt.Sprint(got) != "[20000.00 5000.00]" {
		t.Errorf("levels: %v", got)
	}
	wants(t, "none", done(t, "site", "levels", "shop", "--none"), "nobody of shop is told")
	refused(t, 1, []string{"site", "levels", "shop", "low"}, "LEVEL 1")
	refused(t, 1, []string{"site", "levels", "shop", "1", "2", "3", "4", "5", "6"}, "five levels at most")
	refused(t, 2, []string{"site", "levels", "shop", "5000", "--none"}, "--none")
	refused(t, 1, []string{"site", "levels", "nobody"}, `no site "nobody"`)
}
