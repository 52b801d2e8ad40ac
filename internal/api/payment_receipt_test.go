package api

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
)

func TestAReceiptIsGivenForWhatIsPaidAndForNothingElse(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		begun := w.do(ask{method: "POST", path: "/v1/credit/payments", token: w.rich, body: `{"method":"transfer","amount":"1000"}`}).is(201).json()
		path := "/v1/credit/payments/" + begun["id"].(string)
		if got := w.get(path + "/receipt").is(409).json(); got["code"] != "state_conflict" {
			t.Errorf("before it came: %v", got)
		}
		w.do(ask{method: "POST", path: path + "/arrived?site=rich", token: w.operator, body: "{}"}).is(200)
		got := w.get(path + "/receipt").is(200)
		if got.json()["paid_on"] == "" || got.json()["remaining"].(map[string]any)["total"] != "1100.00" {
			t.Errorf("got %s", got.body)
		}
		page := w.do(ask{method: "GET", path: path + "/receipt", token: w.rich, header: http.Header{"Accept": {"text/html"}}}).is(200)
		if !bytes.HasPrefix(page.body, []byte("<!doctype html>")) || !strings.HasPrefix(page.header.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("got %v: %s", page.header, page.body)
		}
		w.get(path + "/receipt?format=pdf").is(422)
		w.get("/v1/credit/payments/pay_1/receipt").is(404)
	})
}

func TestATransferGetsTheCashReceiptThatTheProfileAsksFor(t *testing.T) {
	w := onSQLite(t)
	wanted := func(body string) any {
		t.Helper()
		return w.do(ask{method: "POST", path: "/v1/credit/payments", token: w.rich, body: body}).is(201).json()["cash_receipt"]
	}
	const transfer, card = `{"method":"transfer","amount":"1000"}`, `{"method":"card","amount":"1000","return_url":"https://shop.example/"}`
	for profile, asked := range map[string]bool{
		`{}`: false, `{"paper":"cash_receipt_person","cash_receipt_number":"010-1234-5678"}`: true,
		`{"paper":"cash_receipt_business","cash_receipt_number":"124-81-00998"}`: true,
	} {
		w.do(ask{method: "PUT", path: "/v1/billing-profile", token: w.rich, body: profile}).is(200)
		if got := wanted(transfer); (got != nil) != asked {
			t.Errorf("%s: a transfer has %v", profile, got)
		}
		if got := wanted(card); got != nil {
			t.Errorf("%s: a card has %v", profile, got)
		}
	}
}
