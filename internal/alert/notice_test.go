package alert

import (
	"testing"

	"creditmsg/internal/event"
	"creditmsg/internal/money"
)

// TestAnEventOfAPaymentIsReadAsBillingWritesIt has the fields that events about messages have
// too, with another meaning.
func TestAnEventOfAPaymentIsReadAsBillingWritesIt(t *testing.T) {
	for _, kind := range []string{"payment.declined", "payment.failed", "payment.unknown"} {
		n, err := noticeOf(event.Event{Type: kind, Data: []byte(`{"payment_id":"pay_1","gateway":"toss","method":"stored","auto":true,"status":"declined",
			"amount":"50000.00","vat":"5000.00","total":"55000.00","cancelled":"0.00","reason":{"code":"card_refused"}}`)})
		if err != nil || n.site == "" || n.facts.Total != 55_000*money.Won {
			t.Errorf("%s: %+v, %v", kind, n, err)
		}
	}
	n, err := noticeOf(event.Event{Type: "message.done", Data: []byte(`{"message_id":"msg_1","accepted":3,"delivered":2,"cancelled":1,"notify":"site"}`)})
	if err != nil || n.facts.Cancelled() != 1 || n.facts.Delivered != 2 {
		t.Errorf("message.done: %+v, %v", n.facts.sending, err)
	}
}
