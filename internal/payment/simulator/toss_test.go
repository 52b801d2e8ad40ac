package simulator

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestAPaymentIsTakenWhenItIsConfirmed(t *testing.T) {
	inFakeTime(t, Options{}, func(w *world) {
		key := w.yes("order-1", goodCard, 37400)
		if n := w.takenOf("order-1"); n != 0 {
			t.Errorf("before the confirmation: got %d takings, want 0", n)
		}
		if got := w.ask("GET", "/v1/payments/orders/order-1", nil); text(got.body["status"]) != "IN_PROGRESS" {
			t.Errorf("before the confirmation: got %v", got.body)
		}
		got := w.confirmed(key, "order-1", 37400)
		if got.status != 200 || text(got.body["status"]) != "DONE" || w.takenOf("order-1") != 1 {
			t.Errorf("confirmed: got %d %v", got.status, got.body)
		}
		for name, want := range map[string]any{"totalAmount": "37400", "vat": "3400", "suppliedAmount": "34000"} {
			if n, ok := got.body[name].(interface{ String() string }); !ok || n.String() != want {
				t.Errorf("%s: got %v, want %v", name, got.body[name], want)
			}
		}
		if got := w.confirmed(key, "order-1", 37400); got.code() != "ALREADY_PROCESSED_PAYMENT" {
			t.Errorf("confirmed twice: got %v", got.body)
		}
		synctest.Wait()
		if diff := cmp.Diff([]string{"DONE"}, w.wire.statuses()); diff != "" {
			t.Errorf("notices (-want +got):\n%s", diff)
		}
	})
}

func TestWhoIsNotLetInIsTold(t *testing.T) {
	inFakeTime(t, Options{}, func(w *world) {
		r := httptest.NewRequest("GET", "/v1/payments/x", nil)
		if got := w.do(r); got.code() != "INCORRECT_BASIC_AUTH_FORMAT" {
			t.Errorf("no key: got %v", got.body)
		}
		r.SetBasicAuth("test_sk_other", "")
		if got := w.do(r); got.code() != "UNAUTHORIZED_KEY" || got.status != 401 {
			t.Errorf("another key: got %d %v", got.status, got.body)
		}
		r.SetBasicAuth(DefaultSecretKey, "x")
		if got := w.do(r); got.code() != "INCORRECT_BASIC_AUTH_FORMAT" {
			t.Errorf("with a password: got %v", got.body)
		}
	})
}

func TestTheTestHeaderForcesAnErrorBeforeAnythingElse(t *testing.T) {
	inFakeTime(t, Options{}, func(w *world) {
		for code, status := range map[string]int{"REJECT_CARD_PAYMENT": 403, "INVALID_STOPPED_CARD": 400, "FAILED_INTERNAL_SYSTEM_PROCESSING": 500} {
			if got := w.confirmed("no such key", "order-1", 1, "TossPayments-Test-Code", code); got.code() != code || got.status != status {
				t.Errorf("%s: got %d %v, want %d", code, got.status, got.body, status)
			}
		}
	})
}

func TestConfirmationsThatDoNotFitTakeNothing(t *testing.T) {
	inFakeTime(t, Options{}, func(w *world) {
		key := w.yes("order-1", goodCard, 11000)
		for want, got := range map[string]reply{
			"NOT_FOUND_PAYMENT": w.confirmed("tsim_none", "order-1", 11000),
			"INVALID_REQUEST":   w.confirmed(key, "order-1", 10999),
		} {
			if got.code() != want {
				t.Errorf("got %v, want %s", got.body, want)
			}
		}
		time.Sleep(confirmFor + time.Second)
		if got := w.confirmed(key, "order-1", 11000); got.code() != "NOT_FOUND_PAYMENT_SESSION" || got.status != 404 {
			t.Errorf("too late: got %d %v", got.status, got.body)
		}
		if n := len(w.Takings()); n != 0 {
			t.Errorf("got %d takings, want 0", n)
		}
	})
}

