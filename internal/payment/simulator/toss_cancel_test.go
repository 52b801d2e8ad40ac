package simulator

import (
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
)

func (w *world) cancelled(key string, amount int64, header ...string) reply {
	w.Helper()
	body := map[string]any{"cancelReason": "요청"}
	if amount > 0 {
		body["cancelAmount"] = amount
	}
	return w.ask("POST", "/v1/payments/"+key+"/cancel", body, header...)
}

// bought is a confirmed payment.
func (w *world) bought(order, card string) string {
	w.Helper()
	key := w.yes(order, card, 11000)
	w.confirmed(key, order, 11000)
	return key
}

func TestAPaymentIsCancelledInParts(t *testing.T) {
	inFakeTime(t, Options{}, func(w *world) {
		key := w.bought("order-1", goodCard)
		for _, c := range []struct {
			amount int64
			status string
		}{{1000, "PARTIAL_CANCELED"}, {2000, "PARTIAL_CANCELED"}, {0, "CANCELED"}} {
			if got := w.cancelled(key, c.amount); text(got.body["status"]) != c.status {
				t.Errorf("cancel %d: got %d %v", c.amount, got.status, got.body)
			}
		}
		if back := w.Takings()[0].back(); back != 11000 {
			t.Errorf("given back: got %d, want 11000", back)
		}
		if got := w.cancelled(key, 0); got.code() != "NOT_CANCELABLE_AMOUNT" || got.status != 403 {
			t.Errorf("nothing left: got %d %v", got.status, got.body)
		}
		synctest.Wait()
		if diff := cmp.Diff([]string{"DONE", "PARTIAL_CANCELED", "PARTIAL_CANCELED", "CANCELED"}, w.wire.statuses()); diff != "" {
			t.Errorf("notices (-want +got):\n%s", diff)
		}
	})
}

func TestCancellationsThatCannotBeAreRefused(t *testing.T) {
	inFakeTime(t, Options{}, func(w *world) {
		whole := w.bought("order-1", cardOf("29"))
		if got := w.cancelled(whole, 1000); got.code() != "NOT_ALLOWED_PARTIAL_REFUND" {
			t.Errorf("a part: got %v", got.body)
		}
		if got := w.cancelled(whole, 11001); got.code() != "NOT_CANCELABLE_AMOUNT" {
			t.Errorf("too much: got %v", got.body)
		}
		w.cancelled(whole, 0)
		if got := w.cancelled(whole, 0); got.code() != "ALREADY_CANCELED_PAYMENT" || got.status != 400 {
			t.Errorf("twice: got %d %v", got.status, got.body)
		}
		if got := w.cancelled(w.bought("order-2", cardOf("21")), 0); got.code() != "EXCEED_MAX_REFUND_DUE" {
			t.Errorf("never: got %v", got.body)
		}
		later := w.bought("order-3", cardOf("22"))
		if got := w.cancelled(later, 0, "Idempotency-Key", "k1"); got.code() != "FORBIDDEN_CONSECUTIVE_REQUEST" {
			t.Errorf("later: got %v", got.body)
		}
		if got := w.cancelled(later, 0, "Idempotency-Key", "k2"); got.status != 200 {
			t.Errorf("later, again: got %v", got.body)
		}
		key := text(w.account("order-4", "홍길동").body["paymentKey"])
		if got := w.cancelled(key, 1000); got.code() != "NOT_ALLOWED_PARTIAL_REFUND_WAITING_DEPOSIT" {
			t.Errorf("a part of what waits: got %v", got.body)
		}
		w.deposited("order-4")
		if got := w.cancelled(key, 0); got.code() != "INVALID_REFUND_ACCOUNT_INFO" {
			t.Errorf("no account to refund to: got %v", got.body)
		}
	})
}
