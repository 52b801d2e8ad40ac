package api

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"creditmsg/internal/billing"
	"creditmsg/internal/payment"
	"creditmsg/internal/payment/manual"
	till "creditmsg/internal/payment/simulator"
	"creditmsg/internal/payment/toss"
)

// newBilling makes payments by a simulated gateway and a transfer.
func newBilling(t testing.TB, w *world) (*billing.Service, *httptest.Server) {
	t.Helper()
	sim := till.New(till.Options{SlowFor: -1})
	server := httptest.NewServer(sim.Handler())
	t.Cleanup(server.Close)
	a := payment.Account{Name: "toss", Kind: "toss", URL: server.URL, CheckoutURL: server.URL + "/_sim/checkout",
		ClientKey: till.DefaultClientKey, SecretKey: till.DefaultSecretKey, Timeout: 5 * time.Second}
	card, err := toss.New(a)
	w.must(err)
	b := payment.Account{Name: "bank", Kind: "manual", TransferTo: "국민은행 123-45-6789"}
	bank, err := manual.New(b)
	w.must(err)
	s, err := billing.New(w.d, w.keys, w.ledger, w.queue, []billing.Gateway{{Account: a, Adapter: card}, {Account: b, Adapter: bank}}, billing.Options{})
	w.must(err)
	return s, server
}

// work runs the jobs of payments that are due.
func (w *world) work() {
	w.t.Helper()
	for range 20 {
		for _, k := range w.billing.Works() {
			jobs, err := w.queue.Claim(context.Background(), k.Lane, []string{k.Kind}, k.Max)
			w.must(err)
			if len(jobs) > 0 {
				w.must(k.Handle(context.Background(), jobs))
			}
		}
	}
}

// pays plays a payer on the page of a checkout and follows the way back into this API.
func (w *world) pays(checkout any, card, action string) got {
	w.t.Helper()
	page := checkout.(map[string]any)["url"].(string)
	u, err := url.Parse(page)
	w.must(err)
	form := u.Query()
	form.Set("card", card)
	form.Set("action", action)
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	reply, err := client.PostForm(page, form)
	w.must(err)
	reply.Body.Close()
	back, err := reply.Location()
	w.must(err)
	return w.do(ask{method: "GET", path: back.RequestURI()}).is(303)
}

const cardNumber = "4330123412341234"

func TestASitePaysByCardAndGetsItsCredit(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		begun := w.post("/v1/credit/payments", `{"method":"card","amount":"50000","return_url":"https://shop.example/credit?from=1"}`).is(201).json()
		if begun["status"] != "created" || begun["amount"] != "50000.00" || begun["vat"] != "5000.00" || begun["total"] != "55000.00" {
			t.Errorf("begun: got %v", begun)
		}
		to := w.pays(begun["checkout"], cardNumber, "pay").header.Get("Location")
		if want := "https://shop.example/credit?from=1&payment=" + begun["id"].(string) + "&status=paid"; to != want {
			t.Errorf("leads to %s, want %s", to, want)
		}
		path := "/v1/credit/payments/" + begun["id"].(string)
		if got := w.get(path).is(200).json(); got["status"] != "paid" || got["checkout"] != nil || got["means"] == "" || got["paid_at"] == nil {
			t.Errorf("paid: got %v", got)
		}
		if got := w.get("/v1/credit").json()["available"]; got != "200000.00" {
			t.Errorf("available: got %v", got)
		}
		w.post(path+"/cancel", `{"amount":"200001","reason":"오류"}`).refused(422, "validation")
		gone := w.post(path+"/cancel", `{"amount":"20000","reason":"오류"}`).is(201).json()
		if gone["status"] != "requested" || gone["total"] != "22000.00" {
			t.Errorf("cancelled: got %v", gone)
		}
		w.work()
		all := w.get("/v1/credit/payments?status=partially_cancelled").is(200).json()["data"].([]any)
		if len(all) != 1 || all[0].(map[string]any)["returned"] != "22000.00" || len(all[0].(map[string]any)["cancellations"].([]any)) != 1 {
			t.Errorf("list: got %v", all)
		}
		w.do(ask{method: "GET", path: path, token: w.poor}).refused(404, "not_found")
	})
}