func TestTheWindowSendsTheBrowserBack(t *testing.T) {
	inFakeTime(t, Options{}, func(w *world) {
		back := w.play(opened("order-1", 11000), goodCard, "leave").Query()
		if back.Get("code") != "PAY_PROCESS_CANCELED" || back.Has("orderId") {
			t.Errorf("left: got %v", back)
		}
		back = w.play(opened("order-1", 11000), goodCard, "decline").Query()
		if back.Get("code") != "REJECT_CARD_COMPANY" || back.Get("orderId") != "order-1" {
			t.Errorf("declined: got %v", back)
		}
		back = w.play(opened("order-1", 11000), "4330-1234-1234-1234", "pay").Query()
		if back.Get("a") != "1" || back.Get("amount") != "11000" || back.Get("paymentKey") == "" {
			t.Errorf("paid: got %v", back)
		}
		back = w.play(opened("order-1", 11000), goodCard, "pay").Query()
		if back.Get("code") != "DUPLICATED_ORDER_ID" {
			t.Errorf("paid twice: got %v", back)
		}
		r := httptest.NewRequest("GET", "/_sim/checkout?"+opened("order-2", 11000).Encode(), nil)
		rec := httptest.NewRecorder()
		w.Handler().ServeHTTP(rec, r)
		if rec.Code != 200 || w.ask("GET", "/v1/payments/orders/order-2", nil).status != 404 {
			t.Errorf("looked at: got %d", rec.Code)
		}
		bad := opened("order-2", 11000)
		bad.Set("successUrl", "javascript:alert(1)")
		long, whose := opened("order-2", 11000), opened("", 0)
		long.Set("orderName", strings.Repeat("가", 101))
		whose.Set("customerKey", strings.Repeat("a", 301))
		for what, q := range map[string]url.Values{"a strange address": bad, "a long name": long, "a long customer": whose} {
			rec = httptest.NewRecorder()
			w.Handler().ServeHTTP(rec, httptest.NewRequest("GET", "/_sim/checkout?"+q.Encode(), nil))
			if rec.Code != http.StatusBadRequest {
				t.Errorf("%s: got %d", what, rec.Code)
			}
		}
	})
}

func TestAStoredCardIsChargedUntilItIsRemoved(t *testing.T) {
	inFakeTime(t, Options{}, func(w *world) {
		billing := w.stored(goodCard)
		if got := w.charged(billing, "order-1", 5500); text(got.body["status"]) != "DONE" || text(got.body["type"]) != "BILLING" {
			t.Errorf("charged: got %v", got.body)
		}
		for want, got := range map[string]reply{
			"DUPLICATED_ORDER_ID":      w.charged(billing, "order-1", 5500),
			"NOT_FOUND_BILLING":        w.charged("bsim_none", "order-2", 5500),
			"BELOW_MINIMUM_AMOUNT":     w.charged(billing, "order-2", 99),
			"INVALID_REQUEST":          w.charged(billing, "o", 5500),
			"NOT_MATCHES_CUSTOMER_KEY": w.ask("POST", "/v1/billing/"+billing, map[string]any{"customerKey": "other", "amount": 5500, "orderId": "order-2", "orderName": "x"}),
		} {
			if got.code() != want {
				t.Errorf("got %v, want %s", got.body, want)
			}
		}
		if got := w.ask("DELETE", "/v1/billing/"+billing, nil); got.status != 200 {
			t.Errorf("removed: got %d", got.status)
		}
		if got := w.ask("DELETE", "/v1/billing/"+billing, nil); got.code() != "ALREADY_REMOVED_BILLING_KEY" {
			t.Errorf("removed twice: got %v", got.body)
		}
		if got := w.charged(billing, "order-3", 5500); got.code() != "ALREADY_REMOVED_BILLING_KEY" {
			t.Errorf("charged after: got %v", got.body)
		}
		synctest.Wait()
		if last := w.wire.all()[len(w.wire.all())-1]; last.body.Event != "BILLING_DELETED" || last.body.Data.Billing != billing {
			t.Errorf("last notice: got %+v", last)
		}
		if len(w.Takings()) != 1 {
			t.Errorf("got %d takings, want 1", len(w.Takings()))
		}
	})
}

