package toss

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"creditmsg/internal/money"
	"creditmsg/internal/payment"
)

func TestChargesAreJudgedByTheVendorsCode(t *testing.T) {
	for _, c := range []struct {
		status int
		code   string
		state  payment.State
		reason payment.Reason
	}{
		{403, "REJECT_CARD_PAYMENT", payment.Declined, payment.CardDeclined},
		{400, "REJECT_CARD_PAYMENT", payment.Declined, payment.CardDeclined},
		{400, "INVALID_STOPPED_CARD", payment.Declined, payment.CardDead},
		{400, "NOT_MATCHES_CUSTOMER_KEY", payment.Declined, payment.CardDead},
		{401, "UNAUTHORIZED_KEY", payment.Failed, payment.BadCredentials},
		{400, "INVALID_API_KEY", payment.Failed, payment.BadCredentials},
		{400, "INVALID_REQUEST", payment.Failed, payment.BadRequest},
		{400, "BELOW_MINIMUM_AMOUNT", payment.Failed, payment.AmountTooSmall},
		{404, "NOT_FOUND_PAYMENT_SESSION", payment.Declined, payment.PayerLeft},
		{429, "", payment.Failed, payment.GatewayBusy},
		{400, "PROVIDER_ERROR", payment.Unknown, payment.GatewayFailure},
		{400, "ALREADY_PROCESSED_PAYMENT", payment.Unknown, payment.GatewayFailure},
		{400, "DUPLICATED_ORDER_ID", payment.Unknown, payment.GatewayFailure},
		{409, "IDEMPOTENT_REQUEST_PROCESSING", payment.Unknown, payment.GatewayFailure},
		{500, "COMMON_ERROR", payment.Unknown, payment.GatewayFailure},
		{500, "REJECT_CARD_PAYMENT", payment.Unknown, payment.GatewayFailure},
		{400, "MADE_UP_LATER", payment.Unknown, payment.GatewayFailure},
		{403, "", payment.Unknown, payment.GatewayFailure},
		{302, "REJECT_CARD_PAYMENT", payment.Unknown, payment.GatewayFailure},
	} {
		a, v := answering(t, c.status, fmt.Sprintf(`{"code":%q,"message":"말"}`, c.code))
		v.header.Set("Retry-After", "7")
		v.header.Set("X-TossPayments-Trace-Id", "trace-1")
		r := a.Charge(t.Context(), sale(), payment.Token{Customer: "c", Secret: "b"})
		if r.State != c.state || r.Reason != c.reason || r.RetryAfter != 7*time.Second || r.Text != "말 (trace trace-1)" {
			t.Errorf("%d %s: got %+v, want %v for %s", c.status, c.code, r, c.state, c.reason)
		}
	}
}

func TestCancellationsAreJudgedByTheVendorsCode(t *testing.T) {
	for _, c := range []struct {
		status int
		code   string
		state  payment.CancelState
		reason payment.Reason
	}{
		{400, "FORBIDDEN_CONSECUTIVE_REQUEST", payment.CancelLater, payment.GatewayBusy},
		{500, "FAILED_REFUND_PROCESS", payment.CancelUnknown, payment.GatewayFailure},
		{400, "FAILED_REFUND_PROCESS", payment.CancelLater, payment.GatewayFailure},
		{403, "NOT_CANCELABLE_PAYMENT", payment.CancelNever, payment.NotCancellable},
		{400, "INVALID_REFUND_ACCOUNT_NUMBER", payment.CancelNever, payment.BadBankAccount},
		{400, "ALREADY_CANCELED_PAYMENT", payment.CancelUnknown, payment.NotCancellable}, // and cannot be asked
		{401, "UNAUTHORIZED_KEY", payment.CancelNever, payment.BadCredentials},
		{404, "NOT_FOUND_PAYMENT", payment.CancelNever, payment.PayerLeft},
		{429, "", payment.CancelLater, payment.GatewayBusy},
		{400, "MADE_UP_LATER", payment.CancelUnknown, payment.GatewayFailure},
	} {
		a, _ := answering(t, c.status, fmt.Sprintf(`{"code":%q}`, c.code))
		r := a.Cancel(t.Context(), payment.Cancellation{OrderID: "order-1", Ref: "p1", Key: "k", Amount: money.Won, Whole: true, Reason: "x"})
		if r.State != c.state || r.Reason != c.reason {
			t.Errorf("%d %s: got %+v, want %v for %s", c.status, c.code, r, c.state, c.reason)
		}
	}
}

func TestOnlyTheVendorSaysAbsent(t *testing.T) {
	for body, want := range map[string]payment.State{
		`{"code":"NOT_FOUND_PAYMENT"}`: payment.Absent, `{"code":"NOT_FOUND"}`: payment.Unknown, "<html>404</html>": payment.Unknown, "": payment.Unknown,
	} {
		a, _ := answering(t, http.StatusNotFound, body)
		if r := a.Find(t.Context(), sale()); r.State != want {
			t.Errorf("%q: got %+v, want %v", body, r, want)
		}
	}
}