func TestCancellingSpentCreditIsRefusedWithWhatIsLeft(t *testing.T) {
	w := onSQLite(t)
	begun := w.do(ask{method: "POST", path: "/v1/credit/payments", token: w.poor, body: `{"method":"card","amount":"10000","return_url":"https://shop.example/"}`}).is(201).json()
	w.pays(begun["checkout"], cardNumber, "pay")
	w.do(ask{method: "POST", path: "/v1/messages", token: w.poor, body: `{"strategy":"sms_only","text":{"body":"hello"},"recipients":[{"to":"01012345678"}]}`}).is(202)
	p := w.do(ask{method: "POST", path: "/v1/credit/payments/" + begun["id"].(string) + "/cancel", token: w.poor, body: `{"amount":"10000","reason":"오류"}`})
	p.refused(409, "cancel_exceeds")
	if got := p.json()["cancellable"]; got != "9982.00" && got != "9992.00" {
		t.Errorf("cancellable: got %v", got)
	}
}

func TestARepeatOfAPaymentIsTheSamePayment(t *testing.T) {
	w := onSQLite(t)
	a := ask{method: "POST", path: "/v1/credit/payments", token: w.rich, body: `{"method":"virtual_account","amount":"30000","bank":"20","payer":{"name":"홍길동"}}`, key: "pay-1"}
	first, again := w.do(a).is(201), w.do(a).is(201)
	if string(first.body) != string(again.body) || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("got %s, then %s", first.body, again.body)
	}
	if got := first.json(); got["status"] != "waiting_for_deposit" || got["deposit"].(map[string]any)["number"] == "" {
		t.Errorf("got %v", got)
	}
	a.body = strings.Replace(a.body, "30000", "40000", 1)
	w.do(a).refused(422, "idempotency_mismatch")
}

func TestOnlyOperatorsBookTransfers(t *testing.T) {
	w := onSQLite(t)
	begun := w.post("/v1/credit/payments", `{"method":"transfer","amount":"30000"}`).is(201).json()
	path := "/v1/credit/payments/" + begun["id"].(string)
	if begun["deposit"].(map[string]any)["text"] == "" {
		t.Errorf("begun: got %v", begun)
	}
	w.post(path+"/arrived", "").refused(403, "forbidden")
	for range 2 {
		if got := w.do(ask{method: "POST", path: path + "/arrived?site=rich", token: w.operator}).is(200).json()["status"]; got != "paid" {
			t.Errorf("arrived: got %v", got)
		}
	}
	w.post(path+"/cancel", `{"reason":"x","by_hand":true}`).refused(403, "forbidden")
	gone := w.post(path+"/cancel", `{"reason":"환불","to":{"bank":"20","number":"1002","holder":"홍"}}`).is(201).json()
	if gone["status"] != "transfer" || gone["total"] != "33000.00" {
		t.Errorf("cancelled: got %v", gone)
	}
	done := path + "/cancellations/" + gone["id"].(string) + "/given-back"
	w.post(done, "").refused(403, "forbidden")
	if got := w.do(ask{method: "POST", path: done + "?site=rich", token: w.operator}).is(200).json()["status"]; got != "done" {
		t.Errorf("given back: got %v", got)
	}
}

