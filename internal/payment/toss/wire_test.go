package toss

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"creditmsg/internal/money"
	"creditmsg/internal/payment"
)

// body is a Payment object with these fields besides.
func body(status, more string) string {
	return fmt.Sprintf(`{"paymentKey":"p1","orderId":"order-1","status":%q,"totalAmount":11000,"method":"카드","unseen":{"a":[1]}%s}`, status, more)
}

func TestAPaymentIsReadByItsStatus(t *testing.T) {
	const account = `,"virtualAccount":{"accountNumber":"X6505208139","bankCode":"20","customerName":"홍길동","dueDate":"2026-11-29T12:00:00+09:00"}`
	for _, c := range []struct {
		status, more string
		state        payment.State
		reason       payment.Reason
		cancelled    money.Amount
	}{
		{"READY", "", payment.Open, "", 0},
		{"IN_PROGRESS", "", payment.Open, "", 0},
		{"DONE", `,"approvedAt":"2026-11-22T12:00:00+09:00"`, payment.Paid, "", 0},
		{"WAITING_FOR_DEPOSIT", account, payment.Waiting, "", 0},
		{"PARTIAL_CANCELED", `,"cancels":[{"cancelAmount":1000},{"cancelAmount":500,"cancelStatus":"DONE"},{"cancelAmount":70,"cancelStatus":"ABORTED"}]`, payment.PartlyCancelled, "", 1500 * money.Won},
		{"CANCELED", `,"approvedAt":"2026-11-22T12:00:00+09:00"` + account, payment.Cancelled, "", 11000 * money.Won},
		{"CANCELED", `,"approvedAt":null,"cancels":[{"cancelAmount":11000}]` + account, payment.Declined, payment.AccountLapsed, 0},
		{"EXPIRED", "", payment.Declined, payment.PayerLeft, 0},
		{"EXPIRED", account, payment.Declined, payment.AccountLapsed, 0},
		{"ABORTED", `,"failure":{"code":"INVALID_STOPPED_CARD","message":"정지된 카드"}`, payment.Declined, payment.CardDead, 0},
		{"ABORTED", `,"failure":{"code":"MADE_UP_LATER"}`, payment.Failed, payment.UnknownRefusal, 0},
		{"ABORTED", "", payment.Failed, payment.UnknownRefusal, 0},
		{"MADE_UP_LATER", "", payment.Unknown, "", 0},
	} {
		a, _ := answering(t, 200, body(c.status, c.more))
		r := a.Find(t.Context(), sale())
		if r.State != c.state || r.Reason != c.reason || r.Cancelled != c.cancelled || r.Amount != 11000*money.Won || r.Ref != "p1" {
			t.Errorf("%s%s: got %+v, want %v for %q, cancelled %s", c.status, c.more, r, c.state, c.reason, c.cancelled)
		}
	}
}

func TestWhatPeopleSeeOfAPayment(t *testing.T) {
	a, _ := answering(t, 200, body("DONE", `,"approvedAt":"2026-11-22T12:00:00+09:00","secret":"ps_1","card":{"issuerCode":"41","number":"43301234****123*"},"receipt":{"url":"https://x.example/r"}`))
	r := a.Find(t.Context(), sale())
	at := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	if r.Means != "신한 4330-1234-****-123*" || !r.Slip || r.ReceiptURL != "https://x.example/r" || r.Secret != "ps_1" || !r.PaidAt.Equal(at) {
		t.Errorf("got %+v", r)
	}
	a, _ = answering(t, 200, body("DONE", `,"easyPay":{"provider":"토스페이"},"receipt":{"url":"javascript:alert(1)"},"card":null`))
	if r := a.Find(t.Context(), sale()); r.Means != "토스페이" || r.Slip || r.ReceiptURL != "" {
		t.Errorf("got %+v", r)
	}
}

func TestARepliesOfSuccessMustBeUnderstood(t *testing.T) {
	for _, text := range []string{
		"", "null", "{}", "[]", `"DONE"`, body("", ""), `{"paymentKey":"p1","orderId":"order-1","status":"DONE"}`,
		`{"paymentKey":"p1","orderId":"order-1","status":"DONE","totalAmount":110.5}`, `{"paymentKey":"p1","orderId":"order-1","status":"DONE","totalAmount":-5}`,
		`{"paymentKey":"p1","orderId":"order-1","status":"DONE","totalAmount":1e4}`, `{"paymentKey":"","orderId":"order-1","status":"DONE","totalAmount":11000}`,
		`{"paymentKey":"p1","orderId":"order-2","status":"DONE","totalAmount":11000}`,
	} {
		a, _ := answering(t, 200, text)
		if r := a.Charge(t.Context(), sale(), payment.Token{Customer: "c", Secret: "b"}); r.State != payment.Unknown {
			t.Errorf("%s: got %+v, want it unknown", text, r)
		}
	}
}