func TestAnAccountWaitsForItsMoney(t *testing.T) {
	inFakeTime(t, Options{}, func(w *world) {
		got := w.account("order-1", "홍길동")
		secret := text(got.body["secret"])
		if text(got.body["status"]) != "WAITING_FOR_DEPOSIT" || secret == "" || w.takenOf("order-1") != 0 {
			t.Fatalf("opened: got %v", got.body)
		}
		if w.deposited("order-1") != 200 || w.deposited("order-1") != 409 || w.takenOf("order-1") != 1 {
			t.Errorf("deposit: got %d takings", w.takenOf("order-1"))
		}
		synctest.Wait()
		if diff := cmp.Diff([]string{"WAITING_FOR_DEPOSIT", "DONE"}, w.wire.statuses()); diff != "" {
			t.Errorf("notices (-want +got):\n%s", diff)
		}
		for _, c := range w.wire.all() {
			if c.body.Event == "" && (c.body.Secret != secret || c.body.OrderID != "order-1") {
				t.Errorf("call-back: got %+v", c.body)
			}
		}
		w.account("order-2", "홍길동")
		time.Sleep(25 * time.Hour)
		if got := w.ask("GET", "/v1/payments/orders/order-2", nil); text(got.body["status"]) != "EXPIRED" || w.deposited("order-2") != 409 {
			t.Errorf("lapsed: got %v", got.body)
		}
	})
}

func TestABankMayTakeADepositBack(t *testing.T) {
	inFakeTime(t, Options{}, func(w *world) {
		w.account("order-1", "홍길동#19")
		w.deposited("order-1")
		if w.takenOf("order-1") != 1 {
			t.Error("the deposit did not arrive")
		}
		time.Sleep(2 * time.Second)
		got := w.ask("GET", "/v1/payments/orders/order-1", nil)
		if text(got.body["status"]) != "WAITING_FOR_DEPOSIT" || w.takenOf("order-1") != 0 {
			t.Errorf("taken back: got %v", got.body)
		}
		if diff := cmp.Diff([]string{"WAITING_FOR_DEPOSIT", "DONE", "WAITING_FOR_DEPOSIT"}, w.wire.statuses()); diff != "" {
			t.Errorf("notices (-want +got):\n%s", diff)
		}
	})
}

func TestTransactionsAreListedByPages(t *testing.T) {
	inFakeTime(t, Options{MaxPage: 2}, func(w *world) {
		billing := w.stored(goodCard)
		for _, order := range []string{"order-1", "order-2", "order-3"} {
			w.charged(billing, order, 1000)
		}
		now := time.Now().In(korean)
		path := "/v1/transactions?startDate=" + now.Add(-time.Hour).Format("2006-01-02T15:04:05") + "&endDate=" + now.Add(time.Hour).Format("2006-01-02T15:04:05")
		var orders []string
		for after := ""; ; {
			page := w.ask("GET", path+"&limit=100&startingAfter="+after, nil).list
			if len(page) == 0 {
				break
			}
			for _, m := range page {
				orders = append(orders, text(m["orderId"]))
				after = text(m["transactionKey"])
			}
		}
		if !slices.Equal(orders, []string{"order-1", "order-2", "order-3"}) {
			t.Errorf("got %v", orders)
		}
		if got := w.ask("GET", "/v1/transactions?startDate=2026-11-22T00:00:00Z&endDate=2026-11-23T00:00:00Z", nil); got.code() != "INVALID_DATE" {
			t.Errorf("a date with Z: got %v", got.body)
		}
	})
}

func TestReceiptsAreIssuedAndTakenBack(t *testing.T) {
	inFakeTime(t, Options{}, func(w *world) {
		ask := map[string]any{"amount": 11000, "orderId": "order-1", "orderName": "충전", "customerIdentityNumber": "01012345678", "type": "소득공제"}
		got := w.ask("POST", "/v1/cash-receipts", ask)
		path := "/v1/cash-receipts/" + text(got.body["receiptKey"]) + "/cancel"
		if got.status != 200 || w.ask("POST", path, map[string]any{"amount": 1000}).status != 200 || w.ask("POST", path, nil).status != 200 {
			t.Errorf("got %d %v", got.status, got.body)
		}
		if got := w.ask("POST", path, nil); got.code() != "INVALID_REQUEST" {
			t.Errorf("taken back twice: got %v", got.body)
		}
		ask["type"] = "미발행"
		if got := w.ask("POST", "/v1/cash-receipts", ask); got.code() != "INVALID_REQUEST" {
			t.Errorf("another type: got %v", got.body)
		}
		day := time.Now().In(korean).Format(time.DateOnly)
		if got := w.ask("GET", "/v1/cash-receipts?requestDate="+day, nil); got.status != 200 || len(got.body["data"].([]any)) != 3 {
			t.Errorf("listed: got %v", got.body)
		}
	})
}

