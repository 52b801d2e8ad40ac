package stripe

import (
	"fmt"
	"testing"
	"time"

	"creditmsg/internal/money"
	"creditmsg/internal/payment"
)

// failure is an error object of the vendor's.
func failure(kind, code, more string) string {
	return fmt.Sprintf(`{"error":{"type":%q,"code":%q,"message":"말"%s}}`, kind, code, more)
}

func TestChargesAreJudgedByTheVendorsError(t *testing.T) {
	const card, request, idempotency, inside = "card_error", "invalid_request_error", "idempotency_error", "api_error"
	refused := `,"payment_intent":{"id":"pi_1","status":"requires_payment_method"}`
	for _, c := range []struct {
		status           int
		kind, code, more string
		state            payment.State
		reason           payment.Reason
	}{
		{402, card, "card_declined", `,"decline_code":"insufficient_funds"` + refused, payment.Declined, payment.CardDeclined},
		{402, card, "card_declined", `,"decline_code":"made_up_later"`, payment.Declined, payment.CardDeclined},
		{402, card, "card_declined", `,"decline_code":"lost_card"` + refused, payment.Declined, payment.CardDead},
		{402, card, "expired_card", refused, payment.Declined, payment.CardDead},
		{402, card, "authentication_required", `,"decline_code":"authentication_required"` + refused, payment.Declined, payment.NeedsPayer},
		{402, card, "card_declined", `,"payment_intent":{"id":"pi_1","status":"succeeded"}`, payment.Unknown, payment.GatewayFailure},
		{402, card, "card_declined", `,"payment_intent":{"id":"pi_1","status":"processing"}`, payment.Unknown, payment.GatewayFailure},
		{402, inside, "", "", payment.Unknown, payment.GatewayFailure},
		{500, card, "card_declined", refused, payment.Unknown, payment.GatewayFailure},
		{400, request, "resource_missing", `,"param":"payment_method"`, payment.Declined, payment.CardDead},
		{404, request, "resource_missing", `,"param":"customer"`, payment.Declined, payment.CardDead},
		{400, request, "", `,"param":"payment_method"`, payment.Declined, payment.CardDead},
		{400, request, "parameter_unknown", `,"param":"amont"`, payment.Failed, payment.BadRequest},
		{400, request, "amount_too_small", `,"param":"amount"`, payment.Failed, payment.AmountTooSmall},
		{400, request, "payment_intent_unexpected_state", "", payment.Unknown, payment.GatewayFailure},
		{400, request, "charge_expired_for_capture", "", payment.Declined, payment.PayerLeft},
		{400, idempotency, "", "", payment.Unknown, payment.GatewayFailure},
		{409, idempotency, "idempotency_key_in_use", "", payment.Unknown, payment.GatewayFailure},
		{409, request, "idempotency_key_in_use", "", payment.Unknown, payment.GatewayFailure},
		{401, request, "", "", payment.Failed, payment.BadCredentials},
		{401, "", "", "", payment.Unknown, payment.GatewayFailure},
		{403, request, "", "", payment.Failed, payment.BadCredentials},
		{424, inside, "", "", payment.Unknown, payment.GatewayFailure},
		{429, request, "rate_limit", "", payment.Failed, payment.GatewayBusy},
		{500, inside, "", "", payment.Unknown, payment.GatewayFailure},
		{302, request, "parameter_unknown", "", payment.Unknown, payment.GatewayFailure},
		{400, "made_up_later", "", "", payment.Unknown, payment.GatewayFailure},
	} {
		a, v := answering(t, said{200, nothing}, said{c.status, failure(c.kind, c.code, c.more)})
		v.header.Set("Retry-After", "7")
		v.header.Set("Request-Id", "req_1")
		r := a.Charge(t.Context(), sale(), stored())
		if r.State != c.state || r.Reason != c.reason || r.RetryAfter != 7*time.Second || r.Text != "말 (request req_1)" {
			t.Errorf("%d %s %s%s: got %+v, want %v for %s", c.status, c.kind, c.code, c.more, r, c.state, c.reason)
		}
		if c.state == payment.Declined && c.more == refused && r.Ref != "pi_1" {
			t.Errorf("%s: got payment %q, want pi_1", c.code, r.Ref)
		}
	}
}

func TestWhatIsNoErrorOfTheVendorsIsUnknown(t *testing.T) {
	for _, status := range []int{201, 204, 400, 402, 403, 404, 500, 502} {
		for _, body := range []string{"", "null", "{}", "<html>403</html>", `{"error":"text"}`, `{"error":{"code":5}}`} {
			a, _ := answering(t, said{200, nothing}, said{status, body})
			if r := a.Charge(t.Context(), sale(), stored()); r.State != payment.Unknown {
				t.Errorf("%d %s: got %+v, want it unknown", status, body, r)
			}
		}
	}
}

