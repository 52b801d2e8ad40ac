package stripe

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"creditmsg/internal/money"
	"creditmsg/internal/payment"
)

func TestAPaymentIsReadByItsStatus(t *testing.T) {
	const refused = `,"last_payment_error":{"type":"card_error","code":"card_declined","decline_code":"stolen_card","message":"x"}`
	for _, c := range []struct {
		body      string
		method    payment.Method
		state     payment.State
		reason    payment.Reason
		cancelled money.Amount
	}{
		{taken(0), payment.Card, payment.Paid, "", 0},
		{taken(1000), payment.Card, payment.PartlyCancelled, "", 1000 * money.Won},
		{taken(11000), payment.Card, payment.Cancelled, "", 11000 * money.Won},
		{taken(11001), payment.Card, payment.Unknown, payment.GatewayFailure, 0},
		{strings.Replace(taken(0), `"amount_received":11000`, `"amount_received":10999`, 1), payment.Card, payment.Unknown, payment.GatewayFailure, 0},
		{intentOf("succeeded", `,"amount_received":11000,"latest_charge":"ch_1"`), payment.Card, payment.Unknown, payment.GatewayFailure, 0},
		{intentOf("requires_capture", ""), payment.Card, payment.Open, "", 0},
		{intentOf("requires_confirmation", ""), payment.Card, payment.Open, "", 0},
		{intentOf("requires_action", ""), payment.Card, payment.Open, "", 0},
		{intentOf("requires_action", ""), payment.Stored, payment.Declined, payment.NeedsPayer, 0},
		{intentOf("requires_payment_method", refused), payment.Card, payment.Open, "", 0},
		{intentOf("requires_payment_method", refused), payment.Stored, payment.Declined, payment.CardDead, 0},
		{intentOf("canceled", `,"cancellation_reason":"automatic"`), payment.Card, payment.Declined, payment.PayerLeft, 0},
		{intentOf("processing", ""), payment.Stored, payment.Unknown, payment.GatewayFailure, 0},
		{intentOf("made_up_later", ""), payment.Stored, payment.Unknown, payment.GatewayFailure, 0},
	} {
		a, _ := answering(t, said{200, c.body})
		o := sale()
		o.Ref, o.Method = "pi_1", c.method
		r := a.Find(t.Context(), o)
		if r.State != c.state || r.Reason != c.reason || r.Cancelled != c.cancelled || r.Amount != 11000*money.Won || r.Ref != "pi_1" {
			t.Errorf("%s %s: got %+v, want %v for %q, cancelled %s", c.method, c.body, r, c.state, c.reason, c.cancelled)
		}
	}
}

func TestWhatPeopleSeeOfAPayment(t *testing.T) {
	o := sale()
	o.Ref = "pi_1"
	a, _ := answering(t, said{200, taken(0)})
	r := a.Find(t.Context(), o)
	if r.Means != "비자 ****-****-****-1234" || !r.Slip || r.ReceiptURL != "https://pay.example/r" || !r.PaidAt.Equal(time.Unix(1700000060, 0)) {
		t.Errorf("got %+v", r)
	}
	strange := strings.NewReplacer(`"brand":"visa","last4":"1234"`, `"brand":"x","last4":"<b>"`, "https://pay.example/r", "javascript:alert(1)", `{"created":1700000060}`, "null").Replace(taken(0))
	a, _ = answering(t, said{200, strange})
	if r := a.Find(t.Context(), o); r.Means != "카드" || r.ReceiptURL != "" || !r.PaidAt.Equal(time.Unix(1700000000, 0)) {
		t.Errorf("got %+v", r)
	}
}

func TestRepliesOfSuccessMustBeUnderstood(t *testing.T) {
	good := taken(0)
	for _, text := range []string{
		"", "null", "{}", "[]", `"succeeded"`, strings.Replace(good, "pi_1", "ch_9", 1), strings.Replace(good, `"succeeded"`, `""`, 1),
		strings.Replace(good, `"amount":11000`, `"amount":110.5`, 1), strings.Replace(good, `"amount":11000`, `"amount":-5`, 1),
		strings.Replace(good, `"amount":11000`, `"amount":1e4`, 1), strings.Replace(good, `"amount":11000`, `"amount":99999999999999999`, 1),
		strings.Replace(good, `"krw"`, `"usd"`, 1), strings.Replace(good, "order-1", "order-2", 1), strings.Replace(good, `{"order_id":"order-1"}`, "null", 1),
	} {
		a, _ := answering(t, said{200, nothing}, said{200, text})
		if r := a.Charge(t.Context(), sale(), stored()); r.State != payment.Unknown {
			t.Errorf("%s: got %+v, want it unknown", text, r)
		}
	}
}

func TestAmountsAreWonWithoutDecimals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(1, 900_000_000_000_000).Draw(t, "won")
		text, ok := won(money.Amount(n) * money.Won)
		back, read := amount(json.Number(text))
		if !ok || !read || text != fmt.Sprint(n) || back != money.Amount(n)*money.Won {
			t.Errorf("%d won: got %q %v, then %s %v", n, text, ok, back, read)
		}
		part := rapid.Int64Range(1, int64(money.Won)-1).Draw(t, "part")
		if _, ok := won(money.Amount(n)*money.Won - money.Amount(part)); ok {
			t.Errorf("%d won less %d parts is sent", n, part)
		}
	})
}

