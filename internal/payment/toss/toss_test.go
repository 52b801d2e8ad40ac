package toss

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"creditmsg/internal/money"
	"creditmsg/internal/payment"
)

func TestAnAccountIsConfiguredOrSaysWhyNot(t *testing.T) {
	good := payment.Account{Name: "toss", ClientKey: "test_ck_x", SecretKey: "test_sk_hidden"}
	if g, err := New(good); err != nil || g.(*account).base != DefaultURL {
		t.Errorf("got %v, %v", g, err)
	}
	for name, change := range map[string]func(*payment.Account){
		"client_key":   func(a *payment.Account) { a.ClientKey = "" },
		"secret_key":   func(a *payment.Account) { a.SecretKey = "test_sk_hidden:x" },
		"url":          func(a *payment.Account) { a.URL = "ftp://x" },
		"checkout_url": func(a *payment.Account) { a.CheckoutURL = "http://x/?a=b" },
	} {
		a := good
		change(&a)
		if _, err := New(a); err == nil || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func sale() payment.Order {
	return payment.Order{ID: "order-1", Key: "key-1", Method: payment.Card, Name: "충전", Amount: 11000 * money.Won, Customer: "customer-1",
		ReturnURL: "https://shop.example/back", Bank: "20", Payer: payment.Payer{Name: "홍길동"}, ValidFor: 90 * time.Minute}
}

func TestRequestsAreAsTheVendorWantsThem(t *testing.T) {
	back := url.Values{"paymentKey": {"pay/1"}, "orderId": {"order-1"}, "amount": {"11000"}}
	part := payment.Cancellation{OrderID: "order-1", Ref: "pay/1", Key: "key-1", Amount: 1000 * money.Won, Reason: "환불", To: &payment.BankAccount{Bank: "20", Number: "1002", Holder: "홍"}}
	wholly := part
	wholly.Whole, wholly.To = true, nil
	receipt := payment.CashReceipt{OrderID: "order-1", OrderName: "충전", Key: "key-1", Ref: "receipt/1", Amount: 11000 * money.Won, Identity: "01012345678", Business: true}
	for name, c := range map[string]struct {
		do                 func(context.Context, *account)
		method, path, body string
	}{
		"confirm": {func(ctx context.Context, a *account) { a.Confirm(ctx, sale(), back) }, "POST", "/v1/payments/confirm", `{"amount":11000,"orderId":"order-1","paymentKey":"pay/1"}`},
		"charge": {func(ctx context.Context, a *account) {
			a.Charge(ctx, sale(), payment.Token{Customer: "c", Secret: "bill/ing"})
		}, "POST", "/v1/billing/bill%2Fing", `{"amount":11000,"customerKey":"c","customerName":"홍길동","orderId":"order-1","orderName":"충전"}`},
		"account": {func(ctx context.Context, a *account) {
			o := sale()
			o.Method = payment.VirtualAccount
			a.Begin(ctx, o)
		}, "POST", "/v1/virtual-accounts", `{"amount":11000,"bank":"20","customerName":"홍길동","orderId":"order-1","orderName":"충전","validHours":2}`},
		"cancel a part": {func(ctx context.Context, a *account) { a.Cancel(ctx, part) }, "POST", "/v1/payments/pay%2F1/cancel",
			`{"cancelAmount":1000,"cancelReason":"환불","refundReceiveAccount":{"accountNumber":"1002","bank":"20","holderName":"홍"}}`},
		"cancel all": {func(ctx context.Context, a *account) { a.Cancel(ctx, wholly) }, "POST", "/v1/payments/pay%2F1/cancel", `{"cancelReason":"환불"}`},
		"issue": {func(ctx context.Context, a *account) {
			a.FinishToken(ctx, payment.Registration{Key: "key-1", Customer: "c"}, url.Values{"authKey": {"auth"}, "customerKey": {"c"}})
		}, "POST", "/v1/billing/authorizations/issue", `{"authKey":"auth","customerKey":"c"}`},
		"receipt": {func(ctx context.Context, a *account) { a.Receipt(ctx, receipt) }, "POST", "/v1/cash-receipts",
			`{"amount":11000,"customerIdentityNumber":"01012345678","orderId":"order-1","orderName":"충전","type":"지출증빙"}`},
		"take back": {func(ctx context.Context, a *account) { a.TakeBack(ctx, receipt) }, "POST", "/v1/cash-receipts/receipt%2F1/cancel", `{"amount":11000}`},
		"remove":    {func(ctx context.Context, a *account) { _ = a.RemoveToken(ctx, payment.Token{Secret: "bill/ing"}) }, "DELETE", "/v1/billing/bill%2Fing", ""},
		"find":      {func(ctx context.Context, a *account) { a.Find(ctx, sale()) }, "GET", "/v1/payments/orders/order-1", ""},
	} {
		t.Run(name, func(t *testing.T) {
			a, v := answering(t, 500, "")
			c.do(t.Context(), a)
			got := v.last(t)
			if got.method != c.method || got.path != c.path || got.body != c.body {
				t.Errorf("got %s %s %s\nwant %s %s %s", got.method, got.path, got.body, c.method, c.path, c.body)
			}
			if key := got.header.Get("Idempotency-Key"); (key == "key-1") != (c.method == http.MethodPost) {
				t.Errorf("idempotency key: got %q", key)
			}
		})
	}
}

func TestTransactionsAreAskedForInKoreanTime(t *testing.T) {
	a, v := answering(t, 200, `[
		{"transactionKey":"t1","paymentKey":"p1","orderId":"order-1","status":"DONE","transactionAt":"2026-11-22T09:00:00+09:00","amount":11000},
		{"transactionKey":"t2","paymentKey":"p1","orderId":"order-1","status":"CANCELED","transactionAt":"2026-11-22T10:00:00+09:00","amount":-11000},
		{"transactionKey":"t3","paymentKey":"p2","orderId":"order-2","status":"ABORTED","transactionAt":"2026-11-22T11:00:00+09:00","amount":1000},
		{"transactionKey":"t4","paymentKey":"p3","orderId":"order-3","status":"DONE","transactionAt":"2026-11-23T00:00:00+09:00","amount":1000}]`)
	day := time.Date(2026, 11, 21, 15, 0, 0, 0, time.UTC)
	page, err := a.Transactions(t.Context(), day, day.Add(24*time.Hour), "t0")
	if err != nil || len(page.Transactions) != 2 || page.Next != "t4" || !page.Transactions[1].Cancel || page.Transactions[1].Amount != 11000*money.Won {
		t.Errorf("got %+v, %v", page, err)
	}
	q, _ := url.ParseQuery(v.last(t).query)
	if q.Get("startDate") != "2026-11-22T00:00:00" || q.Get("endDate") != "2026-11-23T00:00:00" || q.Get("startingAfter") != "t0" {
		t.Errorf("query: got %v", q)
	}
}

func TestSecretsStayOutOfErrors(t *testing.T) {
	a, _ := answering(t, 400, `{"code":"UNSEEN","message":"거절: 01012345678"}`)
	err := a.RemoveToken(t.Context(), payment.Token{Secret: "billing-secret"})
	if err == nil || strings.Contains(err.Error(), "billing-secret") || strings.Contains(err.Error(), "01012345678") || !strings.Contains(err.Error(), "UNSEEN") {
		t.Errorf("got %v", err)
	}
}