func TestCancellationsAreJudgedByTheVendorsError(t *testing.T) {
	const request = "invalid_request_error"
	for _, c := range []struct {
		status           int
		kind, code, more string
		state            payment.CancelState
		reason           payment.Reason
	}{
		{400, request, "charge_disputed", "", payment.CancelNever, payment.NotCancellable},
		{400, request, "charge_not_refundable", "", payment.CancelNever, payment.NotCancellable},
		{400, request, "", `,"param":"amount"`, payment.CancelNever, payment.NotCancellable},
		{400, request, "payment_intent_unexpected_state", "", payment.CancelNever, payment.NotCancellable},
		{404, request, "resource_missing", `,"param":"payment_intent"`, payment.CancelNever, payment.BadRequest},
		{401, request, "", "", payment.CancelNever, payment.BadCredentials},
		{429, request, "lock_timeout", "", payment.CancelLater, payment.GatewayBusy},
		{400, request, "balance_insufficient", "", payment.CancelLater, payment.GatewayFailure},
		{400, request, "charge_already_refunded", "", payment.CancelUnknown, payment.NotCancellable}, // and cannot be asked
		{400, "idempotency_error", "", "", payment.CancelUnknown, payment.GatewayFailure},
		{409, "idempotency_error", "idempotency_key_in_use", "", payment.CancelUnknown, payment.GatewayFailure},
		{500, "api_error", "", "", payment.CancelUnknown, payment.GatewayFailure},
	} {
		a, _ := answering(t, said{200, nothing}, said{c.status, failure(c.kind, c.code, c.more)})
		if r := a.Cancel(t.Context(), cancellation()); r.State != c.state || r.Reason != c.reason {
			t.Errorf("%d %s%s: got %+v, want %v for %s", c.status, c.code, c.more, r, c.state, c.reason)
		}
	}
}

func cancellation() payment.Cancellation {
	return payment.Cancellation{OrderID: "order-1", Ref: "pi_1", Key: "key-1", Amount: 11000 * money.Won, Whole: true}
}

// refundOf is a Refund of the payment.
func refundOf(id, status, key string, won int) string {
	return fmt.Sprintf(`{"id":%q,"object":"refund","status":%q,"amount":%d,"payment_intent":"pi_1","charge":"ch_1","failure_reason":null,"metadata":{"cancellation":%q}}`, id, status, won, key)
}

func listOf(items string) string { return `{"object":"list","has_more":false,"data":[` + items + `]}` }

func TestACancellationThatWasMadeIsNotMadeAgain(t *testing.T) {
	for status, want := range map[string]payment.CancelState{
		"succeeded": payment.CancelDone, "pending": payment.CancelDone, "requires_action": payment.CancelDone, "failed": payment.CancelNever,
		"canceled": payment.CancelNever, "made_up_later": payment.CancelUnknown,
	} {
		a, v := answering(t, said{200, listOf(refundOf("re_2", status, "key-1", 3000) + "," + refundOf("re_1", "succeeded", "key-0", 1000))})
		r := a.Cancel(t.Context(), cancellation())
		if r.State != want || r.Ref != "re_2" || len(v.asked) != 1 {
			t.Errorf("%s: got %+v after %d requests, want %v after one", status, r, len(v.asked), want)
		}
		if want == payment.CancelDone && r.Cancelled != 4000*money.Won {
			t.Errorf("%s: got %s given back in all, want 4000", status, r.Cancelled)
		}
	}
}

func TestAllGivenBackIsWhatAWholeCancellationWants(t *testing.T) {
	already := said{400, failure("invalid_request_error", "charge_already_refunded", "")}
	a, _ := answering(t, said{200, nothing}, already, said{200, taken(11000)})
	if r := a.Cancel(t.Context(), cancellation()); r.State != payment.CancelDone || r.Cancelled != 11000*money.Won {
		t.Errorf("the whole: got %+v", r)
	}
	part := cancellation()
	part.Whole = false
	a, _ = answering(t, said{200, nothing}, already, said{200, taken(11000)})
	if r := a.Cancel(t.Context(), part); r.State != payment.CancelNever || r.Cancelled != 11000*money.Won {
		t.Errorf("a part: got %+v", r)
	}
}

func TestARefundMustBeUnderstood(t *testing.T) {
	for _, text := range []string{
		"", "null", "{}", "[]", refundOf("xx_1", "succeeded", "", 11000), refundOf("re_1", "", "", 11000), refundOf("re_1", "succeeded", "", -1),
		`{"id":"re_1","status":"succeeded","amount":11000,"payment_intent":"pi_2"}`,
	} {
		a, _ := answering(t, said{200, nothing}, said{200, text})
		if r := a.Cancel(t.Context(), cancellation()); r.State != payment.CancelUnknown {
			t.Errorf("%s: got %+v, want it unknown", text, r)
		}
	}
}

func TestWhatOthersGaveBackMeanwhileIsCounted(t *testing.T) {
	reply := `{"id":"re_2","status":"succeeded","amount":3000,"payment_intent":"pi_1","charge":{"id":"ch_1","amount_refunded":9000}}`
	a, _ := answering(t, said{200, listOf(refundOf("re_1", "succeeded", "key-0", 1000))}, said{200, reply})
	if r := a.Cancel(t.Context(), cancellation()); r.State != payment.CancelDone || r.Cancelled != 9000*money.Won {
		t.Errorf("got %+v, want 9000 given back in all", r)
	}
}