func TestACardIsLeftAndRechargesTheSite(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		rule := `{"enabled":true,"threshold":"10000","amount":"50000","method_id":%q,"daily_cap":"100000"}`
		put := func(body string) got {
			return w.do(ask{method: "PUT", path: "/v1/credit/auto-recharge", token: w.poor, body: body})
		}
		put(fmt.Sprintf(rule, "")).refused(422, "validation")
		begun := w.do(ask{method: "POST", path: "/v1/payment-methods", token: w.poor, body: `{"return_url":"https://shop.example/cards"}`}).is(201).json()
		if begun["status"] != "pending" {
			t.Errorf("begun: got %v", begun)
		}
		to := w.pays(begun["checkout"], cardNumber, "pay").header.Get("Location")
		if to != "https://shop.example/cards?payment_method="+begun["id"].(string)+"&status=active" {
			t.Errorf("leads to %s", to)
		}
		cards := w.do(ask{method: "GET", path: "/v1/payment-methods", token: w.poor}).is(200).json()["data"].([]any)
		if len(cards) != 1 || !strings.Contains(cards[0].(map[string]any)["label"].(string), "*") {
			t.Errorf("cards: got %v", cards)
		}
		put(fmt.Sprintf(rule, begun["id"])).is(200)
		w.work()
		credit := w.do(ask{method: "GET", path: "/v1/credit", token: w.poor}).json()
		if got := credit["auto_recharge"].(map[string]any); credit["available"] != "50010.00" || got["amount"] != "50000.00" || got["target"] != nil || got["payment_id"] != nil {
			t.Errorf("credit: got %v", credit)
		}
		path := "/v1/payment-methods/" + begun["id"].(string)
		w.do(ask{method: "DELETE", path: path, token: w.poor}).refused(409, "state_conflict")
		put(`{"enabled":false}`).is(200)
		w.do(ask{method: "DELETE", path: path, token: w.poor}).is(204)
		w.work()
		if got := w.do(ask{method: "GET", path: path, token: w.poor}).is(200).json()["status"]; got != "removed" {
			t.Errorf("removed: got %v", got)
		}
	})
}

func TestMoneyThatMakesNoSenseIsRefusedInItsPlace(t *testing.T) {
	w := onSQLite(t)
	for _, c := range []struct{ method, path, body, pointer string }{
		{"POST", "/v1/credit/payments", `{"method":"card","amount":"999","return_url":"https://x.example/"}`, "/amount"},
		{"POST", "/v1/credit/payments", `{"method":"card","amount":"1000.5","return_url":"https://x.example/"}`, "/amount"},
		{"POST", "/v1/credit/payments", `{"method":"card","amount":"-1000","return_url":"https://x.example/"}`, "/amount"},
		{"POST", "/v1/credit/payments", `{"method":"beads","amount":"1000","return_url":"https://x.example/"}`, "/method"},
		{"POST", "/v1/credit/payments", `{"method":"stored","amount":"1000","method_id":"pmt_x"}`, "/method_id"},
		{"POST", "/v1/credit/payments", `{"gateway":"nobody","method":"card","amount":"1000","return_url":"https://x.example/"}`, "/gateway"},
		{"POST", "/v1/credit/payments", `{"method":"card","amount":"1000","return_url":"javascript:alert(1)"}`, "/return_url"},
		{"PUT", "/v1/credit/auto-recharge", `{"enabled":true,"threshold":"-1","amount":"50000"}`, "/threshold"},
		{"PUT", "/v1/credit/auto-recharge", `{"enabled":true,"threshold":"10000","amount":"999"}`, "/amount"},
		{"PUT", "/v1/credit/auto-recharge", `{"enabled":true,"threshold":"10000","amount":"50000.1"}`, "/amount"},
		{"PUT", "/v1/credit/auto-recharge", `{"enabled":true,"threshold":"10000","amount":"50000","daily_cap":"20000"}`, "/daily_cap"},
		{"PUT", "/v1/credit/auto-recharge", `{"enabled":true,"threshold":"10000","amount":"50000","daily_cap":"200000","monthly_cap":"100000"}`, "/daily_cap"},
		{"PUT", "/v1/credit/auto-recharge", `{"enabled":true,"threshold":"10000","amount":"50000","method_id":"pmt_00000000000000000000000000"}`, "/method_id"},
		{"PUT", "/v1/credit/alerts", `{"levels":["1000","0"]}`, "/levels/1"},
		{"PUT", "/v1/credit/alerts", `{"levels":["-5"]}`, "/levels/0"},
		{"PUT", "/v1/credit/alerts", `{"emails":["a@shop.example","b@shop.example\r\nBcc: c@shop.example"]}`, "/emails/1"},
		{"PUT", "/v1/credit/alerts", `{"topics":["low_balance","weather"]}`, "/topics/1"},
		{"PUT", "/v1/credit/alerts", `{"mobile":"02-123-4567"}`, "/mobile"},
		{"PUT", "/v1/credit/alerts", `{"language":"fr"}`, "/language"},
	} {
		places := w.do(ask{method: c.method, path: c.path, token: w.rich, body: c.body}).refused(422, "validation")
		if len(places) == 0 || places[0] != c.pointer {
			t.Errorf("%s %s: got %v, want %s", c.path, c.body, places, c.pointer)
		}
	}
	w.post("/v1/credit/payments/pay_x/cancel", `{"reason":"x"}`).refused(404, "not_found")
	w.do(ask{method: "GET", path: "/payments/pay_00000000000000000000000000/return"}).refused(404, "not_found")
	w.do(ask{method: "POST", path: "/webhooks/payments/toss", body: `{"secret":"ps_x","orderId":"` + "pay_00000000000000000000000000" + `","status":"DONE"}`}).is(200)
	w.do(ask{method: "POST", path: "/webhooks/payments/toss", body: `{"hello":"world"}`}).refused(401, "unauthenticated")
	w.do(ask{method: "POST", path: "/webhooks/payments/other", body: `{}`}).refused(404, "not_found")
}