func TestNoticesNameWhatTheyAreAbout(t *testing.T) {
	a, _ := answering(t, 500, "")
	h := http.Header{}
	h.Set(transmissionID, "transmission-1")
	for text, want := range map[string]payment.Notice{
		`{"eventType":"PAYMENT_STATUS_CHANGED","createdAt":"2026-11-22T12:00:00.000000","data":{"paymentKey":"p1","orderId":"order-1","status":"DONE"}}`: {ID: "transmission-1", Kind: statusChanged, OrderID: "order-1", Ref: "p1"},
		`{"createdAt":"2026-11-22T12:00:00.000000","secret":"ps_1","orderId":"order-1","status":"DONE","transactionKey":"x"}`:                            {ID: "transmission-1", Kind: depositCallback, OrderID: "order-1", Secret: "ps_1"},
		`{"eventType":"BILLING_DELETED","data":{"billingKey":"b1"}}`:                                                                                     {ID: "transmission-1", Kind: billingDeleted, Token: "b1"},
		`{"eventType":"METHOD_UPDATED","data":{}}`:                                                                                                       {ID: "transmission-1", Kind: "METHOD_UPDATED"},
	} {
		if got, err := a.Notice(h, []byte(text), time.Time{}); err != nil || got != want {
			t.Errorf("%s: got %+v, %v, want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{
		`{"eventType":"PAYMENT_STATUS_CHANGED"}`, `{"eventType":"PAYMENT_STATUS_CHANGED","data":{"orderId":"../../x"}}`, `{"secret":"","orderId":"order-1"}`,
		`{"secret":"ps_1"}`, `{"eventType":"BILLING_DELETED","data":{"billingKey":"a b"}}`,
	} {
		if got, err := a.Notice(h, []byte(text), time.Time{}); err == nil {
			t.Errorf("%s: got %+v, want an error", text, got)
		}
	}
	one, err := a.Notice(nil, []byte(`{"eventType":"METHOD_UPDATED"}`), time.Time{})
	if err != nil || len(one.ID) != 64 {
		t.Errorf("without an id: got %+v, %v, want the sum of its body", one, err)
	}
}

func FuzzNotice(f *testing.F) {
	f.Add([]byte(`{"eventType":"PAYMENT_STATUS_CHANGED","data":{"paymentKey":"p1","orderId":"order-1"}}`))
	f.Add([]byte(`{"secret":"ps_1","orderId":"order-1"}`))
	f.Add([]byte(`{"eventType":"BILLING_DELETED","data":{"billingKey":"b1"}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		n, err := readNotice(body)
		if err != nil && n != (payment.Notice{}) {
			t.Errorf("got %+v beside %v", n, err)
		}
		if n.OrderID != "" && !payment.ValidOrderID(n.OrderID) || n.Ref != "" && !validRef(n.Ref) || n.Token != "" && !validRef(n.Token) {
			t.Errorf("got %+v, which cannot be asked for", n)
		}
		if err == nil && n.Kind == "" {
			t.Errorf("got %+v without a kind", n)
		}
	})
}

func FuzzPayment(f *testing.F) {
	for _, status := range []string{statusDone, statusWaiting, statusCanceled, statusPartly, statusAborted, "OTHER"} {
		f.Add([]byte(body(status, `,"cancels":[{"cancelAmount":1000}],"virtualAccount":{"dueDate":"x"},"failure":{"code":"x"}`)))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := readPayment(body)
		if err != nil {
			return
		}
		r := p.result()
		if r.State.Taken() && r.Amount < 0 || r.Cancelled < 0 || r.Cancelled > r.Amount || r.State == payment.Paid && p.Status != statusDone {
			t.Errorf("got %+v of %s", r, body)
		}
		if r.State == payment.Waiting && r.Account != nil && r.Account.Until.Location() != time.UTC {
			t.Errorf("got %+v", r.Account)
		}
	})
}

func FuzzPage(f *testing.F) {
	f.Add([]byte(`[{"transactionKey":"t1","orderId":"order-1","status":"DONE","transactionAt":"2026-11-22T09:00:00+09:00","amount":11000}]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		page, err := readPage(body, time.Time{}, time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC))
		for _, m := range page.Transactions {
			if m.Amount <= 0 || m.ID == "" || err != nil {
				t.Errorf("got %+v, %v", m, err)
			}
		}
		if !json.Valid(body) && err == nil {
			t.Error("what is no JSON was read")
		}
	})
}
