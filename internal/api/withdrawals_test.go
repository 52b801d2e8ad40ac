package api

import (
	"fmt"
	"strings"
	"testing"
)

// paidCard makes a payment by card and gives its path.
func (w *world) paidCard(token, amount string) string {
	w.t.Helper()
	begun := w.do(ask{method: "POST", path: "/v1/credit/payments", token: token,
		body: `{"method":"card","amount":"` + amount + `","return_url":"https://shop.example/"}`}).is(201).json()
	w.pays(begun["checkout"], cardNumber, "pay")
	return "/v1/credit/payments/" + begun["id"].(string)
}

const toBank = `,"to":{"bank":"20","number":"1002123456789","holder":"홍길동"}`

func TestASiteGetsItsUnusedCreditBackOnceSomebodyElseApproves(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		pay := w.paidCard(w.rich, "50000")
		a := ask{method: "POST", path: "/v1/credit/withdrawals", token: w.rich, key: "w-1", body: `{"amount":"20000","reason":"계약 종료"` + toBank + `}`}
		first, again := w.do(a).is(201), w.do(a).is(201)
		asked := first.json()
		if string(first.body) != string(again.body) || asked["status"] != "requested" || asked["total"] != "22000.00" || asked["fee"] != "0.00" {
			t.Errorf("asked: got %s, then %s", first.body, again.body)
		}
		if got := asked["to"].(map[string]any)["number"]; got != "*********6789" {
			t.Errorf("the site reads the account as %v", got)
		}
		path := "/v1/credit/withdrawals/" + asked["id"].(string)
		w.post("/v1/credit/withdrawals", `{"reason":"또"}`).refused(409, "state_conflict")
		w.post(path+"/approve", "").refused(403, "forbidden") // no token of the operator
		w.do(ask{method: "GET", path: path, token: w.poor}).refused(404, "not_found")
		w.do(ask{method: "POST", path: path + "/cancel", token: w.poor}).refused(404, "not_found")
		w.do(ask{method: "POST", path: path + "/approve?site=poor", token: w.operator}).refused(404, "not_found")
		open := w.do(ask{method: "GET", path: "/v1/credit/withdrawals?site=*&status=requested", token: w.operator}).rows()
		if len(open) != 1 || open[0]["site"] != "rich" || open[0]["to"].(map[string]any)["number"] != "1002123456789" {
			t.Errorf("open: got %v", open)
		}
		for range 2 {
			got := w.do(ask{method: "POST", path: path + "/approve?site=rich", token: w.operator}).is(200).json()
			if got["status"] != "approved" || !strings.HasPrefix(got["decided_by"].(string), "tok_") || len(got["cancellations"].([]any)) != 1 {
				t.Errorf("approved: got %v", got)
			}
		}
		w.post(path+"/cancel", "").refused(409, "state_conflict")
		w.do(ask{method: "POST", path: path + "/reject?site=rich", token: w.operator, body: `{"reason":"x"}`}).refused(409, "state_conflict")
		w.work()
		if got := w.get(path).is(200).json(); got["status"] != "done" || got["returned"] != "22000.00" || got["done_at"] == nil {
			t.Errorf("done: got %v", got)
		}
		if got := w.get(pay).is(200).json(); got["status"] != "partially_cancelled" || got["returned"] != "22000.00" {
			t.Errorf("the payment: got %v", got)
		}
		if strings.Contains(w.log.String(), "1002123456789") || strings.Contains(w.log.String(), "계약 종료") {
			t.Error("the log has the account or the reason")
		}
	})
}

func TestNobodyApprovesWhatHisOwnTokenAskedFor(t *testing.T) {
	w := onSQLite(t)
	w.paidCard(w.rich, "50000")
	asked := w.do(ask{method: "POST", path: "/v1/credit/withdrawals?site=rich", token: w.operator, body: `{"reason":"전화 요청"}`}).is(201).json()
	path := "/v1/credit/withdrawals/" + asked["id"].(string)
	p := w.do(ask{method: "POST", path: path + "/approve?site=rich", token: w.operator})
	p.refused(403, "forbidden")
	if !strings.Contains(fmt.Sprint(p.json()["detail"]), "another") {
		t.Errorf("got %s", p.body)
	}
	other := w.token("", "operator")
	w.do(ask{method: "POST", path: path + "/approve?site=rich", token: other}).is(200)
}

func TestAWithdrawalIsTakenBackOrRejectedWithAReason(t *testing.T) {
	w := onSQLite(t)
	w.paidCard(w.rich, "50000")
	request := func() string {
		return "/v1/credit/withdrawals/" + w.post("/v1/credit/withdrawals", `{"reason":"해지"}`).is(201).json()["id"].(string)
	}
	if got := w.post(request()+"/cancel", "").is(200).json(); got["status"] != "cancelled" || got["decided_at"] == nil {
		t.Errorf("taken back: got %v", got)
	}
	path := request()
	w.do(ask{method: "POST", path: path + "/reject?site=rich", token: w.operator, body: `{}`}).refused(422, "validation")
	if got := w.do(ask{method: "POST", path: path + "/reject?site=rich", token: w.operator, body: `{"reason":"계약 기간 중"}`}).is(200).json(); got["status"] != "rejected" || got["decision"] != "계약 기간 중" {
		t.Errorf("rejected: got %v", got)
	}
	page := w.get("/v1/credit/withdrawals?limit=1").is(200).json()
	next := w.get("/v1/credit/withdrawals?limit=1&cursor=" + page["next_cursor"].(string)).rows()
	if page["data"].([]any)[0].(map[string]any)["status"] != "rejected" || next[0]["status"] != "cancelled" {
		t.Errorf("list: got %v, then %v", page, next)
	}
}

func TestAWithdrawalThatMakesNoSenseIsRefusedInItsPlace(t *testing.T) {
	w := onSQLite(t)
	w.paidCard(w.rich, "50000")
	for body, pointer := range map[string]string{
		`{}`:                              "/reason",
		`{"reason":" "}`:                  "/reason",
		`{"reason":"x","amount":"0"}`:     "/amount",
		`{"reason":"x","amount":"999"}`:   "/amount",
		`{"reason":"x","amount":"10.5"}`:  "/amount",
		`{"reason":"x","amount":"-1000"}`: "/amount",
		`{"reason":"x","to":{"bank":"20","number":"12-3","holder":"홍"}}`: "/to",
	} {
		if places := w.post("/v1/credit/withdrawals", body).refused(422, "validation"); len(places) == 0 || places[0] != pointer {
			t.Errorf("%s: got %v, want %s", body, places, pointer)
		}
	}
	p := w.post("/v1/credit/withdrawals", `{"reason":"x","amount":"50001"}`)
	p.refused(409, "cancel_exceeds")
	if got := p.json()["cancellable"]; got != "50000.00" {
		t.Errorf("can be withdrawn: got %v", got)
	}
	w.do(ask{method: "POST", path: "/v1/credit/withdrawals", token: w.poor, body: `{"reason":"x"}`}).refused(409, "cancel_exceeds")
	w.get("/v1/credit/withdrawals/wdr_x").refused(404, "not_found")
	transferred := w.post("/v1/credit/payments", `{"method":"transfer","amount":"30000"}`).is(201).json()["id"].(string)
	w.do(ask{method: "POST", path: "/v1/credit/payments/" + transferred + "/arrived?site=rich", token: w.operator}).is(200)
	if places := w.post("/v1/credit/withdrawals", `{"reason":"x"}`).refused(422, "validation"); places[0] != "/to" {
		t.Errorf("what was transferred, and nowhere to: got %v", places)
	}
}