func TestLevelsAreReadAsTheyWereSet(t *testing.T) {
	w := onSQLite(t)
	w.do(ask{method: "PUT", path: "/v1/credit/alerts", token: w.rich, body: `{"levels":["5000","20000.50","5000"]}`}).is(200)
	if got := fmt.Sprint(w.get("/v1/credit/alerts").is(200).json()["levels"]); got != "[20000.50 5000.00]" {
		t.Errorf("got %s", got)
	}
}

func TestWhatIsAbsentOfAlertsKeepsItsValue(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		put := func(body string) string {
			t.Helper()
			return string(w.do(ask{method: "PUT", path: "/v1/credit/alerts", token: w.rich, body: body}).is(200).body)
		}
		const fresh = `{"levels":[],"emails":[],"topics":["low_balance","payment_failed","expiring","owed","caps","series","review","sender","webhooks"],"mobile":null,"language":"ko"}` + "\n"
		if got := string(w.get("/v1/credit/alerts").is(200).body); got != fresh {
			t.Errorf("at first: got %s", got)
		}
		put(`{"emails":["Owner@Shop.Example","clerk@shop.example"],"topics":["owed","low_balance"],"mobile":"010-1234-5678","language":"en"}`)
		put(`{"levels":["5000"]}`)
		put(`{"emails":["owner@shop.example"]}`)
		const want = `{"levels":["5000.00"],"emails":["owner@shop.example"],"topics":["owed","low_balance"],"mobile":"01012345678","language":"en"}` + "\n"
		if got := put(`{}`); got != want {
			t.Errorf("got %s", got)
		}
		if got := put(`{"levels":[],"emails":[],"topics":[],"mobile":"","language":"ko"}`); got != `{"levels":[],"emails":[],"topics":[],"mobile":null,"language":"ko"}`+"\n" {
			t.Errorf("emptied: got %s", got)
		}
	})
}

// recharging makes a site recharge itself, and a worker that does it.
func (w *world) recharging(token string) {
	w.t.Helper()
	begun := w.do(ask{method: "POST", path: "/v1/payment-methods", token: token, body: `{"return_url":"https://shop.example/cards"}`}).is(201).json()
	w.pays(begun["checkout"], cardNumber, "pay")
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.queue.Run(ctx, w.billing.Works()...) }()
	w.t.Cleanup(func() { stop(); w.must(<-ended) })
	w.do(ask{method: "PUT", path: "/v1/credit/auto-recharge", token: token, body: `{"enabled":true,"threshold":"5","amount":"1000"}`}).is(200)
}

// big is a message to so many people that poor cannot pay for it.
func big(people int, more string) string {
	var to []string
	for i := range people {
		to = append(to, fmt.Sprintf(`{"to":"0101%07d"}`, i))
	}
	return `{"strategy":"sms_only","text":{"body":"안녕하세요"},` + more + `"recipients":[` + strings.Join(to, ",") + `]}`
}