// TestAPageForEverybodyShowsTheAccountThatIsNamedAlone: whose it is, its number tells.
func TestAPageForEverybodyShowsTheAccountThatIsNamedAlone(t *testing.T) {
	inFakeTime(t, Options{}, func(w *world) {
		numbers := map[string]string{}
		for order, payer := range map[string]string{"order-1": "홍길동", "order-2": "임꺽정"} {
			got := w.ask("POST", "/v1/virtual-accounts", map[string]any{"amount": 11000, "orderId": order, "orderName": "충전", "customerName": payer, "bank": "20"})
			numbers[order] = text(got.body["virtualAccount"].(map[string]any)["accountNumber"])
		}
		pages := w.Pages("/test/checkout", "/test/deposit")
		see := func(query string) string {
			rec := httptest.NewRecorder()
			pages.ServeHTTP(rec, httptest.NewRequest("GET", "/test/deposit"+query, nil))
			if rec.Code != 200 {
				w.Errorf("%s: got %d", query, rec.Code)
			}
			return rec.Body.String()
		}
		for _, query := range []string{"", "?account=X0", "?account=", "?orderId=order-9"} {
			if page := see(query); strings.Contains(page, "홍길동") || strings.Contains(page, "임꺽정") || !strings.Contains(page, `name="account"`) {
				w.Errorf("%s shows %s", query, page)
			}
		}
		mine := "?account=" + numbers["order-1"]
		if page := see(mine); !strings.Contains(page, "홍길동") || strings.Contains(page, "임꺽정") {
			w.Errorf("the page of one account is %s", page)
		}
		rec := httptest.NewRecorder()
		r := httptest.NewRequest("POST", "/test/deposit", strings.NewReader("page=one&account="+numbers["order-1"]))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		pages.ServeHTTP(rec, r)
		if rec.Code != 303 || rec.Header().Get("Location") != "/test/deposit"+mine || w.takenOf("order-1") != 1 {
			w.Errorf("after the deposit got %d %v, %d takings", rec.Code, rec.Header(), w.takenOf("order-1"))
		}
		if page := see(mine); strings.Contains(page, "홍길동") {
			w.Errorf("the account that was paid into waits still: %s", page)
		}
		rec = httptest.NewRecorder()
		r = httptest.NewRequest("POST", "/_sim/deposit", strings.NewReader("page=1&account="+numbers["order-2"]))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w.Handler().ServeHTTP(rec, r)
		if rec.Code != 303 || rec.Header().Get("Location") != "/_sim/deposit" {
			w.Errorf("at the simulator's own page got %d %v", rec.Code, rec.Header())
		}
	})
}

// reads is a body that tells when it is read.
type reads func()

func (r reads) Read([]byte) (int, error) { r(); return 0, io.EOF }

func TestABodyThatIsSlowHoldsNobodyUp(t *testing.T) {
	s, read := New(Options{}), false
	r := httptest.NewRequest(http.MethodPost, "/_sim/deposit", reads(func() {
		read = true
		if !s.mu.TryLock() {
			t.Error("everybody waits for one form")
			return
		}
		s.mu.Unlock()
	}))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	s.Handler().ServeHTTP(httptest.NewRecorder(), r)
	if !read {
		t.Error("the form was not read")
	}
}

func TestWhatTookNoMoneyIsForgotten(t *testing.T) {
	inFakeTime(t, Options{}, func(w *world) {
		for range 50 {
			w.play(opened("order-1", 11000), goodCard, "decline")
		}
		w.yes("order-2", goodCard, 11000)
		auth := w.play(opened("", 0), goodCard, "pay").Query().Get("authKey")
		key := w.yes("order-3", goodCard, 11000)
		w.confirmed(key, "order-3", 11000)
		time.Sleep(confirmFor + time.Second)
		if got := w.ask("POST", "/v1/billing/authorizations/issue", map[string]any{"authKey": auth, "customerKey": "customer-1"}); got.code() != "NOT_FOUND_BILLING" {
			w.Errorf("a card that was left long ago: got %d %v", got.status, got.body)
		}
		if got := w.ask("GET", "/v1/payments/orders/order-2", nil); got.body["status"] != expired {
			w.Errorf("what lapsed: got %v", got.body)
		}
		time.Sleep(forgetAfter)
		w.mu.Lock()
		defer w.mu.Unlock()
		if len(w.toss.payments) != 1 || w.toss.payments[key] == nil || len(w.toss.orders) != 1 || len(w.toss.auths) != 0 {
			w.Errorf("a day later it holds %d payments, %d orders, %d cards that were left; want the one that was paid", len(w.toss.payments), len(w.toss.orders), len(w.toss.auths))
		}
	})
}