func TestOnlyAListToItsEndSaysAbsent(t *testing.T) {
	other := `{"id":"pi_9","status":"succeeded","metadata":{"order_id":"order-9"}}`
	endless := `{"object":"list","has_more":true,"data":[` + other + `]}`
	for body, want := range map[string]payment.State{
		nothing: payment.Absent, listOf(other): payment.Absent, endless: payment.Unknown, listOf("null"): payment.Unknown, listOf(`{"id":"pi_9"}`): payment.Unknown,
		listOf(`{"id":"pi_9","status":"succeeded","metadata":[]}`):             payment.Unknown,
		listOf(`{"id":"pi_9","status":"succeeded","metadata":{"order_id":5}}`): payment.Unknown,
		`{"object":"list","data":[]}`:                                          payment.Unknown,
		`{"object":"list","has_more":true,"data":[]}`:                          payment.Unknown,
		`{"object":"search_result","has_more":false,"data":[]}`:                payment.Unknown,
		"{}":   payment.Unknown,
		"null": payment.Unknown, "": payment.Unknown, "<html>": payment.Unknown,
	} {
		a, v := answering(t, said{200, body})
		if r := a.Find(t.Context(), sale()); r.State != want {
			t.Errorf("%s: got %+v, want %v", body, r, want)
		}
		if len(v.asked) > mostPages {
			t.Errorf("%s: asked %d times, want at most %d", body, len(v.asked), mostPages)
		}
	}
	a, _ := answering(t, said{404, failure("invalid_request_error", "resource_missing", `,"param":"customer"`)})
	o := sale()
	o.Customer = "cus_9"
	if r := a.Find(t.Context(), o); r.State != payment.Absent {
		t.Errorf("a customer who is not there: got %+v, want absent", r)
	}
}

func TestOfSeveralPaymentsOfAnOrderTheOneThatTakesCounts(t *testing.T) {
	line := func(id, status string) string {
		return fmt.Sprintf(`{"id":%q,"status":%q,"metadata":{"order_id":"order-1"}}`, id, status)
	}
	listed := listOf(line("pi_2", "requires_payment_method") + "," + line("pi_1", "succeeded"))
	o := sale()
	o.Method = payment.Stored
	a, _ := answering(t, said{200, listed}, said{200, taken(0)})
	if r := a.Find(t.Context(), o); r.State != payment.Paid || r.Ref != "pi_1" {
		t.Errorf("without an id: got %+v", r)
	}
	refused := strings.ReplaceAll(intentOf("requires_payment_method", `,"customer":"cus_1"`), "pi_1", "pi_2")
	o.Ref = "pi_2"
	a, _ = answering(t, said{200, refused}, said{200, listed}, said{200, taken(0)})
	if r := a.Find(t.Context(), o); r.State != payment.Paid || r.Ref != "pi_1" {
		t.Errorf("by the id of the one that was refused: got %+v", r)
	}
	a, _ = answering(t, said{200, refused}, said{500, ""})
	if r := a.Find(t.Context(), o); r.State != payment.Unknown {
		t.Errorf("and the list cannot be had: got %+v, want it unknown", r)
	}
	a, v := answering(t, said{200, listed}, said{200, taken(0)})
	if r := a.Charge(t.Context(), sale(), stored()); r.State != payment.Paid || len(v.asked) != 2 || v.asked[1].method != "GET" {
		t.Errorf("charged: got %+v after %d requests", r, len(v.asked))
	}
}

func TestACardThatWasLeftMustBeUnderstood(t *testing.T) {
	left := payment.Registration{ID: "card-1", Key: "key-1", Customer: "customer-1", ReturnURL: "https://shop.example/back"}
	good := `{"id":"cs_1","mode":"setup","status":"complete","customer":"cus_1","metadata":{"registration_id":"card-1","customer":"customer-1"},` +
		`"setup_intent":{"status":"succeeded","payment_method":{"id":"pm_1","card":{"brand":"jcb","last4":"0505"}}}}`
	for text, want := range map[string]payment.State{
		good: payment.Paid,
		strings.Replace(good, `"complete"`, `"open"`, 1):                                                              payment.Declined,
		strings.Replace(good, `"complete"`, `"expired"`, 1):                                                           payment.Declined,
		strings.Replace(good, `"customer-1"`, `"customer-2"`, 1):                                                      payment.Failed,
		strings.Replace(good, `"card-1"`, `"card-2"`, 1):                                                              payment.Failed,
		strings.Replace(good, `"setup"`, `"payment"`, 1):                                                              payment.Failed,
		strings.Replace(good, `"succeeded"`, `"processing"`, 1):                                                       payment.Unknown,
		strings.Replace(good, `{"id":"pm_1"`, `{"id":""`, 1):                                                          payment.Unknown,
		strings.Replace(good, `"cus_1"`, "null", 1):                                                                   payment.Unknown,
		strings.Replace(good, "cs_1", "cs_2", 1):                                                                      payment.Unknown,
		strings.Replace(good, `{"status":"succeeded"`, `{"status":"x","last_setup_error":{"code":"expired_card"}`, 1): payment.Declined,
	} {
		a, _ := answering(t, said{200, text})
		got := a.FinishToken(t.Context(), left, map[string][]string{"registration_id": {"card-1"}, "session_id": {"cs_1"}})
		if got.State != want {
			t.Errorf("%s: got %+v, want %v", text, got, want)
		}
		if token := (payment.Token{Customer: "cus_1", Secret: "pm_1", Label: "JCB ****-****-****-0505"}); want == payment.Paid && got.Token != token {
			t.Errorf("got %+v, want %+v", got.Token, token)
		}
	}
}