func TestASendAboveTheBalanceWaitsForItsRecharge(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.recharging(w.poor)
		a := ask{method: "POST", path: "/v1/messages", token: w.poor, key: "big", body: big(500, "")}
		if got := w.do(a).is(202).json()["held"]; got != "9000.00" {
			t.Errorf("held: got %v", got)
		}
		if got := w.do(a).is(202).header.Get("Idempotent-Replayed"); got != "true" {
			t.Errorf("repeat: got %q", got)
		}
		// 9,000 won were needed, 10 were there, thousands are recharged.
		credit := w.do(ask{method: "GET", path: "/v1/credit", token: w.poor}).json()
		if credit["available"] != "10.00" || credit["held"] != "9000.00" {
			t.Errorf("credit: got %v", credit)
		}
		all := w.do(ask{method: "GET", path: "/v1/credit/payments", token: w.poor}).rows()
		if len(all) != 1 || all[0]["amount"] != "9000.00" || all[0]["automatic"] != true || all[0]["status"] != "paid" {
			t.Errorf("payments: got %v", all)
		}
	})
}

func TestAStagedUploadAboveTheBalanceWaitsToo(t *testing.T) {
	w := onSQLite(t)
	w.recharging(w.poor)
	var body strings.Builder
	body.WriteString(`{"strategy":"sms_only","text":{"body":"안녕하세요"}}` + "\n")
	const people = 12_500
	for i := range people {
		fmt.Fprintf(&body, `{"to":"0101%07d"}`+"\n", i)
	}
	got := w.do(ask{method: "POST", path: "/v1/messages", token: w.poor, media: "application/x-ndjson", body: body.String()}).is(202).json()
	if got["held"] != "225000.00" {
		t.Errorf("got %v", got)
	}
	people200 := w.do(ask{method: "GET", path: "/v1/messages/" + got["id"].(string) + "/recipients?limit=200", token: w.poor}).rows()
	if len(people200) != 200 {
		t.Errorf("recipients: got %d", len(people200))
	}
}

func TestASendThatDoesNotWaitIsRefused(t *testing.T) {
	w := onSQLite(t)
	refused := func(body string) map[string]any {
		t.Helper()
		g := w.do(ask{method: "POST", path: "/v1/messages", token: w.poor, body: body})
		g.refused(402, "insufficient_credit")
		return g.json()
	}
	if got := refused(big(500, "")); got["needed"] != "9000.00" || got["available"] != "10.00" || got["recharge"] != nil {
		t.Errorf("without a rule: got %v", got)
	}
	w.recharging(w.poor)
	if got := refused(big(500, `"wait_for_recharge":0,`)); got["recharge"] != nil {
		t.Errorf("not waiting: got %v", got)
	}
	w.do(ask{method: "PUT", path: "/v1/credit/auto-recharge", token: w.poor, body: `{"enabled":true,"threshold":"5","amount":"1000","daily_cap":"5000"}`}).is(200)
	if got := refused(big(500, "")); got["recharge"] != nil {
		t.Errorf("above the cap: got %v", got)
	}
	w.do(ask{method: "GET", path: "/v1/credit/payments", token: w.poor}).is(200)
}

func TestADeclinedRechargeIsToldWithTheRefusal(t *testing.T) {
	w := onSQLite(t)
	begun := w.do(ask{method: "POST", path: "/v1/payment-methods", token: w.poor, body: `{"return_url":"https://shop.example/cards"}`}).is(201).json()
	w.pays(begun["checkout"], "9000000112341234", "pay")
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.queue.Run(ctx, w.billing.Works()...) }()
	t.Cleanup(func() { stop(); w.must(<-ended) })
	w.do(ask{method: "PUT", path: "/v1/credit/auto-recharge", token: w.poor, body: `{"enabled":true,"threshold":"5","amount":"1000"}`}).is(200)
	g := w.do(ask{method: "POST", path: "/v1/messages", token: w.poor, body: big(500, "")})
	g.refused(402, "insufficient_credit")
	if got, _ := g.json()["recharge"].(map[string]any); got["status"] != "declined" || got["amount"] != "9000.00" {
		t.Errorf("got %s", g.body)
	}
}
